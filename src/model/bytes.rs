//! Finding a byte in the short strings that symbol names are.
//!
//! A kernel has hundreds of thousands of names of about 20 bytes each. The searches made for long texts
//! spend more on getting started than these take altogether.

/// Where `wanted` is first in `bytes`, eight of which are looked at at a time.
#[inline]
pub fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    let mut at = 0;
    while let Some(chunk) = bytes[at..].first_chunk() {
        if let Some(found) = in_chunk(*chunk, wanted) {
            return Some(at + found);
        }
        at += 8;
    }
    // What is left is looked at together with what comes before it, where that is enough for eight.
    match bytes.last_chunk() {
        _ if at == bytes.len() => None,
        Some(chunk) => in_chunk(*chunk, wanted).map(|found| bytes.len() - 8 + found),
        None => bytes.iter().position(|&byte| byte == wanted),
    }
}

#[inline]
fn in_chunk(chunk: [u8; 8], wanted: u8) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // A byte that is `wanted` is zero here; the lowest zero byte is the lowest with its high bit set
    // below.
    let word = u64::from_le_bytes(chunk) ^ (LOW * u64::from(wanted));
    let zeros = word.wrapping_sub(LOW) & !word & HIGH;
    (zeros != 0).then(|| zeros.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn finds_what_position_finds() {
        let text: Vec<u8> =
            (0..=255).chain(0..=255).chain(b"\x80\x7f\x01\x00\xff".repeat(9)).collect();
        for start in 0..text.len() {
            for wanted in [0, 1, b'.', 0x7f, 0x80, 0x81, 0xff] {
                let bytes = &text[start..];
                let expected = bytes.iter().position(|&byte| byte == wanted);
                assert_eq!(find(bytes, wanted), expected, "{wanted:#x} from {start}");
            }
        }
    }
}
