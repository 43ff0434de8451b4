//! Who made an image: architecture, compiler, linker. Images of different makers differ in size for
//! reasons that have nothing to do with a kernel option, so comparing them needs a loud warning.
//!
//! `linux_banner` names compiler and linker since 5.8 ("Linux version … (gcc …, GNU ld …) #1 …"),
//! before that the compiler alone; `.comment` has what compilers and ld.lld leave in each object.

use bstr::ByteSlice;

use crate::model::image::{Bits, Endian, Header, Image, Kind};

/// Who made an image. Empty lists mean that it doesn't say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `x86_64`, `arm64`, `powerpc (64-bit, little-endian)`: the kernel's ARCH name.
    pub arch: String,
    /// Compilers as they name themselves, sorted.
    pub compilers: Vec<String>,
    /// Linkers as they name themselves, sorted.
    pub linkers: Vec<String>,
}

/// Who made `image`.
pub fn identity(image: &Image<'_>) -> Identity {
    let (mut compilers, mut linkers) = (Vec::new(), Vec::new());
    for ident in &image.idents {
        let ident = ident.to_str_lossy();
        match ident.strip_prefix("Linker: ") {
            Some(linker) => linkers.push(linker.to_owned()),
            None => compilers.push(ident.into_owned()),
        }
    }
    if let Some((compiler, linker)) = image.banner.and_then(|b| tools(&b.to_str_lossy())) {
        compilers = vec![compiler];
        if let Some(linker) = linker {
            linkers = vec![linker];
        }
    }
    for list in [&mut compilers, &mut linkers] {
        list.retain(|name| !name.is_empty());
        list.sort();
        list.dedup();
    }
    Identity { arch: architecture(image.header), compilers, linkers }
}

/// Why two images should not be compared, one sentence each; empty if nothing speaks against it.
/// What an image doesn't say about itself is not held against it.
pub fn comparable(a: &Image<'_>, b: &Image<'_>) -> Vec<String> {
    let (x, y) = (identity(a), identity(b));
    let mut reasons = Vec::new();
    let mut differ = |what: &str, left: &str, right: &str| {
        reasons.push(format!("different {what}: {left} ({}), {right} ({})", a.path, b.path));
    };
    if x.arch != y.arch {
        differ("architectures", &x.arch, &y.arch);
    }
    if linked_or_not(a.kind) != linked_or_not(b.kind) {
        differ("kinds of file", linked_or_not(a.kind), linked_or_not(b.kind));
    }
    for (what, left, right) in
        [("compilers", &x.compilers, &y.compilers), ("linkers", &x.linkers, &y.linkers)]
    {
        if !left.is_empty() && !right.is_empty() && left != right {
            differ(what, &left.join(" + "), &right.join(" + "));
        }
    }
    reasons
}

fn linked_or_not(kind: Kind) -> &'static str {
    match kind {
        Kind::Linked => "linked image",
        Kind::Prelink => "vmlinux.o before the final link",
        Kind::Module => "module",
        Kind::Object => "object",
    }
}

/// The kernel's ARCH name for a machine, with width and byte order where ARCH leaves them open.
pub fn architecture(header: Header) -> String {
    let name = match (header.machine, header.bits) {
        (2 | 18, _) => "sparc",
        (3, _) => "i386",
        (4, _) => "m68k",
        (8, _) => "mips",
        (15, _) => "parisc",
        (20 | 21, _) => "powerpc",
        (22, _) => "s390",
        (40, _) => "arm",
        (42, _) => "sh",
        (43, _) => "sparc64",
        (62, Bits::B64) => "x86_64",
        (62, Bits::B32) => "x32",
        (92, _) => "openrisc",
        (93 | 195 | 253, _) => "arc",
        (94, _) => "xtensa",
        (113, _) => "nios2",
        (164, _) => "hexagon",
        (183, _) => "arm64",
        (189, _) => "microblaze",
        (243, _) => "riscv",
        (247, _) => "bpf",
        (252, _) => "csky",
        (258, _) => "loongarch",
        (0x9026, _) => "alpha",
        (machine, _) => return format!("machine {machine}"),
    };
    let bits = if header.bits == Bits::B64 { "64-bit" } else { "32-bit" };
    let order = if header.endian == Endian::Big { "big-endian" } else { "little-endian" };
    match (name, header.endian) {
        ("mips" | "powerpc", _) => format!("{name} ({bits}, {order})"),
        ("riscv" | "parisc" | "loongarch", _) => format!("{name} ({bits})"),
        ("arm" | "arm64" | "sh" | "xtensa" | "microblaze" | "arc", Endian::Big) => {
            format!("{name} ({order})")
        }
        _ => name.to_owned(),
    }
}

/// Compiler and linker of "Linux version 6.12 (user@host) (COMPILER, LINKER) #1 SMP …".
fn tools(banner: &str) -> Option<(String, Option<String>)> {
    let (_, rest) = banner.split_once('@')?;
    let (_, rest) = rest.split_once(") (")?;
    let (tools, _) = rest.rsplit_once(") #")?;
    match tools.rsplit_once(", ") {
        Some((compiler, linker)) if linker.to_ascii_lowercase().contains("ld") => {
            Some((compiler.to_owned(), Some(linker.to_owned())))
        }
        _ => Some((tools.to_owned(), None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banners_of_three_ages() {
        let new = "Linux version 6.12.1 (u@h) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU \
                   Binutils for Debian) 2.40) #1 SMP PREEMPT Thu Jan  1 00:00:00 UTC 1970";
        let (compiler, linker) = tools(new).unwrap();
        assert_eq!(compiler, "gcc-12 (Debian 12.2.0-14) 12.2.0");
        assert_eq!(linker.unwrap(), "GNU ld (GNU Binutils for Debian) 2.40");

        let clang =
            "Linux version 6.12.1 (u@h) (Debian clang version 14.0.6, Debian LLD 14.0.6) #1";
        let (compiler, linker) = tools(clang).unwrap();
        assert_eq!(compiler, "Debian clang version 14.0.6");
        assert_eq!(linker.unwrap(), "Debian LLD 14.0.6");

        let old = "Linux version 4.14.5 (u@h) (gcc version 12.2.0 (Debian 12.2.0-14)) #1 SMP";
        let (compiler, linker) = tools(old).unwrap();
        assert_eq!(compiler, "gcc version 12.2.0 (Debian 12.2.0-14)");
        assert_eq!(linker, None);

        assert_eq!(tools("Linux version"), None);
    }

    #[test]
    fn arch_leaves_width_and_order_open_where_the_kernel_does() {
        let header = |machine, bits, endian| Header {
            bits,
            endian,
            machine,
            e_type: 2,
            flags: 0,
            shstrndx: 0,
        };
        let name = |machine, bits, endian| architecture(header(machine, bits, endian));
        assert_eq!(name(62, Bits::B64, Endian::Little), "x86_64");
        assert_eq!(name(21, Bits::B64, Endian::Little), "powerpc (64-bit, little-endian)");
        assert_eq!(name(243, Bits::B64, Endian::Little), "riscv (64-bit)");
        assert_eq!(name(40, Bits::B32, Endian::Big), "arm (big-endian)");
        assert_eq!(name(4711, Bits::B32, Endian::Big), "machine 4711");
    }
}
