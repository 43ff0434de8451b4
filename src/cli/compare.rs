//! `hmmsize compare`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXIT_CODES: &str = "\
Example: hmmsize compare --by class old/vmlinux new/vmlinux
Exit codes: 0 fine; 1 different (--exit-code); 2 bad input, not comparable.";

const EXAMPLES: &str = "\
Exit codes: 0 fine; 1 the files differ and --exit-code was given; 2 bad input or not comparable.

Examples:
  hmmsize compare ../without/vmlinux vmlinux
  hmmsize compare --by class,section old/vmlinux new/vmlinux
  hmmsize compare --by inline old/vmlinux new/vmlinux
  hmmsize compare --by option -C linux old/vmlinux new/vmlinux
  hmmsize compare --by symbol --filter '^hmm_' --top 0 old/vmlinux new/vmlinux
  hmmsize compare --compat bloat-o-meter old/vmlinux new/vmlinux";

/// Compare the sizes of images: totals as `size` prints them, then what changed.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("compare")))]
#[command(after_help = EXIT_CODES, after_long_help = EXAMPLES)]
pub struct Compare {
    /// ELF files (vmlinux, .ko, .o), archives; or a run.json.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How to print it [default: table].
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Tables of these instead of the top changes.
    ///
    /// One table each.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND")]
    pub by: Vec<ByArg>,
    /// The tree: for subsystems [default: beside the file], options and guards.
    #[arg(short = 'C', long = "source", value_name = "TREE")]
    pub tree: Option<PathBuf>,
    /// Compare against the N-th file, not the first.
    #[arg(long, value_name = "N")]
    pub against: Option<usize>,
    /// Order of rows.
    #[arg(long, value_enum, value_name = "KEY", hide_short_help = true)]
    pub sort: Option<SortArg>,
    /// Show at most N rows of a table, 0 for all.
    ///
    /// [default: 20, or 10 symbols; all as json or csv]
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// Only rows whose name matches.
    #[arg(long, value_name = "REGEX")]
    pub filter: Option<String>,
    /// Only rows that changed like this.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CHANGE")]
    pub show: Vec<ShowArg>,
    /// Functions, data, read-only data apart.
    ///
    /// As bloat-o-meter -c.
    #[arg(long, conflicts_with_all = ["data", "text"], hide_short_help = true)]
    pub categorize: bool,
    /// Only data, as bloat-o-meter -d.
    #[arg(long, conflicts_with = "text", hide_short_help = true)]
    pub data: bool,
    /// Only functions, as bloat-o-meter -t.
    ///
    /// With --by unit: only code, without looking up every variable.
    #[arg(long, hide_short_help = true)]
    pub text: bool,
    /// Print exactly what this tool would.
    #[arg(long, value_enum, value_name = "TOOL", conflicts_with_all = ["format", "by"])]
    pub compat: Option<Compat>,
    /// Options that were asked for.
    ///
    /// Their changes are listed apart from the ones dragged in.
    #[arg(long, value_name = "OPTION", value_delimiter = ',')]
    pub option: Vec<String>,
    /// Refuse what can't be compared well (exit 2).
    ///
    /// Files of different compilers, linkers, architectures or kinds.
    #[arg(long)]
    pub strict: bool,
    /// Exit with 1 if sizes or symbols differ.
    #[arg(long)]
    pub exit_code: bool,
    /// With --format json: where symbols are from.
    ///
    /// Their source files, from debug information; from linker maps objects are read in any case.
    #[arg(long, hide_short_help = true)]
    pub units: bool,
    /// Add totals of all files, as `size -t`.
    #[arg(short, long)]
    pub totals: bool,
    /// Count COMMON, as `size --common`.
    #[arg(long, hide_short_help = true)]
    pub common: bool,
    /// Numbers of `size` in this base.
    #[arg(long, value_parser = ["8", "10", "16"], default_value = "10", value_name = "BASE", hide_short_help = true)]
    pub radix: String,
}

/// How to print a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The table of `size`, differences, top changes, warnings.
    Table,
    /// The same for a pull request.
    Markdown,
    /// JSON, see src/schema/compare.schema.json.
    Json,
    /// Comma-separated values.
    Csv,
    /// The table of `size`.
    Berkeley,
    /// The tables of `size -A`.
    Sysv,
    /// The table of `size -G`.
    Gnu,
    /// All changes of symbols in bloat-o-meter's layout.
    Bloat,
}

/// What to compare by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ByArg {
    /// What bytes are for: code, data, init, unwind tables, padding, …
    Class,
    /// ELF sections.
    Section,
    /// Symbols.
    Symbol,
    /// Object files, of archives or by the linker map.
    Object,
    /// Directories of object or source files.
    Dir,
    /// Compile units, by debug information or the linker map.
    Unit,
    /// Sections of the tree's MAINTAINERS.
    Subsystem,
    /// Functions that were inlined into others, by debug information.
    Inline,
    /// Options that decide whether bytes are there, by the source (-C TREE).
    Option,
    /// Guards and lines of makefiles that decide, by the source (-C TREE).
    Guard,
}

/// Order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SortArg {
    /// Largest growth first.
    Delta,
    /// Largest change first.
    Abs,
    /// By name.
    Name,
    /// Largest first.
    Size,
    /// Largest growth in percent first.
    Percent,
}

/// Which rows to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShowArg {
    /// Only in the new file.
    Added,
    /// Only in the old file.
    Removed,
    /// Larger.
    Grown,
    /// Smaller.
    Shrunk,
    /// Unchanged in size.
    Same,
    /// Same thing, other name.
    Renamed,
    /// Everything.
    All,
}

/// Tools whose output can be reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compat {
    /// The kernel's scripts/bloat-o-meter (6.12).
    BloatOMeter,
}
