//! What alignment fill looks like: zeros, nops and traps, for each architecture.
//!
//! Assemblers pad code with nops, GNU ld with the fill its script asks for (`:text =0xcccccccc` on
//! x86, `0x0700` on s390) or nops, ld.lld with traps. Data is padded with zeros. The encodings are
//! those of the architecture manuals and of what gas and the linkers write.

use crate::model::image::{Endian, Header};

/// How the fill of a section looks.
#[derive(Debug)]
pub struct Fill {
    /// Whether a byte is fill wherever it stands.
    bytes: [bool; 256],
    /// Longer encodings by their first byte, the longest first.
    heads: Vec<Vec<Pattern>>,
    /// The same by their last byte.
    tails: Vec<Vec<Pattern>>,
    /// What gaps of each length up to 15 bytes are mostly filled with. It is fill by the other rules,
    /// too; to know it at once spares most of the looking.
    likely: [Pattern; 16],
    /// Fill that ends inside a gap ends at a multiple of this: the size of an instruction.
    unit: usize,
}

/// An encoding of up to 16 bytes, compared as a word: kernels have a hundred thousand gaps.
#[derive(Debug, Clone, Copy)]
struct Pattern {
    word: u128,
    mask: u128,
    len: usize,
}

impl Pattern {
    fn new(bytes: &[u8]) -> Self {
        let mut word = [0; 16];
        word[..bytes.len()].copy_from_slice(bytes);
        let mask = u128::MAX.checked_shr(128 - 8 * bytes.len() as u32).unwrap_or(0);
        Self { word: u128::from_le_bytes(word), mask, len: bytes.len() }
    }

    /// Whether the bytes that [`word`] has read begin with it.
    fn is(&self, word: u128) -> bool {
        (word ^ self.word) & self.mask == 0
    }
}

/// The 16 bytes at `at`, or all there are and zeros: what is behind a gap does no harm to look at.
#[inline]
pub(super) fn word(section: &[u8], at: usize) -> u128 {
    let rest = &section[at..];
    let chunk = rest.first_chunk::<16>().copied().unwrap_or_else(|| {
        let mut chunk = [0; 16];
        chunk[..rest.len()].copy_from_slice(rest);
        chunk
    });
    u128::from_le_bytes(chunk)
}

const EM_SPARC: u16 = 2;
const EM_386: u16 = 3;
const EM_68K: u16 = 4;
const EM_MIPS: u16 = 8;
const EM_PARISC: u16 = 15;
const EM_SPARC32PLUS: u16 = 18;
const EM_PPC: u16 = 20;
const EM_PPC64: u16 = 21;
const EM_S390: u16 = 22;
const EM_ARM: u16 = 40;
const EM_SH: u16 = 42;
const EM_SPARCV9: u16 = 43;
const EM_X86_64: u16 = 62;
const EM_OPENRISC: u16 = 92;
const EM_AARCH64: u16 = 183;
const EM_RISCV: u16 = 243;
const EM_LOONGARCH: u16 = 258;
const EM_ALPHA: u16 = 0x9026;
/// Big-endian data, little-endian code.
const EF_ARM_BE8: u32 = 0x0080_0000;

/// nops of 2 to 15 bytes, as gas pads 64-bit code and the kernel patches it.
const X86_NOPS: &[&[u8]] = &[
    &[0x66, 0x90],
    &[0x0f, 0x1f, 0x00],
    &[0x0f, 0x1f, 0x40, 0x00],
    &[0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x0f, 0x1f, 0x80, 0, 0, 0, 0],
    &[0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0],
    &[0x66, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0],
    &[0x2e, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0],
    // Without NOPL: lea 0(%esi),%esi and friends.
    &[0x89, 0xf6],
    &[0x8d, 0x76, 0x00],
    &[0x8d, 0x74, 0x26, 0x00],
    &[0x2e, 0x8d, 0x74, 0x26, 0x00],
    &[0x8d, 0xb6, 0, 0, 0, 0],
    &[0x8d, 0xb4, 0x26, 0, 0, 0, 0],
    &[0x2e, 0x8d, 0xb4, 0x26, 0, 0, 0, 0],
];
/// nopw with a %cs prefix, which gas lengthens by more 0x66 prefixes up to 15 bytes.
const X86_LONG_NOP: &[u8] = &[0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0];

impl Fill {
    /// Fill of sections without code: zeros.
    pub fn data() -> Self {
        Self::new(&[0], Vec::new(), 1)
    }

