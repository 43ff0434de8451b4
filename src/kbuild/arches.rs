//! ARCHES: the one table of architectures.
//!
//! What the kernel calls it, where its code lies, which compiler Debian has for it and in which
//! package, what its objects say in `e_machine`. A directory under `arch/` that the table does not
//! know can still be configured and built: [`Arch::unknown`], with the compiler the user names.

use std::borrow::Cow;

/// One architecture as make knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arch {
    /// The kernel's ARCH name (`i386` and `x86_64` share one directory).
    pub name: Cow<'static, str>,
    /// The directory under `arch/`.
    pub srcarch: Cow<'static, str>,
    /// Machines (Rust's names) on which the plain `gcc` is the right compiler.
    pub native: &'static [&'static str],
    /// `CROSS_COMPILE` prefixes: Debian's first, then those of the kernel.org toolchains. The first
    /// whose gcc is on PATH is taken.
    pub cross: &'static [&'static str],
    /// The Debian package that has the first of them, if Debian 12 has one.
    pub package: Option<&'static str>,
    /// Whether the kernel supports clang for it, which needs no prefix.
    pub clang: bool,
    /// `e_machine` of its objects.
    pub machine: Option<u16>,
    /// The usual boot image below the build directory. A hint: `make -s image_name` decides.
    pub image: Option<&'static str>,
    /// Which of the kernel's variants the table means, where ARCH leaves it open.
    pub pins: &'static [(&'static str, &'static str)],
}

/// A row of an architecture that has its own directory.
const fn row(name: &'static str, machine: u16, cross: &'static [&'static str]) -> Arch {
    row_in(name, name, machine, cross)
}

/// A row with what all rows have.
const fn row_in(
    name: &'static str,
    srcarch: &'static str,
    machine: u16,
    cross: &'static [&'static str],
) -> Arch {
    Arch {
        name: Cow::Borrowed(name),
        srcarch: Cow::Borrowed(srcarch),
        native: &[],
        cross,
        package: None,
        clang: false,
        machine: Some(machine),
        image: None,
        pins: &[],
    }
}

impl Arch {
    const fn debian(mut self, package: &'static str) -> Self {
        self.package = Some(package);
        self
    }

    const fn image(mut self, image: &'static str) -> Self {
        self.image = Some(image);
        self
    }

    const fn native(mut self, machines: &'static [&'static str]) -> Self {
        self.native = machines;
        self
    }

    const fn clang(mut self) -> Self {
        self.clang = true;
        self
    }

    const fn pins(mut self, pins: &'static [(&'static str, &'static str)]) -> Self {
        self.pins = pins;
        self
    }

    /// An architecture that is only known as a directory under `arch/`.
    pub fn unknown(name: &str) -> Self {
        Self {
            name: Cow::Owned(name.to_owned()),
            srcarch: Cow::Owned(name.to_owned()),
            native: &[],
            cross: &[],
            package: None,
            clang: false,
            machine: None,
            image: None,
            pins: &[],
        }
    }
}

