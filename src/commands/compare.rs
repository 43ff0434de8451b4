//! `hmmsize compare`: read, think, render.

use super::size::{Options, Table, table};
use super::{json, output, run_report};
use crate::cli::common::Common;
use crate::cli::compare::{Compare, Format};
use crate::exit::{Exit, Result};
use crate::model::size::Radix;

/// Runs the command.
pub fn run(common: &Common, args: &Compare) -> Result<Exit> {
    if let [file] = args.files.as_slice()
        && json::is_json(file)
    {
        return run_report::run(common, file, run_report::Format::Table);
    }
    let options = Options {
        table: match args.format {
            Format::Berkeley => Table::Berkeley,
            Format::Sysv => Table::Sysv,
            Format::Gnu => Table::Gnu,
        },
        totals: args.totals,
        common: args.common,
        radix: match args.radix.as_str() {
            "8" => Radix::Octal,
            "16" => Radix::Hex,
            _ => Radix::Decimal,
        },
    };
    let (out, warnings) = table(&args.files, options)?;
    if common.quiet == 0 {
        for warning in warnings {
            eprintln!("hmmsize: warning: {warning}");
        }
    }
    output::write(common.output.as_deref(), out)?;
    Ok(Exit::Ok)
}