    /// Fill of code for the machine of `header`.
    pub fn code(header: Header) -> Self {
        let little = match header.machine {
            EM_AARCH64 | EM_RISCV => true,
            EM_ARM => header.endian == Endian::Little || header.flags & EF_ARM_BE8 != 0,
            _ => header.endian == Endian::Little,
        };
        let (words, halves, unit): (&[u32], &[u16], usize) = match header.machine {
            EM_386 | EM_X86_64 => return Self::x86(),
            EM_AARCH64 => (&[0xd503_201f, 0xd4d4_d4d4], &[], 4),
            // nop, mov r0,r0, udf #0, ld.lld's trap; Thumb: nop, mov r8,r8.
            EM_ARM => (&[0xe320_f000, 0xe1a0_0000, 0xe7f0_00f0, 0xd4d4_d4d4], &[0xbf00, 0x46c0], 2),
            // nop, c.nop, ebreak, c.ebreak
            EM_RISCV => (&[0x0000_0013, 0x0010_0073], &[0x0001, 0x9002], 2),
            // nop, trap
            EM_PPC | EM_PPC64 => (&[0x6000_0000, 0x7fe0_0008], &[], 4),
            // bc 0,0; bcr 0,%r0; bcr 0,%r7
            EM_S390 => (&[0x4700_0000], &[0x0700, 0x0707], 2),
            // break, ld.lld's trap (nop is zero)
            EM_MIPS => (&[0x0000_000d, 0xefef_efef], &[], 4),
            EM_SPARC | EM_SPARC32PLUS | EM_SPARCV9 => (&[0x0100_0000], &[], 4),
            EM_PARISC => (&[0x0800_0240], &[], 4),
            EM_OPENRISC => (&[0x1500_0000], &[], 4),
            // andi $zero,$zero,0; break 0
            EM_LOONGARCH => (&[0x0340_0000, 0x002a_0000], &[], 4),
            // nop, unop
            EM_ALPHA => (&[0x47ff_041f, 0x2ffe_0000], &[], 4),
            EM_68K => (&[], &[0x4e71], 2),
            EM_SH => (&[], &[0x0009], 2),
            _ => (&[], &[], 1),
        };
        let word = |w: &u32| if little { w.to_le_bytes() } else { w.to_be_bytes() }.to_vec();
        let half = |h: &u16| if little { h.to_le_bytes() } else { h.to_be_bytes() }.to_vec();
        let mut patterns: Vec<Vec<u8>> = words.iter().map(word).collect();
        patterns.extend(halves.iter().map(half));
        if header.machine == EM_S390 {
            patterns.insert(0, vec![0xc0, 0x04, 0, 0, 0, 0]); // brcl 0,0
        }
        Self::new(&[0], patterns, unit)
    }

    fn x86() -> Self {
        let mut patterns: Vec<Vec<u8>> = X86_NOPS.iter().map(|nop| nop.to_vec()).collect();
        for prefixes in 0..6 {
            let mut nop = vec![0x66; prefixes];
            nop.extend_from_slice(X86_LONG_NOP);
            patterns.push(nop);
        }
        // 0x90 is nop, 0xcc int3
        let mut fill = Self::new(&[0, 0x90, 0xcc], patterns, 1);
        // gas takes one nop for up to 11 bytes, and two for more.
        let long = [&[0x66], X86_LONG_NOP].concat();
        let nop = |len: usize| match len {
            0 => Vec::new(),
            1 => vec![0x90],
            2..10 => X86_NOPS[len - 2].to_vec(),
            _ => long[11 - len..].to_vec(),
        };
        fill.likely = std::array::from_fn(|len| {
            Pattern::new(&[nop(len.min(11)), nop(len.saturating_sub(11))].concat())
        });
        fill
    }

    fn new(bytes: &[u8], mut patterns: Vec<Vec<u8>>, unit: usize) -> Self {
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.len()));
        let mut fill = Self {
            bytes: [false; 256],
            heads: vec![Vec::new(); 256],
            tails: vec![Vec::new(); 256],
            likely: std::array::from_fn(|len| Pattern::new(&[0; 16][..len])),
            unit,
        };
        for &byte in bytes {
            fill.bytes[usize::from(byte)] = true;
        }
        for pattern in &patterns {
            if let (Some(&head), Some(&tail)) = (pattern.first(), pattern.last()) {
                fill.heads[usize::from(head)].push(Pattern::new(pattern));
                fill.tails[usize::from(tail)].push(Pattern::new(pattern));
            }
        }
        fill
    }

    /// How many bytes of fill the gap `start..end` of a section begins with and ends with. If all of it
    /// is fill, the first number is its length and the second is 0.
    /// `first` is the [`word`] at `start`.
    pub(super) fn around(
        &self,
        section: &[u8],
        start: usize,
        end: usize,
        first: u128,
    ) -> (usize, usize) {
        let len = end - start;
        if self.likely.get(len).is_some_and(|likely| likely.is(first)) {
            return (len, 0);
        }
        let lead_end = self.leading(section, start, end);
        if lead_end == end {
            return (len, 0);
        }
        // Half an instruction is not fill: the zero byte belongs to what follows.
        let from = (lead_end / self.unit * self.unit).max(start);
        let trail = self.trailing(section, from, end);
        (from - start, end.saturating_sub(trail.next_multiple_of(self.unit)))
    }

    /// Where the fill ends that the gap begins with.
    fn leading(&self, section: &[u8], start: usize, end: usize) -> usize {
        let mut at = start;
        while at < end {
            let byte = section[at];
            if self.bytes[usize::from(byte)] {
                at += run_length(section, at, end);
                continue;
            }
            let patterns = &self.heads[usize::from(byte)];
            if patterns.is_empty() {
                break;
            }
            let word = word(section, at);
            let Some(found) = patterns.iter().find(|p| p.len <= end - at && p.is(word)) else {
                break;
            };
            at += found.len;
        }
        at
    }

    /// Where the fill begins that the gap ends with.
    fn trailing(&self, section: &[u8], start: usize, mut end: usize) -> usize {
        /// Longer than any pattern, so that a long run's beginning is looked at byte by byte: the
        /// zeros may be the end of a nop.
        const LONGEST: usize = 16;
        while start < end {
            let byte = section[end - 1];
            let ends = |p: &&Pattern| p.len <= end - start && p.is(word(section, end - p.len));
            if let Some(found) = self.tails[usize::from(byte)].iter().find(ends) {
                end -= found.len;
            } else if self.bytes[usize::from(byte)] {
                let run = section[start..end].iter().rev().take_while(|&&b| b == byte).count();
                end -= run.saturating_sub(LONGEST).max(1);
            } else {
                break;
            }
        }
        end
    }
}

