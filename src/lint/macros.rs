//! Whether a name in a C file is a macro's, or a parameter's: told from the text alone, for the few
//! names where it matters.

/// Whether the file has `#define name`.
pub fn is_macro(text: &[u8], name: &str) -> bool {
    memchr::memmem::find_iter(text, name.as_bytes()).any(|at| {
        let end = text.get(at + name.len()).copied().unwrap_or_default();
        let ends = !end.is_ascii_alphanumeric() && end != b'_';
        ends && text[..at].trim_ascii_end().ends_with(b"define")
            && text[at - 1].is_ascii_whitespace()
    })
}

/// Whether `at` is within a macro that has `name` among its parameters.
pub fn is_parameter(text: &[u8], at: usize, name: &str) -> bool {
    let mut start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
    while text[..start].ends_with(b"\\\n") {
        start = memchr::memrchr(b'\n', &text[..start - 1]).map_or(0, |newline| newline + 1);
    }
    let line = text[start..at].trim_ascii_start();
    let Some(define) = line.strip_prefix(b"#").map(<[u8]>::trim_ascii_start) else { return false };
    let Some(rest) = define.strip_prefix(b"define") else { return false };
    let open = memchr::memchr(b'(', rest).unwrap_or(rest.len());
    let close = memchr::memchr(b')', rest).unwrap_or(rest.len());
    let parameters = rest.get(open + 1..close).unwrap_or_default();
    parameters.split(|byte| *byte == b',').any(|one| one.trim_ascii() == name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_and_their_parameters_are_no_options() {
        let text = b"#define A(x, B) \\\n\tfoo \\\n\tIS_ENABLED(B)\n#define C 1\nIS_ENABLED(B)\n";
        let at = memchr::memmem::find(text, b"(B)").expect("is there");
        assert!(is_parameter(text, at, "B"));
        assert!(!is_parameter(text, text.len() - 3, "B"));
        assert!(is_macro(text, "C") && !is_macro(text, "B"));
    }
}
