//! `hmmsize config`: its arguments.

// The help text is printed as it stands.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Example: hmmsize config -C ../linux --arch arm64 --probe=run defconfig
Exit codes: 0 fine; 1 warnings with KCONFIG_WERROR; 2 bad input, or a probe
that is not recorded.";

const EXAMPLES: &str = "\
What is written is what scripts/kconfig/conf of the tree would write, byte for byte. As for make,
several targets are made one after the other, and the environment has KCONFIG_CONFIG,
KCONFIG_ALLCONFIG, KCONFIG_SEED, KCONFIG_PROBABILITY, KCONFIG_WERROR,
KCONFIG_WARN_UNKNOWN_SYMBOLS, KCONFIG_OVERWRITECONFIG, KCONFIG_DEFCONFIG_LIST, ARCH, CROSS_COMPILE
and LLVM.

Exit codes: 0 fine; 1 warnings with KCONFIG_WERROR; 2 bad input, or a probe that is not recorded.

Examples:
  hmmsize config --probe=run defconfig
  hmmsize config -C ../linux --arch arm64 -o /tmp/arm64.config allyesconfig
  hmmsize config -C ../linux --arch all -o configs/ allmodconfig
  hmmsize config --fragment debug.config defconfig
  hmmsize config --seed 42 randconfig";

/// Configure a kernel tree exactly as its own conf does, without building anything.
#[derive(Debug, Clone, Default, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("config")))]
#[command(after_help = EXIT_CODES, after_long_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Config {
    /// Another question.
    #[command(subcommand)]
    pub ask: Option<Ask>,
    /// allyesconfig, defconfig, …; ARCH=arm64, O=DIR, …
    ///
    /// Targets: allyesconfig, allmodconfig, allnoconfig, alldefconfig, tinyconfig, defconfig,
    /// NAME_defconfig, NAME.config, olddefconfig, randconfig, savedefconfig, listnewconfig,
    /// helpnewconfig, yes2modconfig, mod2yesconfig, mod2noconfig. Words for make: ARCH, CROSS_COMPILE, CC, LLVM,
    /// O, W, KCONFIG_*.
    #[arg(value_name = "TARGET|KEY=VALUE", required_unless_present = "check")]
    pub words: Vec<String>,
    /// The tree [default: .].
    #[arg(short = 'C', long = "source", value_name = "TREE")]
    pub tree: Option<PathBuf>,
    /// The kernel's ARCH names, or `all`.
    ///
    /// Of several, each is written to `-o DIR` as DIR/ARCH.config. `all` are the directories below
    /// arch/ that have a Kconfig.
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    pub arch: Vec<String>,
    /// Where results of Kconfig's `$(shell …)` come from.
    ///
    /// They are commands of the tree. `never` runs none of them, `cached` looks them up in what was
    /// recorded, `run` runs and records them.
    #[arg(long, value_name = "MODE", value_enum, default_value_t = ProbeMode::Cached)]
    pub probe: ProbeMode,
    /// The file they are recorded in [default: in the cache].
    ///
    /// Of several architectures, a directory, with ARCH.json for each.
    #[arg(long, value_name = "FILE")]
    pub probe_file: Option<PathBuf>,
    /// Assignments beyond the target's.
    ///
    /// As with KCONFIG_ALLCONFIG for all…config and randconfig; merged into the others, as
    /// scripts/kconfig/merge_config.sh does, before olddefconfig.
    #[arg(long, value_name = "FILE")]
    pub fragment: Vec<PathBuf>,
    /// The configuration to start with.
    ///
    /// [default: KCONFIG_CONFIG, else .config]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only read the Kconfig files and say what is wrong with them.
    ///
    /// Nothing is configured or written. What conf would warn of goes to standard error; a tree that
    /// conf would not accept exits with 2.
    #[arg(long)]
    pub check: bool,
    /// Seed of randconfig.
    #[arg(long, value_name = "N")]
    pub seed: Option<String>,
    /// The language of this version of Linux.
    ///
    /// [default: that of the tree's Makefile]
    #[arg(long, value_name = "VERSION")]
    pub dialect: Option<String>,
}

/// What else can be asked of a tree's Kconfig.
#[derive(Debug, Clone, Subcommand)]
pub enum Ask {
    /// Say why an option has its value, and what to change so that it has another.
    Why(super::why::Why),
}

/// Where the results of probes come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ProbeMode {
    /// None is run; each stays open.
    Never,
    /// From a recording.
    #[default]
    Cached,
    /// They are run, and recorded.
    Run,
}
