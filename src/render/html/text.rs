//! Text that shows what is in it: control characters, and those that turn the direction of text or
//! cannot be seen, are written out. A name must not look like another one.

use serde_json::Value;

/// Whether a reader would not see this character, or it would change how others look.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// `text` with `\u{…}` in place of what hides.
pub fn visible(text: &str) -> String {
    keep(text, |_| false)
}

/// The same for text that may have lines and tabs.
pub fn visible_lines(text: &str) -> String {
    keep(text, |c| matches!(c, '\n' | '\t'))
}

fn keep(text: &str, kept: impl Fn(char) -> bool) -> String {
    if !text.chars().any(|c| hides(c) && !kept(c)) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if hides(c) && !kept(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The same for all texts in `value`, names of fields included; lines of code keep their tabs.
pub fn visible_in(value: &mut Value) {
    match value {
        Value::String(text) => *text = visible_lines(text),
        Value::Array(values) => values.iter_mut().for_each(visible_in),
        Value::Object(fields) => {
            for (name, mut value) in std::mem::take(fields) {
                visible_in(&mut value);
                fields.insert(visible(&name), value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{visible, visible_in, visible_lines};

    #[test]
    fn nothing_hides() {
        assert_eq!(visible("a\u{202e}b\x1b\u{2028}c\0"), "a\\u{202e}b\\u{1b}\\u{2028}c\\u{0}");
        assert_eq!(visible("größe→µ"), "größe→µ");
        assert_eq!(visible_lines("\ta\nb\r"), "\ta\nb\\u{d}");
        let mut value = json!({ "a\u{200b}": ["\u{feff}", 1, null] });
        visible_in(&mut value);
        assert_eq!(value, json!({ "a\\u{200b}": ["\\u{feff}", 1, null] }));
    }
}
