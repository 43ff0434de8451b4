//! Programs that a configuration needs at the end of its build, asked for at the beginning.
//!
//! An allyesconfig kernel is compiled for hours and linked for minutes before make calls gawk for the first
//! time. Kconfig does not ask whether it is there, and make says `gawk: not found` then.

use std::ffi::OsStr;

use super::toolchain::{Toolchain, which};
use crate::exit::{Error, Result};
use crate::model::config::Config;
use crate::model::run::Target;

/// A program that some option needs.
struct Need {
    /// The option, without `CONFIG_`.
    symbol: &'static str,
    /// The program, as the tree calls it.
    program: &'static str,
    /// The Debian package it is in.
    package: &'static str,
    /// The make variable that may name another.
    variable: Option<&'static str>,
    /// Only boot images need it.
    image: bool,
}

const fn image(
    symbol: &'static str,
    program: &'static str,
    package: &'static str,
    variable: &'static str,
) -> Need {
    Need { symbol, program, package, variable: Some(variable), image: true }
}

/// scripts/Makefile.vmlinux (since 6.12), and the compressors of scripts/Makefile.lib with the variables of the
/// top Makefile.
const NEEDS: &[Need] = &[
    Need {
        symbol: "BUILTIN_MODULE_RANGES",
        program: "gawk",
        package: "gawk",
        variable: None,
        image: false,
    },
    image("KERNEL_BZIP2", "bzip2", "bzip2", "KBZIP2"),
    image("KERNEL_LZMA", "lzma", "xz-utils", "LZMA"),
    image("KERNEL_LZO", "lzop", "lzop", "KLZOP"),
    image("KERNEL_LZ4", "lz4", "lz4", "LZ4"),
    image("KERNEL_XZ", "xz", "xz-utils", "XZ"),
    image("KERNEL_ZSTD", "zstd", "zstd", "ZSTD"),
];

/// Whether what `config` needs for `target` is there.
///
/// # Errors
/// The first program that is missing, with the option that needs it and the package to install.
pub fn check(config: &Config, target: &Target, toolchain: &Toolchain) -> Result<()> {
    let path = toolchain.env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
    for need in NEEDS {
        let wanted = match target {
            Target::Vmlinux => !need.image,
            Target::Image => true,
            Target::Modules | Target::Scope(_) => false,
        };
        let named = need.variable.and_then(|variable| toolchain.words.get(variable));
        if wanted
            && config.value(need.symbol) == "y"
            && named.is_none()
            && which(need.program, &path).is_none()
        {
            let Need { symbol, program, package, .. } = need;
            return Err(Error::Cell(format!(
                "no {program}, which {symbol} needs (Debian: apt install {package})"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::words::MakeWords;

    #[test]
    fn what_is_missing_is_said_with_the_option_and_the_package() {
        let dir = tempfile::tempdir().unwrap();
        let toolchain = |words: &[&str]| Toolchain {
            words: MakeWords::parse(words).unwrap(),
            compiler: String::new(),
            linker: String::new(),
            fingerprint: String::new(),
            ccache: None,
            distcc: None,
            env: [("PATH".into(), dir.path().into())].into(),
        };
        let config = |symbols: &[&str]| Config {
            values: symbols.iter().map(|&symbol| (symbol.to_owned(), "y".to_owned())).collect(),
        };
        let ranges = config(&["BUILTIN_MODULE_RANGES", "KERNEL_LZO"]);
        let said = |target: &Target, words: &[&str]| {
            check(&ranges, target, &toolchain(words)).map_err(|err| err.to_string())
        };
        let gawk = "no gawk, which BUILTIN_MODULE_RANGES needs (Debian: apt install gawk)";
        assert_eq!(said(&Target::Vmlinux, &[]), Err(gawk.to_owned()));
        assert_eq!(said(&Target::Scope("mm/".into()), &[]), Ok(()));
        let gawk = dir.path().join("gawk");
        std::fs::write(&gawk, "").unwrap();
        std::fs::set_permissions(&gawk, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        assert_eq!(said(&Target::Vmlinux, &[]), Ok(()));
        let lzop = "no lzop, which KERNEL_LZO needs (Debian: apt install lzop)";
        assert_eq!(said(&Target::Image, &[]), Err(lzop.to_owned()));
        assert_eq!(said(&Target::Image, &["KLZOP=/opt/lzop"]), Ok(()));
    }
}
