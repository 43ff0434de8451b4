//! `hmmsize build`: its arguments.

// The help text is printed as it stands.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::machines::Machines;

const SHORT: &str = "\
Example: hmmsize build --arch x86_64,arm64 --option ZONE_DEVICE O=../out
Exit codes: 0 all is built; 2 bad input; 3 a cell failed or was skipped.";

const LONG: &str = "\
Exit codes: 0 all is built; 2 bad usage or input, or a request that a configuration drops; 3 a cell
failed or was skipped (125 with --bisect).

Examples:
  hmmsize build --arch x86_64,arm64 --option ZONE_DEVICE O=../out
  hmmsize build -C ../linux --option HMM_MIRROR --target mm/ --dry-run
  hmmsize build --base v6.11 --head v6.12 --option ZONE_DEVICE --arch arm
  hmmsize build --arch all --option ZONE_DEVICE --keep results O=../out
  hmmsize build --resume O=../out";

/// Build kernels with and without an option, on several architectures, and measure them.
#[derive(Debug, Clone, Default, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("build")))]
#[command(after_help = SHORT, after_long_help = LONG)]
pub struct Build {
    /// What to build.
    #[command(flatten)]
    pub what: What,
    /// Print the plan with the exact make command lines.
    ///
    /// Nothing is done.
    #[arg(long, help_heading = "How")]
    pub dry_run: bool,
    /// Say which requests hold; compile nothing.
    ///
    /// Every cell is configured; of requests that do not hold it is said why.
    #[arg(long, conflicts_with_all = ["dry_run", "resume", "rebuild", "noise"], help_heading = "How")]
    pub configure_only: bool,
    /// Go on with an interrupted run.
    ///
    /// Without other arguments, with those it was started with.
    #[arg(long, help_heading = "How")]
    pub resume: bool,
    /// Build again what the same inputs have made before.
    #[arg(long, conflicts_with = "resume", help_heading = "How", hide_short_help = true)]
    pub rebuild: bool,
    /// End a cell that takes longer (90s, 40m, 2h).
    ///
    /// Configuring is included; a plain number means seconds.
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "How", hide_short_help = true)]
    pub timeout: Option<Duration>,
    /// Measure which differences mean nothing.
    ///
    /// Builds one cell several times with what should not matter changed (length of the version
    /// string, output path) and reports the spread; smaller differences are marked.
    #[arg(long, help_heading = "How", hide_short_help = true)]
    pub noise: bool,
    /// What stays of a finished cell: all, or results.
    ///
    /// Results are what was measured, .config, logs and reproduce.sh [default: all; results where
    /// more than two revisions are built].
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        hide_possible_values = true,
        help_heading = "How",
        hide_short_help = true
    )]
    pub keep: Option<Kept>,
    /// Build only these cells of the matrix.
    ///
    /// As `hmmsize plan` deals them out: ARCH/SOURCE/VARIANT. The result is a part of the run,
    /// part-….json, for `hmmsize merge`.
    #[arg(
        long,
        value_name = "CELL",
        value_delimiter = ',',
        conflicts_with = "noise",
        hide_short_help = true,
        help_heading = "How"
    )]
    pub cells: Vec<String>,
    /// Where.
    #[command(flatten)]
    pub machines: Machines,
    /// Do not use ccache.
    #[arg(long, help_heading = "How", hide_short_help = true)]
    pub no_ccache: bool,
    /// Build each variant from nothing.
    ///
    /// Else a variant is built on a copy of the tree of the one that it is compared with, if less than
    /// half of the objects name an option that differs.
    #[arg(long, hide_short_help = true, help_heading = "How")]
    pub no_incremental: bool,
    /// Exit with 125 instead of 3, for `git bisect run`.
    ///
    /// It skips a revision that does not build.
    #[arg(long, help_heading = "How", hide_short_help = true)]
    pub bisect: bool,
}

/// What stays of a finished cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kept {
    /// The build tree too.
    All,
    /// What was measured and how.
    Results,
}

