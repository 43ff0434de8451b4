//! What bare words are made of, and how long one is.
//!
//! A tree has some two hundred thousand of them, of eleven bytes each. Looked at byte by byte, the end of
//! each comes as a surprise to the processor; 32 bytes at once, there is nothing to guess.

use wide::u8x16;

use crate::model::bytes::{BLOCK, mask, padded};

/// `[A-Za-z0-9_-]`: a table, as most bytes of a tree that are not help are asked.
static WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let c = byte as u8;
        table[byte] = c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
        byte += 1;
    }
    table
};

/// `[A-Za-z0-9_-]`
pub(super) fn is_word(byte: u8) -> bool {
    WORD[byte as usize]
}

/// How many bytes at the beginning of `text` are [`is_word`].
pub(super) fn length(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let block = rest.first_chunk().copied().unwrap_or_else(|| padded(rest));
        let len = (!mask(&block, words)).trailing_zeros() as usize;
        at += len;
        if len < BLOCK {
            return at;
        }
    }
}

/// The bytes that are [`is_word`].
#[inline]
fn words(bytes: u8x16) -> u8x16 {
    let splat = u8x16::splat;
    let within = |bytes: u8x16, first: u8, last: u8| {
        bytes.max(splat(first)).cmp_eq(bytes) & bytes.min(splat(last)).cmp_eq(bytes)
    };
    let letters = within(bytes | splat(0x20), b'a', b'z');
    let digits = within(bytes, b'0', b'9');
    letters | digits | bytes.cmp_eq(splat(b'_')) | bytes.cmp_eq(splat(b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_where_its_bytes_end() {
        for end in 0..=255 {
            for len in 0..70 {
                let text = [&b"Az0_-".repeat(14)[..len], &[end], b"abc"].concat();
                let expected = text.iter().position(|&byte| !is_word(byte)).unwrap_or(text.len());
                assert_eq!(length(&text), expected, "{len} bytes and {end:#x}");
                assert_eq!(length(&text[..len]), len);
            }
        }
    }
}
