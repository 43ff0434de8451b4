//! What alignment fill looks like: zeros, nops and traps, for each architecture.
//!
//! Assemblers pad code with nops, GNU ld with the fill its script asks for (`:text =0xcccccccc` on
//! x86, `0x0700` on s390) or nops, ld.lld with traps. Data is padded with zeros. The encodings are
//! those of the architecture manuals and of what gas and the linkers write.

use crate::model::image::{Endian, Header};

/// How the fill of a section looks.
#[derive(Debug)]
pub struct Fill {
    /// Single bytes that are fill wherever they stand.
    bytes: &'static [u8],
    /// Longer encodings, longest first.
    patterns: Vec<Vec<u8>>,
    /// Whether a pattern begins or ends with a byte: most gaps are short, and this decides them.
    heads: [bool; 256],
    tails: [bool; 256],
    /// Fill that ends inside a gap ends at a multiple of this: the size of an instruction.
    unit: u64,
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
        let (words, halves, unit): (&[u32], &[u16], u64) = match header.machine {
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
        patterns.sort_by_key(|nop| std::cmp::Reverse(nop.len()));
        // 0x90 is nop, 0xcc int3
        Self::new(&[0, 0x90, 0xcc], patterns, 1)
    }

    fn new(bytes: &'static [u8], patterns: Vec<Vec<u8>>, unit: u64) -> Self {
        let (mut heads, mut tails) = ([false; 256], [false; 256]);
        for pattern in &patterns {
            if let (Some(&head), Some(&tail)) = (pattern.first(), pattern.last()) {
                heads[usize::from(head)] = true;
                tails[usize::from(tail)] = true;
            }
        }
        Self { bytes, patterns, heads, tails, unit }
    }

    /// How many bytes of fill `gap` begins with and ends with; `offset` is where in its section it
    /// begins. If all of it is fill, the first number is its length and the second is 0.
    pub fn around(&self, gap: &[u8], offset: u64) -> (usize, usize) {
        // Nearly all gaps are a few equal bytes.
        if let [first, ..] = gap
            && gap.len() < 64
            && gap.iter().all(|byte| byte == first)
            && self.bytes.contains(first)
        {
            return (gap.len(), 0);
        }
        let lead = self.leading(gap);
        if lead == gap.len() {
            return (lead, 0);
        }
        // Half an instruction is not fill: the zero byte belongs to what follows.
        let cut = (offset + lead as u64) / self.unit * self.unit;
        let lead = cut.saturating_sub(offset) as usize;
        let rest = &gap[lead..];
        let trail = self.trailing(rest);
        let from = offset + (gap.len() - trail) as u64;
        let cut = from.next_multiple_of(self.unit) - from;
        (lead, trail.saturating_sub(cut as usize))
    }

    fn leading(&self, gap: &[u8]) -> usize {
        let mut at = 0;
        while let Some(&byte) = gap.get(at) {
            let rest = &gap[at..];
            if self.bytes.contains(&byte) {
                at += run_length(rest, byte);
            } else if self.heads[usize::from(byte)]
                && let Some(found) = self.patterns.iter().find(|p| rest.starts_with(p))
            {
                at += found.len();
            } else {
                break;
            }
        }
        at
    }

    fn trailing(&self, gap: &[u8]) -> usize {
        /// Longer than any pattern, so that a long run's beginning is looked at byte by byte: the
        /// zeros may be the end of a nop.
        const LONGEST: usize = 16;
        let mut end = gap.len();
        while let Some(&byte) = gap[..end].last() {
            let rest = &gap[..end];
            if self.tails[usize::from(byte)]
                && let Some(found) = self.patterns.iter().find(|p| rest.ends_with(p))
            {
                end -= found.len();
            } else if self.bytes.contains(&byte) {
                let run = rest.iter().rev().take_while(|&&b| b == byte).count();
                end -= run.saturating_sub(LONGEST).max(1);
            } else {
                break;
            }
        }
        gap.len() - end
    }
}

/// How many times `bytes` begins with `byte`; gaps of megabytes are compared a word at a time.
fn run_length(bytes: &[u8], byte: u8) -> usize {
    let word = [byte; 64];
    let whole = bytes.chunks_exact(64).take_while(|chunk| **chunk == word).count() * 64;
    whole + bytes[whole..].iter().take_while(|&&b| b == byte).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::image::Bits;

    fn fill(machine: u16, endian: Endian) -> Fill {
        Fill::code(Header { bits: Bits::B64, endian, machine, e_type: 2, flags: 0, shstrndx: 0 })
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
        assert_eq!(x86.around(&gap, 7), (lead, 10));
    }

    #[test]
    fn a_gap_of_nothing_but_fill_counts_once() {
        let x86 = fill(EM_X86_64, Endian::Little);
        assert_eq!(x86.around(&[0xcc; 1000], 3), (1000, 0));
        assert_eq!(x86.around(&[], 3), (0, 0));
    }

    #[test]
    fn zeros_after_a_nop_do_not_hide_it_from_behind() {
        let x86 = fill(EM_X86_64, Endian::Little);
        let mut gap = vec![0xc3, 0x0f, 0x1f, 0x44, 0x00, 0x00];
        gap.extend([0; 100]);
        assert_eq!(x86.around(&gap, 0), (0, 105));
    }

    #[test]
    fn the_zero_byte_of_an_instruction_is_not_fill() {
        // udf #0 (4 zeros), then "mov x0, #0" = 00 00 80 d2
        let arm64 = fill(EM_AARCH64, Endian::Little);
        let gap = [0, 0, 0, 0, 0, 0, 0x80, 0xd2, 0x1f, 0x20, 0x03, 0xd5];
        assert_eq!(arm64.around(&gap, 0), (4, 4));
    }

    #[test]
    fn words_follow_the_byte_order() {
        let nop = [0x60, 0, 0, 0];
        assert_eq!(fill(EM_PPC64, Endian::Big).leading(&nop), 4);
        assert_eq!(fill(EM_PPC64, Endian::Little).leading(&[0, 0, 0, 0x60]), 3);
        // Code of a big-endian AArch64 kernel is little-endian all the same.
        assert_eq!(fill(EM_AARCH64, Endian::Big).leading(&[0x1f, 0x20, 0x03, 0xd5]), 4);
    }

    #[test]
    fn data_has_no_nops() {
        assert_eq!(Fill::data().around(&[0x90, 0, 0], 0), (0, 2));
        assert_eq!(Fill::data().around(b"\0\0abc\0", 0), (2, 1));
    }
}
