//! Which defconfig `make defconfig` takes.
//!
//! It is in arch/SRCARCH/Makefile, as make code. Running it would be running the tree; the few forms
//! it has are read as text instead: assignments of `KBUILD_DEFCONFIG` below conditions on ARCH and on
//! the machine.

use std::path::Path;

/// `KBUILD_DEFCONFIG` for `ARCH=arch`: the target that `make defconfig` stands for.
pub fn default_target(tree: &Path, arch: &str, srcarch: &str) -> String {
    let makefile = makefile(tree, srcarch);
    let named: Vec<&str> = makefile
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("KBUILD_DEFCONFIG"))
        .map(|rest| rest.trim_start().trim_start_matches([':', '?', '=']).trim())
        .collect();
    // Where it depends on ARCH or on the machine, the names tell which is which.
    let machine = std::env::consts::ARCH;
    let wanted = match (srcarch, arch) {
        ("x86" | "um", "x86" | "um") if machine == "x86_64" => "x86_64_defconfig".to_owned(),
        ("x86" | "um", "x86" | "um") => "i386_defconfig".to_owned(),
        ("x86", _) => format!("{arch}_defconfig"),
        ("sparc", "sparc64") => "sparc64_defconfig".to_owned(),
        ("sparc", "sparc") if machine == "sparc64" => "sparc64_defconfig".to_owned(),
        ("sparc", _) => "sparc32_defconfig".to_owned(),
        ("parisc", "parisc64") => "generic-64bit_defconfig".to_owned(),
        ("parisc", _) => "generic-32bit_defconfig".to_owned(),
        ("powerpc", _) => match machine {
            "powerpc64" => "ppc64_defconfig".to_owned(),
            "powerpc" => "ppc_defconfig".to_owned(),
            _ => "ppc64le_defconfig".to_owned(),
        },
        _ => String::new(),
    };
    match named.as_slice() {
        [] => "defconfig".to_owned(),
        [name] if !name.contains('$') => (*name).to_owned(),
        names if wanted.is_empty() => names[0].to_owned(),
        _ => wanted,
    }
}

fn makefile(tree: &Path, srcarch: &str) -> String {
    let file = tree.join("arch").join(srcarch).join("Makefile");
    std::fs::read(file).map_or_else(|_| String::new(), |t| String::from_utf8_lossy(&t).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_follows_the_makefile() {
        let tree = tempfile::tempdir().unwrap();
        let arch = tree.path().join("arch/toy");
        std::fs::create_dir_all(&arch).unwrap();
        assert_eq!(default_target(tree.path(), "toy", "toy"), "defconfig");
        std::fs::write(arch.join("Makefile"), "KBUILD_DEFCONFIG := toy_defconfig\n").unwrap();
        assert_eq!(default_target(tree.path(), "toy", "toy"), "toy_defconfig");
        let x86 = tree.path().join("arch/x86");
        std::fs::create_dir_all(&x86).unwrap();
        let text = "ifeq ($(ARCH),x86)\n        KBUILD_DEFCONFIG := i386_defconfig\nelse\n\
            KBUILD_DEFCONFIG := $(ARCH)_defconfig\nendif\n";
        std::fs::write(x86.join("Makefile"), text).unwrap();
        assert_eq!(default_target(tree.path(), "i386", "x86"), "i386_defconfig");
        assert_eq!(default_target(tree.path(), "x86_64", "x86"), "x86_64_defconfig");
    }
}
