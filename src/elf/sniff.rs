//! What a file is that isn't ELF, by its first bytes: the answer to "why not?" and what to do.

use std::path::Path;

use crate::exit::{Error, Result};

const ELF_MAGIC: &[u8] = b"\x7fELF";

/// What to do with an archive member.
pub(super) enum Member {
    /// Measure it.
    Elf,
    /// Leave it out and say so: it holds no code (documentation, metadata, a nested archive).
    Skip(String),
    /// It holds code that can't be measured, so the archive can't be.
    Refuse(String),
}

/// Judges a member by its first bytes.
pub(super) fn member(data: &[u8]) -> Member {
    if data.starts_with(ELF_MAGIC) {
        return Member::Elf;
    }
    let Some(kind) = identify(data) else {
        return Member::Skip(if data.is_empty() { "empty".into() } else { describe_other(data) });
    };
    if kind.code { Member::Refuse(kind.message()) } else { Member::Skip(kind.message()) }
}

/// Accepts what starts as an ELF file does.
pub(super) fn require_elf(path: &Path, data: &[u8]) -> Result<()> {
    if data.starts_with(ELF_MAGIC) {
        return Ok(());
    }
    let what = identify(data).map_or_else(|| describe_other(data), |kind| kind.message());
    Err(Error::input(path, format!("not an ELF file: it is {what}")))
}

struct Kind {
    what: &'static str,
    advice: &'static str,
    /// Whether it holds machine code (or what becomes it).
    code: bool,
}

impl Kind {
    fn message(&self) -> String {
        if self.advice.is_empty() {
            self.what.to_owned()
        } else {
            format!("{} ({})", self.what, self.advice)
        }
    }
}

const EXTRACT: &str = "get the kernel out of it with the kernel tree's scripts/extract-vmlinux, \
                       or measure the vmlinux it was made from";
const BITCODE: &str = "built with clang LTO; measure the linked vmlinux or vmlinux.o";

/// Magic at offset 0, what it is, what to do, whether it is code.
#[rustfmt::skip]
const MAGICS: &[(&[u8], &str, &str, bool)] = &[
    (b"\x1f\x8b", "gzip-compressed", "unpack it with gzip -d", false),
    (b"\xfd7zXZ\0", "xz-compressed", "unpack it with xz -d", false),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "unpack it with zstd -d", false),
    (b"BZh", "bzip2-compressed", "unpack it with bzip2 -d", false),
    (b"\x04\x22\x4d\x18", "lz4-compressed", "unpack it with lz4 -d", false),
    (b"\x02\x21\x4c\x18", "lz4-compressed (legacy format)", "unpack it with lz4 -d", false),
    (b"\x89LZO\0\r\n\x1a\n", "lzop-compressed", "unpack it with lzop -d", false),
    (b"\x5d\0\0", "lzma-compressed", "unpack it with lzma -d", false),
    (b"BC\xc0\xde", "LLVM bitcode", BITCODE, true),
    (b"\xde\xc0\x17\x0b", "LLVM bitcode", BITCODE, true),
    (b"\xfe\xed\xfa\xce", "a Mach-O file", "macOS, not Linux", true),
    (b"\xfe\xed\xfa\xcf", "a Mach-O file", "macOS, not Linux", true),
    (b"\xce\xfa\xed\xfe", "a Mach-O file", "macOS, not Linux", true),
    (b"\xcf\xfa\xed\xfe", "a Mach-O file", "macOS, not Linux", true),
    (b"\xca\xfe\xba\xbe", "a Mach-O universal binary or Java class", "", true),
    (b"\0asm", "a WebAssembly module", "", true),
    (b"!<arch>\n", "a nested archive", "", false),
    (b"!<thin>\n", "a nested thin archive", "", false),
    (b"<bigaf>\n", "an AIX archive", "", true),
    (b"\x27\x05\x19\x56", "a U-Boot image", EXTRACT, true),
    (b"\xd0\x0d\xfe\xed", "a flattened device tree or FIT image", EXTRACT, true),
    (b"070701", "a cpio archive", "", false),
    (b"#!", "a script", "", false),
];

/// Magics elsewhere: offset, bytes. The kernel's own boot images first, as an x86 bzImage and an
/// arm64 Image are PE files as well (the EFI stub).
#[rustfmt::skip]
const BOOT_IMAGES: &[(usize, &[u8], &str)] = &[
    (0x202, b"HdrS", "an x86 boot image (bzImage)"),
    (0x38, b"ARM\x64", "an arm64 boot image (Image)"),
    (0x38, b"RSC\x05", "a RISC-V boot image (Image)"),
    (0x24, b"\x18\x28\x6f\x01", "an ARM boot image (zImage)"),
    (0x24, b"\x01\x6f\x28\x18", "an ARM boot image (zImage)"),
    (0x04, b"zimg", "a compressed EFI boot image (vmlinuz.efi)"),
];

fn identify(data: &[u8]) -> Option<Kind> {
    let at = |offset: usize, magic: &[u8]| {
        data.get(offset..).is_some_and(|rest| rest.starts_with(magic))
    };
    if let Some((_, _, what)) = BOOT_IMAGES.iter().find(|(offset, magic, _)| at(*offset, magic)) {
        return Some(Kind { what, advice: EXTRACT, code: true });
    }
    if let Some((_, what, advice, code)) = MAGICS.iter().find(|(magic, ..)| at(0, magic)) {
        return Some(Kind { what, advice, code: *code });
    }
    let word = |offset: usize| {
        let bytes = data.get(offset..offset + 4)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    };
    if at(0, b"MZ") && word(0x3c).is_some_and(|pe| at(pe, b"PE\0\0")) {
        return Some(Kind { what: "a PE file (Windows or EFI)", advice: "", code: true });
    }
    if at(0, b"MZ") {
        return Some(Kind { what: "a DOS or EFI program", advice: "", code: true });
    }
    None
}

fn describe_other(data: &[u8]) -> String {
    let head = &data[..data.len().min(512)];
    let texty = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..=0xff);
    if head.iter().all(texty) {
        "text".into()
    } else {
        let magic: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("of no kind known here (it starts with {})", magic.join(" "))
    }
}
