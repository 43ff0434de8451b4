//! Configuration targets that an architecture's Makefile makes out of others.
//!
//! arch/SRCARCH/Makefile has them as make code. Running it would be running the tree; the few forms
//! that there are, are read as text instead: `merge_into_defconfig` (arm, arm64, powerpc), a make of
//! other targets, with `KCONFIG_ALLCONFIG` or without (powerpc, riscv), and mips' generic kernels,
//! whose boards have fragments that say what they require.

use std::path::{Path, PathBuf};

/// What such a target does; files are relative to the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Generated {
    /// A file with fragments merged into it, then olddefconfig.
    Merged(PathBuf, Vec<PathBuf>),
    /// Other targets.
    Targets {
        /// Their names.
        names: Vec<String>,
        /// `KCONFIG_ALLCONFIG`
        allconfig: Option<PathBuf>,
        /// `BOARDS`, where it is given.
        boards: Option<Vec<String>>,
    },
    /// A file with fragments merged into it, and those of the boards whose requirements hold in what
    /// olddefconfig makes of that; then olddefconfig.
    Boards(PathBuf, Vec<PathBuf>, Vec<PathBuf>),
}

/// What `name` does in `tree`, if the architecture's Makefile has a rule for it that is understood.
/// `boards` is mips' variable `BOARDS`; without it, all there are.
pub fn find(
    tree: &Path,
    srcarch: &str,
    name: &str,
    boards: Option<&[String]>,
) -> Option<Generated> {
    let file = tree.join("arch").join(srcarch).join("Makefile");
    let makefile = std::fs::read(file).ok()?;
    let makefile = String::from_utf8_lossy(&makefile).replace("\\\n", " ");
    let configs = Path::new("arch").join(srcarch).join("configs");
    rule(&makefile, name, &configs).or_else(|| {
        let (isa, endian) = generic(&makefile, name)?;
        let generic = configs.join("generic");
        let fragments = [isa, endian].map(|part| generic.join(format!("{part}.config")));
        let board = |board: &String| generic.join(format!("board-{board}.config"));
        let boards = match boards {
            Some(boards) => boards.iter().map(board).collect(),
            None => all_boards(tree, &generic),
        };
        Some(Generated::Boards(configs.join("generic_defconfig"), fragments.into(), boards))
    })
}

/// `NAME: …` with a recipe of one of the forms, or of nothing but another target; `NAME-y := …`.
fn rule(makefile: &str, name: &str, configs: &Path) -> Option<Generated> {
    let mut lines = makefile.lines();
    if let Some(value) = variable(makefile, &format!("{name}-y")) {
        return targets(value);
    }
    let needs = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let recipe: Vec<&str> =
        lines.take_while(|line| line.starts_with('\t')).map(str::trim).collect();
    match recipe.as_slice() {
        [] if !needs.trim().is_empty() => targets(needs),
        [call] if call.starts_with("$(call merge_into_defconfig") => {
            let (base, fragments) = call.split_once(',')?.1.strip_suffix(')')?.split_once(',')?;
            let fragment = |name: &str| configs.join(format!("{name}.config"));
            let fragments = fragments.split_whitespace().map(fragment).collect();
            Some(Generated::Merged(configs.join(base.trim()), fragments))
        }
        [make] => targets(make.strip_prefix("$(Q)$(MAKE)")?),
        _ => None,
    }
}

/// The value of `NAME := …`.
fn variable<'a>(makefile: &'a str, name: &str) -> Option<&'a str> {
    makefile.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(":="))
}

/// What make is asked for: targets, variables, and the Makefile again.
fn targets(words: &str) -> Option<Generated> {
    let (mut names, mut allconfig, mut boards) = (Vec::new(), None, None);
    let mut words = words.split_whitespace();
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some(("KCONFIG_ALLCONFIG", file)) => {
                allconfig = Some(file.strip_prefix("$(srctree)/")?.into());
            }
            Some(("BOARDS", board)) => boards = Some(vec![board.to_owned()]),
            None if word == "-f" => {
                words.next().filter(|file| *file == "$(srctree)/Makefile")?;
            }
            None if !word.contains('$') => names.push(word.to_owned()),
            _ => return None,
        }
    }
    (!names.is_empty()).then_some(Generated::Targets { names, allconfig, boards })
}

/// `32r2`, `el` for `32r2el_defconfig`, as arch/mips/Makefile makes such names:
/// `$(eval $(call gen_generic_defconfigs,32 64,r1 r2 r6,eb el))`.
fn generic(makefile: &str, name: &str) -> Option<(String, String)> {
    let calls = makefile.lines().filter_map(|line| {
        line.trim().strip_prefix("$(eval $(call gen_generic_defconfigs,")?.strip_suffix("))")
    });
    for call in calls {
        let mut lists = call.split(',').map(str::split_whitespace);
        let (bits, revisions, endians) = (lists.next()?, lists.next()?, lists.next()?);
        for bits in bits {
            for revision in revisions.clone() {
                for endian in endians.clone() {
                    let little = if endian == "el" { "el" } else { "" };
                    if name == format!("{bits}{revision}{little}_defconfig") {
                        return Some((format!("{bits}{revision}"), endian.to_owned()));
                    }
                }
            }
        }
    }
    None
}

