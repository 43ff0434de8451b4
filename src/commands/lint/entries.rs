//! Which options a patch of Kconfig files changes, from the text of the two versions.
//!
//! Entries are compared with everything around them, in their order: what is alike at the beginning and
//! at the end of both files did not change, all between may have. Where a macro, a `source` or the type
//! of a value changes, anything may be otherwise, and there is no answer.

use std::path::PathBuf;

use crate::kconf::dialect::Dialect;
use crate::kconf::syntax::{File, Line, LineKind, Type, Word, parse};
use crate::lint::focus::Names;

/// An entry with its lines.
struct Entry {
    /// All that decides about it: what is around it, its own lines, and for a member the choice.
    key: String,
    head: usize,
    end: usize,
    /// Anything may depend on it.
    decides_all: bool,
}

/// The options that are defined otherwise than before, and those that are selected or implied otherwise.
pub fn changed(name: &str, old: &[u8], new: &[u8], dialect: Dialect) -> Option<Names> {
    let read = |text: &[u8]| parse(name.to_owned(), PathBuf::from(name), text.to_vec(), dialect);
    let (old, new) = (read(old), read(new));
    let (before, after) = (entries(&old), entries(&new));
    let same = |(a, b): &(&Entry, &Entry)| a.key == b.key;
    let first = before.iter().zip(&after).take_while(same).count();
    let (before, after) = (&before[first..], &after[first..]);
    let last = before.iter().rev().zip(after.iter().rev()).take_while(same).count();
    let mut names = Names::default();
    let mut types: [Vec<(String, bool)>; 2] = Default::default();
    for (at, (file, list)) in [(&old, before), (&new, after)].into_iter().enumerate() {
        for entry in &list[..list.len() - last] {
            if entry.decides_all {
                return None;
            }
            let mut defined = None;
            for line in &file.lines[entry.head..entry.end] {
                let named = match &line.kind {
                    LineKind::Config { name, .. } => {
                        defined = Some(word(file, name)?);
                        Some(name)
                    }
                    LineKind::Select { name, .. } | LineKind::Imply { name, .. } => Some(name),
                    LineKind::Type { ty, .. } => {
                        let text = matches!(ty, Type::Int | Type::Hex | Type::String);
                        types[at].extend(defined.clone().map(|name| (name, text)));
                        None
                    }
                    LineKind::Option(_) | LineKind::Bad(_) => return None,
                    _ => None,
                };
                if let Some(named) = named {
                    names.insert(word(file, named)?.into());
                }
            }
        }
    }
    // Makefiles are read otherwise where a value is a number or text.
    let [old, new] = types.map(|mut types| {
        types.retain(|(_, text)| *text);
        types.sort();
        types
    });
    (old == new).then_some(names)
}

/// The options that a file defines.
pub fn defined(name: &str, text: &[u8], dialect: Dialect) -> Names {
    let file = parse(name.to_owned(), PathBuf::from(name), text.to_vec(), dialect);
    let names = file.lines.iter().filter_map(|line| match &line.kind {
        LineKind::Config { name, .. } => Some(word(&file, name)?.into()),
        _ => None,
    });
    names.collect()
}

fn word(file: &File, word: &Word) -> Option<String> {
    let text = std::str::from_utf8(file.text(word.span)).ok()?;
    (!word.dollar && !word.escaped).then(|| text.to_owned())
}

/// The entries of a file.
fn entries(file: &File) -> Vec<Entry> {
    let mut out: Vec<Entry> = Vec::new();
    for (at, line) in file.lines.iter().enumerate() {
        let decides_all = matches!(
            line.kind,
            LineKind::MainMenu(_)
                | LineKind::Source(_)
                | LineKind::Assign { .. }
                | LineKind::Expand(_)
                | LineKind::Bad(_)
        );
        let begins = decides_all
            || matches!(
                line.kind,
                LineKind::Config { .. }
                    | LineKind::Choice(_)
                    | LineKind::EndChoice
                    | LineKind::Menu(_)
                    | LineKind::EndMenu
                    | LineKind::If(_)
                    | LineKind::EndIf
                    | LineKind::Comment(_)
            );
        match out.last_mut() {
            Some(last) if !begins => last.end = at + 1,
            _ => out.push(Entry { key: String::new(), head: at, end: at + 1, decides_all }),
        }
    }
    let mut around: Vec<String> = Vec::new();
    for at in 0..out.len() {
        let Entry { head, end, .. } = out[at];
        let kind = &file.lines[head].kind;
        if matches!(kind, LineKind::EndChoice | LineKind::EndMenu | LineKind::EndIf) {
            around.pop();
        }
        let own = text(file, head, end);
        out[at].key = format!("{}\0{own}", around.join("\0"));
        match kind {
            LineKind::Choice(_) => {
                // A member is no member without the others.
                let ends =
                    |entry: &Entry| matches!(file.lines[entry.head].kind, LineKind::EndChoice);
                let rest = &out[at..];
                let last = rest.iter().find(|entry| ends(entry)).map_or(end, |entry| entry.head);
                let whole = text(file, head, last);
                out[at].key.push_str(&whole);
                around.push(whole);
            }
            LineKind::Menu(_) | LineKind::If(_) => around.push(own),
            _ => {}
        }
    }
    out
}

/// The lines of an entry; of a help text, only that there is one.
fn text(file: &File, head: usize, end: usize) -> String {
    let line = |line: &Line| {
        if matches!(line.kind, LineKind::Help(_)) {
            return "help".to_owned();
        }
        let text = String::from_utf8_lossy(file.text(line.span));
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    file.lines[head..end].iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(old: &str, new: &str) -> Option<Vec<String>> {
        let found = changed("Kconfig", old.as_bytes(), new.as_bytes(), Dialect::default())?;
        let mut names: Vec<String> = found.into_iter().map(String::from).collect();
        names.sort();
        Some(names)
    }

    #[test]
    fn what_is_between_the_first_and_the_last_change() {
        let old = "config A\n\tbool \"a\"\n\tselect S\n\nconfig B\n\tbool \"b\"\n\nconfig C\n\tbool \"c\"\n";
        assert_eq!(names(old, old), Some(vec![]));
        let help = old.replace("\"b\"\n", "\"b\"\n\thelp\n\t  Words.\n");
        assert_eq!(names(&help, &help.replace("Words", "Others")), Some(vec![]), "help");
        let new = old.replace("\"b\"\n", "\"b\"\n\tdepends on A\n");
        assert_eq!(names(old, &new), Some(vec!["B".into()]));
        let new = old.replace("\tselect S\n", "");
        assert_eq!(names(old, &new), Some(vec!["A".into(), "S".into()]));
        let new = old.replace("config B", "if A\nconfig B") + "endif\n";
        assert_eq!(names(old, &new), Some(vec!["B".into(), "C".into()]));
        assert_eq!(names(old, &format!("x := y\n{old}")), None, "a macro");
        assert_eq!(names(old, &format!("{old}\tmodules\n")), None, "modules");
        let new = old.replace("bool \"b\"", "int \"b\"");
        assert_eq!(names(old, &new), None, "another type");
    }

    #[test]
    fn the_members_of_a_choice_change_together() {
        let old =
            "choice\n\tprompt \"p\"\nconfig A\n\tbool \"a\"\nconfig B\n\tbool \"b\"\nendchoice\n";
        let new = old.replace("\"b\"\n", "\"b\"\n\tdepends on X\n");
        assert_eq!(names(old, &new), Some(vec!["A".into(), "B".into()]));
    }
}
