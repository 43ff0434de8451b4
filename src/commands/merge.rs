//! `hmmsize merge`: read, think, render. `collect` of an executor ends here, too.

use std::path::{Component, Path, PathBuf};

use rayon::prelude::*;

use crate::analyze::merge::{self, Part};
use crate::cli::common::Common;
use crate::cli::merge::Merge;
use crate::exit::{Error, Exit, Result};
use crate::kbuild::executor::verdict_line;
use crate::model::run::{Cell, Run};

use super::gate::read_run;
use super::output;

/// How many missing cells are named.
const NAMED: usize = 10;

/// Runs the command.
pub fn run(common: &Common, args: &Merge) -> Result<Exit> {
    let file = common.output.as_deref().filter(|name| *name != "-").map(Path::new);
    let dir = file.map_or(Path::new(""), |file| file.parent().unwrap_or(Path::new("")));
    let run = join(&args.parts, dir)?;
    let mut text = serde_json::to_string_pretty(&run).expect("plain data");
    text.push('\n');
    output::write(common.output.as_deref(), text)?;
    let complete = complete(common, &run, false, Some("in none of the parts"));
    Ok(if complete { Exit::Ok } else { Exit::Cell })
}

/// Reads the parts and joins them into a run that is going to lie in `dir`.
///
/// # Errors
/// A file that is no part, and parts that cannot be joined.
pub fn join(files: &[PathBuf], dir: &Path) -> Result<Run> {
    let parts = files.par_iter().map(|file| {
        let mut run = read_run(file)?;
        let way = way(dir, file.parent().unwrap_or(Path::new("")))?;
        for cell in &mut run.cells {
            move_files(cell, &way);
        }
        Ok(Part { file: file.clone(), run })
    });
    // The first that is no part is named, whichever was read first.
    let parts: Vec<Result<Part>> = parts.collect();
    merge::merge(&parts.into_iter().collect::<Result<Vec<_>>>()?)
}

/// Says which cells have no result, unless that has been `seen`, and which are `missing`, unless that
/// does not count; whether all are there.
pub fn complete(common: &Common, run: &Run, seen: bool, missing: Option<&str>) -> bool {
    let absent: Vec<&str> = missing.iter().flat_map(|_| run.missing()).collect();
    let bad: Vec<&Cell> = run.cells.iter().filter(|cell| !cell.status.is_result()).collect();
    let without = bad.len() + absent.len();
    if common.quiet < 2 && without > 0 {
        for cell in bad.iter().filter(|_| !seen) {
            crate::exit::say(&format_args!("hmmsize: {}", verdict_line(cell)));
        }
        for id in absent.iter().take(NAMED) {
            crate::exit::say(&format_args!("hmmsize: {id}: {}", missing.unwrap_or_default()));
        }
        if absent.len() > NAMED {
            crate::exit::say(&format_args!("hmmsize: … and {} more", absent.len() - NAMED));
        }
        let all = run.cells.len() + absent.len();
        crate::exit::say(&format_args!("hmmsize: {without} of {all} cells have no result"));
    }
    without == 0
}

/// The files of a cell are named as seen from where the run lies.
fn move_files(cell: &mut Cell, way: &Path) {
    let measured = cell.measured.iter_mut();
    let of_measured = measured.flat_map(|measured| {
        [&mut measured.file, &mut measured.map, &mut measured.config, &mut measured.prelink_file]
    });
    for name in of_measured.chain([&mut cell.reproduce, &mut cell.log]).flatten() {
        *name = way.join(&*name).display().to_string();
    }
}

/// How one gets from one directory to another, by their names alone where they do not exist.
fn way(from: &Path, to: &Path) -> Result<PathBuf> {
    let real = |dir: &Path| {
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        dir.canonicalize().or_else(|_| std::path::absolute(dir)).map_err(|e| Error::io(dir, e))
    };
    let (from, to) = (real(from)?, real(to)?);
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    Ok(up.chain(to.components().skip(common)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_directory_is_reached_from_another() {
        let top = tempfile::tempdir().unwrap();
        let dir = |name: &str| {
            let dir = top.path().join(name);
            std::fs::create_dir_all(&dir).unwrap();
            dir
        };
        let (a, b, c) = (dir("a"), dir("a/b"), dir("c"));
        assert_eq!(way(&a, &a).unwrap(), Path::new(""));
        assert_eq!(way(&a, &b).unwrap(), Path::new("b"));
        assert_eq!(way(&b, &c).unwrap(), Path::new("../../c"));
    }
}
