//! A place in a file and what is to be said about it, with the line that it is in.
//!
//! Whoever has the file cuts the line out of it, so that what prints needs no file; a line of any
//! length becomes a short one.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Warning,
    /// Wrong.
    Error,
}

/// A finding in a text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// How bad it is.
    pub level: Level,
    /// What it is, in one line.
    pub message: String,
    /// The file as the user knows it.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in bytes.
    pub column: u32,
    /// The line, or what of it stands around the place.
    pub text: String,
    /// The place, in bytes of `text`.
    pub start: usize,
    /// The end of the place, in bytes of `text`.
    pub end: usize,
}

/// How much of a line is shown before and after the start of the place, in bytes.
const BEFORE: usize = 60;
const AFTER: usize = 100;

impl Snippet {
    /// Cuts the line of the place that starts at byte `start` of `file`'s text and is `len` bytes
    /// long. Bytes that are no UTF-8, and control characters, are shown as replacement characters.
    pub fn cut(
        (level, message): (Level, String),
        file: String,
        text: &[u8],
        (start, len): (usize, usize),
    ) -> Self {
        let start = start.min(text.len());
        let line_start = memchr::memrchr(b'\n', &text[..start]).map_or(0, |newline| newline + 1);
        let rest = &text[start..];
        let line_end = memchr::memchr(b'\n', &rest[..rest.len().min(AFTER)]);
        let line_end = start + line_end.unwrap_or(rest.len().min(AFTER));
        let from = line_start.max(start.saturating_sub(BEFORE));
        let end = (start + len).clamp(start, line_end);
        let shown = |bytes: &[u8]| -> String {
            let text = String::from_utf8_lossy(bytes);
            let plain = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
            text.chars().map(plain).collect()
        };
        let mark = |cut: bool| if cut { "…" } else { "" };
        let before = format!("{}{}", mark(from > line_start), shown(&text[from..start]));
        let place = shown(&text[start..end]);
        let is_end = text.get(line_end).is_none_or(|byte| *byte == b'\n');
        let after = format!("{}{}", shown(&text[end..line_end]), mark(!is_end));
        Self {
            level,
            message,
            file,
            line: memchr::memchr_iter(b'\n', &text[..start]).count() as u32 + 1,
            column: (start - line_start) as u32 + 1,
            start: before.len(),
            end: before.len() + place.len(),
            text: before + &place + &after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &[u8], start: usize, len: usize) -> Snippet {
        Snippet::cut((Level::Error, "m".into()), "f".into(), text, (start, len))
    }

    #[test]
    fn one_line_around_the_place() {
        let snippet = cut(b"a\n\tbool if\nc", 8, 2);
        assert_eq!((snippet.line, snippet.column), (2, 7));
        assert_eq!(snippet.text, "\tbool if");
        assert_eq!(&snippet.text[snippet.start..snippet.end], "if");
        // A place goes on to the end of its line only, and may be the end of the file.
        assert_eq!(cut(b"ab\ncd", 1, 4).end, 2);
        assert_eq!((cut(b"ab", 2, 0).text.as_str(), cut(b"", 9, 9).text.as_str()), ("ab", ""));
    }

    #[test]
    fn a_line_of_any_length_and_bytes_of_any_kind() {
        let snippet = cut(&vec![b'x'; 100_000], 50_000, 9);
        assert_eq!(snippet.text.chars().count(), 1 + BEFORE + AFTER + 1);
        assert!(snippet.text.starts_with('…') && snippet.text.ends_with('…'));
        assert_eq!(snippet.column, 50_001);
        assert_eq!(cut(b"\xff\0\x1bz", 1, 1).text, "\u{fffd}\u{fffd}\u{fffd}z");
    }
}