/// How often the byte at `at` follows itself before `end`, sixteen of which are looked at at a time:
/// there are gaps of megabytes.
fn run_length(section: &[u8], at: usize, end: usize) -> usize {
    let same = u128::from_le_bytes([section[at]; 16]);
    let mut to = at;
    while to < end {
        let others = word(section, to) ^ same;
        if others != 0 {
            to += others.trailing_zeros() as usize / 8;
            break;
        }
        to += 16;
    }
    to.min(end) - at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::image::Bits;

    fn fill(machine: u16, endian: Endian) -> Fill {
        Fill::code(Header { bits: Bits::B64, endian, machine, e_type: 2, flags: 0, shstrndx: 0 })
    }

    /// `Fill::around` of a gap at `offset`, with something else on either side.
    fn around(fill: &Fill, gap: &[u8], offset: usize) -> (usize, usize) {
        let mut section = vec![0xa5; offset];
        section.extend(gap);
        section.extend([0x90, 0, 0xcc]);
        fill.around(&section, offset, offset + gap.len(), word(&section, offset))
    }

    #[test]
    fn x86_code_between_nops_is_kept() {
        let x86 = fill(EM_X86_64, Endian::Little);
        let code = [0x48, 0x89, 0xc7, 0xc3];
        let mut gap =
            vec![0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0x90, 0xcc, 0x66, 0x90];
        let lead = gap.len();
        gap.extend(code);
        gap.extend([0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0xcc, 0xcc]);
        assert_eq!(around(&x86, &gap, 7), (lead, 10));
    }

    #[test]
    fn what_is_likely_is_fill_by_all_rules() {
        for fill in [fill(EM_X86_64, Endian::Little), fill(EM_ARM, Endian::Big), Fill::data()] {
            for (len, likely) in fill.likely.iter().enumerate() {
                assert_eq!(likely.len, len);
                let bytes = likely.word.to_le_bytes();
                assert_eq!(fill.leading(&bytes, 0, len), len, "{len} bytes");
            }
        }
    }

    #[test]
    fn a_gap_of_nothing_but_fill_counts_once() {
        let x86 = fill(EM_X86_64, Endian::Little);
        assert_eq!(around(&x86, &[0xcc; 1000], 3), (1000, 0));
        assert_eq!(around(&x86, &[], 3), (0, 0));
    }

    #[test]
    fn zeros_after_a_nop_do_not_hide_it_from_behind() {
        let x86 = fill(EM_X86_64, Endian::Little);
        let mut gap = vec![0xc3, 0x0f, 0x1f, 0x44, 0x00, 0x00];
        gap.extend([0; 100]);
        assert_eq!(around(&x86, &gap, 0), (0, 105));
    }

    #[test]
    fn the_zero_byte_of_an_instruction_is_not_fill() {
        // udf #0 (4 zeros), then "mov x0, #0" = 00 00 80 d2
        let arm64 = fill(EM_AARCH64, Endian::Little);
        let gap = [0, 0, 0, 0, 0, 0, 0x80, 0xd2, 0x1f, 0x20, 0x03, 0xd5];
        assert_eq!(around(&arm64, &gap, 0), (4, 4));
    }

    #[test]
    fn words_follow_the_byte_order() {
        let nop = [0x60, 0, 0, 0];
        assert_eq!(around(&fill(EM_PPC64, Endian::Big), &nop, 0), (4, 0));
        assert_eq!(around(&fill(EM_PPC64, Endian::Little), &[0, 0, 0, 0x60], 0), (0, 4));
        // Code of a big-endian AArch64 kernel is little-endian all the same.
        assert_eq!(around(&fill(EM_AARCH64, Endian::Big), &[0x1f, 0x20, 0x03, 0xd5], 0), (4, 0));
    }

    #[test]
    fn data_has_no_nops() {
        assert_eq!(around(&Fill::data(), &[0x90, 0, 0], 0), (0, 2));
        assert_eq!(around(&Fill::data(), b"\0\0abc\0", 0), (2, 1));
    }
}