/// Every architecture of Linux 6.12 that a compiler of Debian or of kernel.org targets, by name.
/// `clang` is what Documentation/kbuild/llvm.rst lists as supported.
pub static ARCHES: &[Arch] = &[
    row("alpha", 0x9026, &["alpha-linux-gnu-", "alpha-linux-"])
        .debian("gcc-alpha-linux-gnu")
        .image("arch/alpha/boot/vmlinux.gz"),
    row("arc", 195, &["arc-linux-gnu-", "arc-linux-"]).debian("gcc-arc-linux-gnu"),
    row("arm", 40, &["arm-linux-gnueabihf-", "arm-linux-gnueabi-"])
        .debian("gcc-arm-linux-gnueabihf")
        .native(&["arm"])
        .clang()
        .image("arch/arm/boot/zImage"),
    row("arm64", 183, &["aarch64-linux-gnu-", "aarch64-linux-"])
        .debian("gcc-aarch64-linux-gnu")
        .native(&["aarch64"])
        .clang()
        .image("arch/arm64/boot/Image.gz"),
    row("csky", 252, &["csky-linux-"]),
    row("hexagon", 164, &["hexagon-linux-"]).clang(),
    row_in("i386", "x86", 3, &["i686-linux-gnu-", "i386-linux-", "x86_64-linux-gnu-"])
        .debian("gcc-i686-linux-gnu")
        .native(&["x86_64", "x86"])
        .clang()
        .image("arch/x86/boot/bzImage"),
    row("loongarch", 258, &["loongarch64-linux-gnu-", "loongarch64-linux-"]).clang(),
    row("m68k", 4, &["m68k-linux-gnu-", "m68k-linux-"])
        .debian("gcc-m68k-linux-gnu")
        .native(&["m68k"]),
    row("microblaze", 189, &["microblaze-linux-"]),
    row("mips", 8, &["mips-linux-gnu-", "mips-linux-"])
        .debian("gcc-mips-linux-gnu")
        .native(&["mips"])
        .clang(),
    row("nios2", 113, &["nios2-linux-"]),
    row("openrisc", 92, &["or1k-linux-"]),
    row("parisc", 15, &["hppa-linux-gnu-", "hppa-linux-"]).debian("gcc-hppa-linux-gnu"),
    row_in("parisc64", "parisc", 15, &["hppa64-linux-gnu-", "hppa64-linux-"])
        .debian("gcc-hppa64-linux-gnu"),
    row("powerpc", 21, &["powerpc64le-linux-gnu-", "powerpc64-linux-"])
        .debian("gcc-powerpc64le-linux-gnu")
        .native(&["powerpc64"])
        .clang()
        .pins(&[("PPC64", "y"), ("CPU_LITTLE_ENDIAN", "y")]),
    row("riscv", 243, &["riscv64-linux-gnu-", "riscv64-linux-"])
        .debian("gcc-riscv64-linux-gnu")
        .native(&["riscv64"])
        .clang()
        .pins(&[("ARCH_RV64I", "y")])
        .image("arch/riscv/boot/Image.gz"),
    row("s390", 22, &["s390x-linux-gnu-", "s390-linux-"])
        .debian("gcc-s390x-linux-gnu")
        .native(&["s390x"])
        .clang()
        .image("arch/s390/boot/bzImage"),
    row("sh", 42, &["sh4-linux-gnu-", "sh4-linux-"]).debian("gcc-sh4-linux-gnu"),
    row_in("sparc64", "sparc", 43, &["sparc64-linux-gnu-", "sparc64-linux-"])
        .debian("gcc-sparc64-linux-gnu")
        .native(&["sparc64"]),
    row_in("x86_64", "x86", 62, &["x86_64-linux-gnu-", "x86_64-linux-"])
        .debian("gcc-x86-64-linux-gnu")
        .native(&["x86_64"])
        .clang()
        .image("arch/x86/boot/bzImage"),
    row("xtensa", 94, &["xtensa-linux-"]),
];

/// The row of an ARCH name. `x86` and `sparc` mean their 64-bit kernels.
pub fn find(name: &str) -> Option<&'static Arch> {
    let name = match name {
        "x86" => "x86_64",
        "sparc" => "sparc64",
        other => other,
    };
    ARCHES.iter().find(|arch| arch.name == name)
}

/// What `--arch all` means: every row that a compiler of Debian 12 can build.
pub fn all() -> impl Iterator<Item = &'static Arch> {
    ARCHES.iter().filter(|arch| arch.package.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(ARCHES.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn make_s_own_synonyms_are_understood() {
        assert_eq!(find("x86").unwrap().name, "x86_64");
        assert_eq!(find("i386").unwrap().srcarch, "x86");
        assert!(find("hurd").is_none());
        assert!(all().count() >= 15);
    }
}
