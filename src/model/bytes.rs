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

/// A string that ends with a NUL, seen once from its beginning to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// Bytes before the NUL.
    pub len: usize,
    /// Whether there is a `.` among them.
    pub dotted: bool,
    /// Their [`hash`].
    pub hash: u64,
}

/// The string that `bytes` begins with; empty if it does not end. Its end, its dots and its hash take
/// no more looks at it than its end alone.
#[inline]
pub fn scan(bytes: &[u8]) -> Scanned {
    let (mut at, mut dotted, mut hash) = (0, false, 0);
    loop {
        let chunk = bytes[at..].first_chunk().copied().unwrap_or_else(|| {
            let mut chunk = [0; 8];
            chunk[..bytes.len() - at].copy_from_slice(&bytes[at..]);
            chunk
        });
        let word = u64::from_le_bytes(chunk);
        let (ends, dots) = (marks(chunk, 0), marks(chunk, b'.'));
        if ends == 0 {
            dotted |= dots != 0;
            hash = mix(hash, word);
            at += 8;
            continue;
        }
        let before = (ends & ends.wrapping_neg()) - 1;
        let len = at + ends.trailing_zeros() as usize / 8;
        if len >= bytes.len() {
            return Scanned { len: 0, dotted: false, hash: 0 };
        }
        dotted |= dots & before != 0;
        // Without the high bit of the NUL itself, which is not set.
        return Scanned { len, dotted, hash: mix(hash, word & before) };
    }
}

/// The hash by which names are found again.
pub fn hash(bytes: &[u8]) -> u64 {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let hash = chunks.iter().fold(0, |hash, chunk| mix(hash, u64::from_le_bytes(*chunk)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(hash, u64::from_le_bytes(last))
}

/// Whether two names are equal. To call a function for that takes longer than to compare 20 bytes.
#[inline]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Whole words from the beginning, and the last one, which may overlap the one before.
    if let (Some(x), Some(y)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        let ((words, _), (others, _)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
        let number = |chunk: &[u8; 8]| u64::from_ne_bytes(*chunk);
        return number(x) == number(y)
            && words.iter().zip(others).all(|(x, y)| number(x) == number(y));
    }
    let halves = |name: &[u8]| Some((*name.first_chunk::<4>()?, *name.last_chunk::<4>()?));
    match (halves(a), halves(b)) {
        (Some(ends), Some(others)) => ends == others,
        _ => a.iter().zip(b).all(|(x, y)| x == y),
    }
}

/// As rustc's `FxHasher` did it. The upper half is the better one.
#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
}

#[inline]
fn in_chunk(chunk: [u8; 8], wanted: u8) -> Option<usize> {
    let marks = marks(chunk, wanted);
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

/// The high bit of the first byte that is `wanted`, and perhaps bits above it; 0 if none is.
#[inline]
fn marks(chunk: [u8; 8], wanted: u8) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // A byte that is `wanted` is zero here; the lowest zero byte is the lowest with its high bit set
    // below.
    let word = u64::from_le_bytes(chunk) ^ (LOW * u64::from(wanted));
    word.wrapping_sub(LOW) & !word & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_scan_sees_end_dots_and_hash() {
        let texts: [&[u8]; 6] = [b"", b"a", b"seven.7", b"eight..8", b"\xae\x80\xff\x01", b"a.b"];
        for text in texts.into_iter().chain([&b"sixteen_bytes_16"[..], &b"0123456.89abcdef.x"[..]])
        {
            for follows in [&b"\0"[..], b"\0.more\0.and.more", b"\0\0\0\0\0\0\0\0\0"] {
                let expected =
                    Scanned { len: text.len(), dotted: text.contains(&b'.'), hash: hash(text) };
                assert_eq!(scan(&[text, follows].concat()), expected, "{text:?}");
            }
            assert_eq!(scan(text).len, 0, "{text:?} does not end");
        }
    }

    #[test]
    fn equal_is_equal() {
        let text = b"0123456789abcdefghijklmnopqrstuvwxyz";
        for len in 0..text.len() {
            assert!(equal(&text[..len], &text[..len]));
            assert!(!equal(&text[..len], &text[..=len]));
            for at in 0..len {
                let mut other = text[..len].to_vec();
                other[at] ^= 0x80;
                assert!(!equal(&text[..len], &other), "{len} bytes, {at} differs");
            }
        }
    }
}
