//! Finding a byte in the short strings that symbol names are.
//!
//! A kernel has hundreds of thousands of names of about 20 bytes each. The searches made for long texts
//! spend more on getting started than these take altogether.

use wide::u8x16;

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
/// no more looks at it than its end alone. Nearly all names are shorter than a block, so that there is no
/// loop whose end could be mispredicted.
#[inline]
pub fn scan(bytes: &[u8]) -> Scanned {
    let (mut at, mut dotted, mut hash) = (0, false, 0);
    loop {
        let rest = &bytes[at..];
        let block = rest.first_chunk().copied().unwrap_or_else(|| padded(rest));
        let ends = places(&block, 0);
        let len = ends.trailing_zeros() as usize;
        // What is behind the end is no part of it.
        dotted |= places(&block, b'.') & !ends & ends.wrapping_sub(1) != 0;
        let words = words(&block);
        hash = mix(hash, std::array::from_fn(|i| words[i] & MASKS[len][i]));
        at += len;
        if len < BLOCK {
            let all = Scanned { len: at, dotted, hash };
            return if at < bytes.len() { all } else { Scanned { len: 0, dotted: false, hash: 0 } };
        }
    }
}

/// The hash by which names are found again.
pub fn hash(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let hash = blocks.iter().fold(0, |hash, block| mix(hash, words(block)));
    mix(hash, words(&padded(rest)))
}

/// Bytes that are looked at together.
pub const BLOCK: usize = 32;

/// What leaves the first bytes of a block, as many as the index says.
const MASKS: [[u64; 4]; BLOCK + 1] = {
    let mut masks = [[0; 4]; BLOCK + 1];
    let mut byte = 0;
    while byte < BLOCK {
        let mut len = byte + 1;
        while len <= BLOCK {
            masks[len][byte / 8] |= 0xff << (byte % 8 * 8);
            len += 1;
        }
        byte += 1;
    }
    masks
};

#[inline]
fn words(block: &[u8; BLOCK]) -> [u64; 4] {
    let (words, _) = block.as_chunks::<8>();
    std::array::from_fn(|i| u64::from_le_bytes(words[i]))
}

/// Less than a block, with zeros behind it.
pub fn padded(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..bytes.len()].copy_from_slice(bytes);
    block
}

/// Which bytes of a block are `wanted`: bit i says it of byte i.
#[inline]
fn places(block: &[u8; BLOCK], wanted: u8) -> u32 {
    mask(block, |bytes| bytes.cmp_eq(u8x16::splat(wanted)))
}

/// Which bytes of a block `which` chooses, by setting all their bits.
#[inline]
pub fn mask(block: &[u8; BLOCK], which: impl Fn(u8x16) -> u8x16) -> u32 {
    let (halves, _) = block.as_chunks::<16>();
    // Not by `map` over an array of signed bytes: that is a call for each of them.
    let half = |bytes: &[u8; 16]| u32::from(which(u8x16::new(*bytes)).move_mask() as u16);
    half(&halves[0]) | half(&halves[1]) << 16
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

/// As `wyhash` does it: the halves of a long product have seen all bits of both factors.
#[inline]
fn mix(hash: u64, words: [u64; 4]) -> u64 {
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    fold(words[0] ^ hash ^ 0xa076_1d64_78bd_642f, words[1] ^ 0xe703_7ed1_a0b4_28db)
        ^ fold(words[2] ^ hash ^ 0x8ebc_6af0_9c88_c6e3, words[3] ^ 0x5899_65cc_7537_4cc3)
}

#[inline]
fn in_chunk(chunk: [u8; 8], wanted: u8) -> Option<usize> {
    let marks = marks(u64::from_le_bytes(chunk), wanted);
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

/// The high bit of the first byte that is `wanted`, and perhaps bits above it; 0 if none is.
#[inline]
fn marks(word: u64, wanted: u8) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // A byte that is `wanted` is zero here; the lowest zero byte is the lowest with its high bit set
    // below.
    let word = word ^ (LOW * u64::from(wanted));
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
        let long: Vec<u8> = (0..100).map(|at| b"_a\xae\x80\xff\x01\x2f\x2d"[at % 8]).collect();
        let mut texts: Vec<Vec<u8>> = (0..100).map(|len| long[..len].to_vec()).collect();
        for len in 1..100 {
            for at in [0, len / 2, len - 1] {
                let mut text = long[..len].to_vec();
                text[at] = b'.';
                texts.push(text);
            }
        }
        for text in texts.iter().map(|text| &text[..]) {
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
