//! Measures a bare image for the gate: as much of a record as an ELF file tells by itself.

use std::path::Path;

use crate::cli::common::Common;
use crate::cli::gate::Gate;
use crate::commands::measure;
use crate::elf::{Input, Want};
use crate::exit::{Error, Result};
use crate::kbuild::arches;
use crate::model::baseline::Recorded;
use crate::model::image::{Bits, Image, Kind};
use crate::model::run::Target;

/// The name of an image, and what it would be recorded as. What its readers found odd is said on
/// standard error.
pub fn measure(common: &Common, file: &Path, args: &Gate) -> Result<(String, Recorded)> {
    let input = Input::open(file)?;
    let image = input.image(Want::SYMBOLS)?;
    match image.kind {
        Kind::Linked => {}
        Kind::Prelink => {
            let msg =
                "is pre-link: the gate judges vmlinux, never what the final link has yet to change";
            return Err(Error::input(file, msg));
        }
        Kind::Module | Kind::Object => {
            return Err(Error::input(file, "is not a linked kernel: the gate judges vmlinux"));
        }
    }
    let (compiler, linker) = toolchain(&image);
    // The numbers as `build` would have them: from the linker map beside the image if there is one.
    let mut map = file.as_os_str().to_owned();
    map.push(".map");
    let map = Path::new(&map);
    let (measured, diags) = measure::linked(file, map.is_file().then_some(map))?;
    if common.quiet == 0 {
        for diag in diags {
            crate::exit::say(&format_args!("hmmsize: warning: {diag}"));
        }
    }
    let record = Recorded {
        arch: arch(&image).ok_or_else(|| {
            Error::input(
                file,
                format!("no kernel architecture has ELF machine {}", image.header.machine),
            )
        })?,
        base_config: None,
        target: Target::Vmlinux,
        variant: args.what.variant.first().cloned(),
        source: None,
        labels: Vec::new(),
        compiler,
        linker,
        size: measured.size,
        payload: measured.payload,
        classes: measured.classes,
        padding: measured.padding,
        bytes: None,
        noise: None,
        symbols: None,
    };
    Ok((file.display().to_string(), record))
}

/// The kernel's name for the image's machine.
pub fn arch(image: &Image<'_>) -> Option<String> {
    // Where the ARCHES table leaves it open: 32-bit PowerPC and SPARC, and PA-RISC's two widths.
    let name = match (image.header.machine, image.header.bits) {
        (20, _) => Some("powerpc"),
        (2 | 18, _) => Some("sparc"),
        (15, Bits::B64) => Some("parisc64"),
        _ => None,
    };
    let machine = |arch: &&arches::Arch| arch.machine == Some(image.header.machine);
    let found = || arches::ARCHES.iter().find(machine).map(|arch| arch.name.to_string());
    name.map(str::to_owned).or_else(found)
}

/// Compiler and linker as the image names them: from `linux_banner`, else from `.comment`.
///
/// `Linux version 6.12.0 (user@host) (gcc (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for
/// Debian) 2.40) #1 …`
fn toolchain(image: &Image<'_>) -> (Option<String>, Option<String>) {
    if let Some(found) = image.banner.and_then(|banner| from_banner(&banner.to_string())) {
        return found;
    }
    let idents: Vec<String> = image.idents.iter().map(ToString::to_string).collect();
    let linker = idents.iter().find_map(|ident| ident.strip_prefix("Linker: ")).map(str::to_owned);
    let compiler = idents.into_iter().find(|ident| !ident.starts_with("Linker: "));
    (compiler, linker)
}

fn from_banner(banner: &str) -> Option<(Option<String>, Option<String>)> {
    let tools = banner.strip_prefix("Linux version ")?.split_once(") (")?.1;
    // The group that was opened by "(" ends where its parentheses balance.
    let mut depth = 1_i32;
    let end = tools.char_indices().find_map(|(at, c)| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        (depth == 0).then_some(at)
    })?;
    let (compiler, linker) = tools[..end].rsplit_once(", ")?;
    Some((Some(compiler.to_owned()), Some(linker.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::from_banner;

    #[test]
    fn the_banner_names_compiler_and_linker() {
        let banner = "Linux version 6.12.117 (root@box) (x86_64-linux-gnu-gcc (Debian \
                      12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP";
        let (compiler, linker) = from_banner(banner).unwrap();
        assert_eq!(compiler.unwrap(), "x86_64-linux-gnu-gcc (Debian 12.2.0-14+deb12u1) 12.2.0");
        assert_eq!(linker.unwrap(), "GNU ld (GNU Binutils for Debian) 2.40");
        let clang = "Linux version 6.1.0 (a@b) (Debian clang version 14.0.6, Debian LLD 14.0.6) #2";
        assert_eq!(from_banner(clang).unwrap().1.unwrap(), "Debian LLD 14.0.6");
        for broken in
            ["", "Linux version 6.1", "Linux version 6 (a) (gcc (x", "Linux version 6 (a) ()"]
        {
            assert_eq!(from_banner(broken), None, "{broken}");
        }
    }
}