/// `$(wildcard …/board-*.config)`, which make sorts.
fn all_boards(tree: &Path, generic: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(tree.join(generic)).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let board = |name: &String| name.starts_with("board-") && name.ends_with(".config");
    let mut names: Vec<String> = names.filter(board).collect();
    names.sort();
    names.into_iter().map(|name| generic.join(name)).collect()
}

/// Whether what a board's fragment requires holds in `config` (arch/mips/tools/generic-board-config.sh):
/// `# require CONFIG_X=y`. What it says otherwise, the script does not know, and leaves the board out.
pub fn board_fits(fragment: &[u8], config: &[u8]) -> bool {
    let lines = |text| String::from_utf8_lossy(text).lines().map(str::to_owned).collect::<Vec<_>>();
    let config = lines(config);
    lines(fragment)
        .iter()
        .filter_map(|line| line.strip_prefix("# require "))
        .all(|wanted| wanted.ends_with("=y") && config.iter().any(|line| line == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn rules_are_read() {
        let text = "PHONY += le_defconfig\nle_defconfig:\n\
            \t$(call merge_into_defconfig,big_defconfig,\\\n\t\tle smp)\n\nother_defconfig:\n\techo\n\
            alias_defconfig: le_defconfig\n\nvirtconfig:\n\t$(call merge_into_defconfig_override,defconfig,virt)\n\
            rv32_defconfig:\n\t$(Q)$(MAKE) -f $(srctree)/Makefile defconfig 32-bit.config\n\
            le_allmodconfig:\n\t$(Q)$(MAKE) KCONFIG_ALLCONFIG=$(srctree)/arch/x/configs/le.config \\\n\
            \t\t-f $(srctree)/Makefile allmodconfig\n\
            old_defconfig-y\t\t:= 32r2el_defconfig BOARDS=ocelot\n"
            .replace("\\\n", " ");
        let read = |name| rule(&text, name, Path::new("c"));
        let merged = |base: &str, fragments: &[&str]| {
            Some(Generated::Merged(base.into(), fragments.iter().map(PathBuf::from).collect()))
        };
        assert_eq!(
            read("le_defconfig"),
            merged("c/big_defconfig", &["c/le.config", "c/smp.config"])
        );
        assert_eq!(read("virtconfig"), merged("c/defconfig", &["c/virt.config"]));
        let targets = |words: &[&str], allconfig: Option<&str>, boards: Option<&[&str]>| {
            let (allconfig, boards) = (allconfig.map(PathBuf::from), boards.map(names));
            Some(Generated::Targets { names: names(words), allconfig, boards })
        };
        assert_eq!(read("alias_defconfig"), targets(&["le_defconfig"], None, None));
        assert_eq!(read("rv32_defconfig"), targets(&["defconfig", "32-bit.config"], None, None));
        let le = Some("arch/x/configs/le.config");
        assert_eq!(read("le_allmodconfig"), targets(&["allmodconfig"], le, None));
        assert_eq!(read("old_defconfig"), targets(&["32r2el_defconfig"], None, Some(&["ocelot"])));
        assert_eq!((read("other_defconfig"), read("no_defconfig")), (None, None));
    }

    #[test]
    fn generic_kernels_of_mips_are_made_by_their_names() {
        let text = "$(eval $(call gen_generic_defconfigs,32 64,r1 r2 r6,eb el))\n\
            $(eval $(call gen_generic_defconfigs,micro32,r2,eb el))\n";
        let made = |name| generic(text, name);
        let parts = |isa: &str, endian: &str| Some((isa.to_owned(), endian.to_owned()));
        assert_eq!(made("64r6el_defconfig"), parts("64r6", "el"));
        assert_eq!(made("micro32r2_defconfig"), parts("micro32r2", "eb"));
        assert_eq!(made("micro32r6_defconfig"), None);
    }

    #[test]
    fn boards_say_what_they_require() {
        let board = b"# require CONFIG_A=y\n# require CONFIG_B=y\nCONFIG_C=y\n";
        assert!(board_fits(board, b"CONFIG_B=y\nCONFIG_A=y\n"));
        assert!(!board_fits(board, b"CONFIG_B=y\nCONFIG_AA=y\n# CONFIG_A is not set\n"));
        assert!(board_fits(b"CONFIG_C=y\n", b""));
    }
}
