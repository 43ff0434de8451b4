//! `hmmsize compare run.json`: what a run measured, as tables.

use std::path::Path;

use crate::analyze::run::report;
use crate::cli::common::Common;
use crate::exit::{Exit, Result};
use crate::render::{run as table, run_csv, run_markdown};

use super::gate::read_run;
use super::output;

/// How to print a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Blocks of `size`, deltas and a summary, for a terminal.
    Table,
    /// The blocks of `size` alone.
    Berkeley,
    /// For a comment on a pull request.
    Markdown,
    /// Everything; the schema is `src/schema/run-report.schema.json`.
    Json,
    /// One line a comparison.
    Csv,
}

/// Prints the run in `file`.
///
/// # Errors
///
/// A file that is no run, or cannot be written. A cell without a result is no error: everything is
/// printed, and the exit code says that the run is not complete.
pub fn run(common: &Common, file: &Path, format: Format) -> Result<Exit> {
    let run = read_run(file)?;
    let report = report(&run, &file.display().to_string());
    let text = match format {
        Format::Table => table::render(&report, output::view(common).width),
        Format::Berkeley => report.blocks.iter().map(table::size_block).collect(),
        Format::Markdown => run_markdown::render(&report),
        Format::Json => {
            let mut text = serde_json::to_string_pretty(&report).expect("plain data");
            text.push('\n');
            text
        }
        Format::Csv => run_csv::render(&report),
    };
    output::write(common.output.as_deref(), &text)?;
    Ok(if report.complete { Exit::Ok } else { Exit::Cell })
}
