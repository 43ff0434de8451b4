//! The formats of GNU `size` for `hmmsize compare`: read, add up, print.
//!
//! Everything is rendered before the first byte is written, so that a bad file leaves no half table
//! behind. No thread, table or regex is set up here: `size` takes 1.6 ms, most of it process start.

use std::path::{Path, PathBuf};

use crate::analyze::size;
use crate::elf::{Input, Want};
use crate::exit::Result;
use crate::model::image::Image;
use crate::model::size::Radix;
use crate::render::berkeley::{write_berkeley, write_gnu, write_sysv};

/// Which of `size`'s tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `size -B`, the default.
    Berkeley,
    /// `size -A`
    Sysv,
    /// `size -G`
    Gnu,
}

/// What `size`'s own options change.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// `-B`, `-A` or `-G`
    pub table: Table,
    /// `-t`
    pub totals: bool,
    /// `--common`
    pub common: bool,
    /// `--radix`
    pub radix: Radix,
}

/// The table of `files`, and the readers' warnings.
///
/// # Errors
///
/// The first file that can't be measured.
pub fn table(files: &[PathBuf], options: Options) -> Result<(Vec<u8>, Vec<String>)> {
    let mut warnings = Vec::new();
    let mut out = Vec::new();
    let mut rows = Vec::new();
    let mut tables = Vec::new();
    for file in files {
        each_image(file, options.common, &mut warnings, |image| match options.table {
            Table::Berkeley => rows.push(size::berkeley_row(image, options.common)),
            Table::Gnu => rows.push(size::gnu_row(image, options.common)),
            Table::Sysv => tables.push(size::sysv(image, options.common)),
        })?;
    }
    let totals = options.totals.then(|| size::totals(rows.iter().map(|row| &row.size)));
    let written = match options.table {
        Table::Berkeley => write_berkeley(&mut out, &rows, totals.as_ref(), options.radix),
        Table::Gnu => write_gnu(&mut out, &rows, totals.as_ref(), options.radix),
        Table::Sysv => write_sysv(&mut out, &tables, options.radix),
    };
    written.expect("writing to memory does not fail");
    Ok((out, warnings))
}

/// Opens one file after the other, so that thousands of them cost no memory.
fn each_image(
    file: &Path,
    symbols: bool,
    warnings: &mut Vec<String>,
    mut f: impl FnMut(&Image<'_>),
) -> Result<()> {
    let input = Input::open(file)?;
    warnings.extend(input.warnings().iter().cloned());
    for image in input.images(Want { symbols, ..Want::TOTALS })? {
        warnings.extend(image.warnings.iter().map(|warning| format!("{}: {warning}", image.name)));
        f(&image);
    }
    Ok(())
}