/// What to build: shared by every command that builds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct What {
    /// Words for make: ARCH=arm64, O=DIR, LLVM=1, KCFLAGS=-w, …
    ///
    /// CC=… and CROSS_COMPILE=… too, as on make's own command line.
    #[arg(value_name = "KEY=VALUE")]
    pub words: Vec<String>,
    /// Tree, tarball or git repository [default: .].
    ///
    /// Several are compared; LABEL= names one in the results.
    #[arg(short = 'C', long, value_name = "[LABEL=]TREE", help_heading = "Sources")]
    pub source: Vec<String>,
    /// The git revision to compare with.
    #[arg(long, value_name = "REV", help_heading = "Sources")]
    pub base: Option<String>,
    /// The git revision to compare.
    #[arg(long, value_name = "REV", help_heading = "Sources")]
    pub head: Option<String>,
    /// Every commit of a series, against A.
    #[arg(long, value_name = "A..B", conflicts_with_all = ["base", "head"], help_heading = "Sources", hide_short_help = true)]
    pub range: Option<String>,
    /// The kernel's ARCH names, or `all`.
    ///
    /// `all` are those that Debian has a compiler for.
    #[arg(long, value_name = "ARCH", value_delimiter = ',', help_heading = "Matrix")]
    pub arch: Vec<String>,
    /// Options to build with and without.
    ///
    /// `with` has them =y, or as given, `without` has them =n; NAME=n leaves it as the base
    /// configuration has it in `with`.
    #[arg(long, value_name = "NAME[=VALUE]", value_delimiter = ',', help_heading = "Matrix")]
    pub option: Vec<String>,
    /// Only these variants, such as with or without.
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "Matrix")]
    pub variant: Vec<String>,
    /// Architectures × sources × variants from a file.
    ///
    /// [default: the one hmmsize carries, where no option, source or base configuration is named]
    #[arg(long, value_name = "FILE", help_heading = "Matrix", hide_short_help = true)]
    pub matrix: Option<PathBuf>,
    /// Where configurations start [default: allyesconfig].
    ///
    /// allyesconfig, allmodconfig, allnoconfig, tinyconfig, defconfig, NAME_defconfig, or a file.
    #[arg(long, value_name = "CONFIG", help_heading = "Configuration")]
    pub base_config: Option<String>,
    /// Assignments for every cell, after those.
    #[arg(long, value_name = "FILE", help_heading = "Configuration", hide_short_help = true)]
    pub fragment: Vec<String>,
    /// Turn off what no product ships: WERROR, KASAN, …
    ///
    /// allyesconfig turns it on: WERROR, KASAN, UBSAN, KCOV, GCOV_KERNEL, IKCONFIG, IKHEADERS.
    #[arg(long, help_heading = "Configuration", hide_short_help = true)]
    pub quiet_config: bool,
    /// Ask for DWARF.
    ///
    /// What that sets in the configuration is listed as ours.
    #[arg(long, help_heading = "Configuration", hide_short_help = true)]
    pub debug_info: bool,
    /// vmlinux, image, modules or mm/ [default: vmlinux].
    ///
    /// What to build and measure: vmlinux, image (boot image), modules, or a scope such as mm/ or
    /// mm/hmm.o (its directory is built).
    #[arg(long, value_name = "TARGET", help_heading = "Matrix")]
    pub target: Option<String>,
    /// For build trees, logs and run.json, as O=DIR.
    ///
    /// [default: in the cache]
    #[arg(long, value_name = "DIR", help_heading = "Sources")]
    pub out: Option<PathBuf>,
}

/// `90`, `90s`, `40m`, `2h`.
fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.trim_end_matches(char::is_alphabetic) {
        number if number.len() == text.len() => (number, "s"),
        number => (number, &text[number.len()..]),
    };
    let factor = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => return Err("expected a time such as 90s, 40m or 2h".into()),
    };
    let seconds = number.parse::<u32>().ok().filter(|&n| n > 0);
    let seconds = seconds.ok_or("expected a time such as 90s, 40m or 2h")?;
    Ok(Duration::from_secs(u64::from(seconds) * factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(time("90"), Ok(Duration::from_secs(90)));
        assert_eq!(time("40m"), Ok(Duration::from_secs(2400)));
        assert_eq!(time("2h"), Ok(Duration::from_secs(7200)));
        for bad in ["", "0", "m", "-1s", "1d", "1.5h"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
