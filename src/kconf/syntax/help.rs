//! Help texts: where one ends, and what `conf` keeps of it (`lexer.l`, state HELP).
//!
//! A help text starts after the line of `help` and goes on until a line is indented less than its
//! first line of text. Its first line may even stand in column 0.

use super::Span;

/// A help text and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Help {
    /// The raw text; the newline that ended it is not part of it.
    pub span: Span,
    /// The first byte after it that the lexer reads again.
    pub next: usize,
    /// How many newlines were read.
    pub newlines: u32,
}

/// The column that blanks reach, with tabs of eight.
fn width(blanks: &[u8]) -> usize {
    blanks
        .iter()
        .fold(0, |column, byte| if *byte == b'\t' { (column & !7) + 8 } else { column + 1 })
}

const fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// A newline ends the text if something stands at the start of the next line.
fn ends(text: &[u8], newline: usize) -> bool {
    text.get(newline + 1).is_some_and(|byte| !is_blank(*byte) && *byte != b'\n')
}

/// Finds the end of the help text that starts at `start`.
pub(super) fn scan(text: &[u8], start: usize) -> Help {
    let (mut first, mut last) = (0, 0);
    let mut newlines = 0;
    let mut at = start;
    loop {
        let line = at;
        while text.get(at).copied().is_some_and(is_blank) {
            at += 1;
        }
        let blank = matches!(text.get(at), Some(b'\n'));
        // Where the text ends if the newline of this line ends it.
        let mut end = line;
        if !blank {
            if at > line {
                last = width(&text[line..at]);
                if first != 0 && last < first {
                    return Help { span: span(start, line), next: at, newlines };
                }
            }
            if at == text.len() {
                return Help { span: span(start, at), next: at, newlines };
            }
            if first == 0 {
                first = last;
            }
            at = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |found| at + found);
            if at == text.len() {
                return Help { span: span(start, at), next: at, newlines };
            }
            end = at;
        }
        newlines += 1;
        if ends(text, at) {
            return Help { span: span(start, end), next: at + 1, newlines };
        }
        at += 1;
    }
}

fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, len: (end - start) as u32 }
}

/// What `conf` keeps of a raw help text: indentation up to that of the first line of text is taken
/// off, tabs become spaces, blanks at the end of lines go, and what follows a NUL is lost.
pub fn help_text(raw: &[u8]) -> Vec<u8> {
    let raw = memchr::memchr(0, raw).map_or(raw, |nul| &raw[..nul]);
    let mut out = Vec::with_capacity(raw.len());
    let (mut first, mut last) = (0, 0);
    let last_line = Some(memchr::memchr_iter(b'\n', raw).count());
    for (number, line) in raw.split(|byte| *byte == b'\n').enumerate() {
        if number > 0 {
            out.push(b'\n');
        }
        let text = line.iter().position(|byte| !is_blank(*byte)).unwrap_or(line.len());
        if text == line.len() {
            // Only the end of the file leaves blanks without a newline: they count as indentation.
            if last_line == Some(number) && text > 0 && first != 0 {
                out.resize(out.len() + width(line).saturating_sub(first), b' ');
            }
            continue;
        }
        if text > 0 {
            last = width(&line[..text]);
            if first != 0 {
                out.resize(out.len() + last.saturating_sub(first), b' ');
            }
        }
        let end = line.iter().rposition(|byte| !is_blank(*byte)).map_or(text, |at| at + 1);
        out.extend_from_slice(&line[text..end]);
        if first == 0 {
            first = last;
        }
    }
    out
}
