//! `hmmsize compare`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `hmmsize compare`.
#[derive(Debug, Clone, Args)]
pub struct Compare {
    /// ELF files (vmlinux, .ko, .o) and archives.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Berkeley, value_name = "FORMAT")]
    pub format: Format,
    /// Add the totals of all files, as `size -t` does.
    #[arg(short, long)]
    pub totals: bool,
    /// Count COMMON symbols, as `size --common` does.
    #[arg(long)]
    pub common: bool,
    /// Print the numbers of `size`'s formats in base 8, 10 or 16.
    #[arg(long, value_parser = ["8", "10", "16"], default_value = "10", value_name = "BASE")]
    pub radix: String,
}

/// How to print a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The table of `size`.
    Berkeley,
    /// The tables of `size -A`.
    Sysv,
    /// The table of `size -G`.
    Gnu,
}
