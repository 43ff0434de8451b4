//! Bytes of source as the preprocessor sees them: blanks, identifiers, spliced lines.
//!
//! A backslash before a newline joins two lines, and may stand anywhere, even within a name or
//! between `/` and `*`. GCC also takes blanks between the two, and so does this.

/// A blank within a line.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)
}

/// A blank or a newline.
pub(super) fn is_space(byte: u8) -> bool {
    byte == b'\n' || is_blank(byte)
}

/// Whether a name can begin with it. Other bytes than ASCII are letters, as in GCC.
pub(super) fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// Whether it can be inside a name.
pub(super) fn in_name(byte: u8) -> bool {
    starts_name(byte) || byte.is_ascii_digit()
}

/// If a splice begins at `at`, where the text goes on.
fn splice(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'\\') {
        return None;
    }
    let blanks = text[at + 1..].iter().take_while(|byte| is_blank(**byte)).count();
    let newline = at + 1 + blanks;
    (text.get(newline) == Some(&b'\n')).then_some(newline + 1)
}

/// The first position from `at` on that is no splice.
pub(super) fn skip_splices(text: &[u8], mut at: usize) -> usize {
    while let Some(next) = splice(text, at) {
        at = next;
    }
    at
}

/// If the newline at `newline` is spliced away, where its backslash is.
pub(super) fn spliced_at(text: &[u8], newline: usize) -> Option<usize> {
    let blanks = text[..newline].iter().rev().take_while(|byte| is_blank(**byte)).count();
    let backslash = (newline - blanks).checked_sub(1)?;
    (text[backslash] == b'\\').then_some(backslash)
}

/// The position of the last byte before `at` that is no part of a splice.
pub(super) fn before(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at.checked_sub(1)?;
    while text[at] == b'\n' {
        match spliced_at(text, at) {
            Some(backslash) => at = backslash.checked_sub(1)?,
            None => break,
        }
    }
    Some(at)
}
