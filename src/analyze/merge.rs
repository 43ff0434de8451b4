//! Joins the parts of a run, as `hmmsize build --cells` writes them, into the run that one build
//! would have written.
//!
//! Only parts of one plan are joined: the same sources by digest, the same compilers, no cell twice.
//! Inputs that turn out to be equal in two parts are made one again, as one build makes them: the
//! first cell in the order of the plan stands for all. What is missing is named; the result is then
//! itself a part, to be joined with the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::exit::{Error, Result};
use crate::model::run::{Cell, PartOf, Run, Status};

/// A part, and the file it was read from.
#[derive(Debug, Clone)]
pub struct Part {
    /// For messages.
    pub file: PathBuf,
    /// What it says.
    pub run: Run,
}

/// Joins the parts, in any order.
///
/// # Errors
/// A file that is no part; parts of different plans, sources, compilers or programs; a cell that is
/// in two of them, or in none of the plan.
pub fn merge(parts: &[Part]) -> Result<Run> {
    let whole = agree(parts)?;
    let order: BTreeMap<&str, usize> =
        whole.cells.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    let mut from: BTreeMap<&str, &Part> = BTreeMap::new();
    for part in parts {
        for cell in &part.run.cells {
            if !order.contains_key(cell.id.as_str()) {
                let msg = format!("cell {} is not in the plan that it is a part of", cell.id);
                return Err(Error::input(&part.file, msg));
            }
            if let Some(other) = from.insert(&cell.id, part) {
                let msg = format!("cell {} is in {}, too", cell.id, other.file.display());
                return Err(Error::input(&part.file, msg));
            }
        }
    }
    same_inputs_same_makers(parts)?;
    let at = |cell: &Cell| order.get(cell.id.as_str()).copied();
    let first = parts.iter().min_by_key(|part| part.run.cells.iter().filter_map(at).min());
    let first = first.map(|part| &part.run).ok_or_else(no_parts)?;
    let mut run = Run {
        schema: first.schema,
        tool: first.tool.clone(),
        command: whole_command(&first.command),
        baseline_variant: first.baseline_variant.clone(),
        baseline_source: first.baseline_source.clone(),
        part_of: first.part_of.clone(),
        cells: parts.iter().flat_map(|part| part.run.cells.iter().cloned()).collect(),
    };
    run.cells.sort_by_key(at);
    // With cells missing it is still a part: who stands for whom is only known of all of them.
    if run.missing().next().is_none() {
        let file = |id: &str| from.get(id).map_or(Path::new(""), |part| &part.file);
        unite(&mut run.cells).map_err(|(id, msg)| Error::input(file(&id), msg))?;
        run.part_of = None;
    }
    Ok(run)
}

/// The plan that all parts name.
fn agree(parts: &[Part]) -> Result<PartOf> {
    let mut agreed: Option<(&Part, &PartOf)> = None;
    for part in parts {
        let refuse = |msg: String| Err(Error::input(&part.file, msg));
        let Some(of) = &part.run.part_of else {
            return refuse("is a whole run, not a part of one (build --cells writes parts)".into());
        };
        let Some((other, whole)) = agreed else {
            agreed = Some((part, of));
            continue;
        };
        let name = other.file.display();
        if part.run.tool != other.run.tool {
            let (ours, theirs) = (&part.run.tool, &other.run.tool);
            return refuse(format!("was written by {ours}, but {name} by {theirs}"));
        }
        if of != whole {
            let why = differing_source(part, other)
                .unwrap_or_else(|| "options, configurations or targets differ".to_owned());
            return refuse(format!("is not of the same plan as {name}: {why}"));
        }
    }
    let (_, whole) = agreed.ok_or_else(no_parts)?;
    Ok(whole.clone())
}

fn no_parts() -> Error {
    Error::Usage("there are no parts to join".into())
}

/// The label under which two parts have different code.
fn differing_source(part: &Part, other: &Part) -> Option<String> {
    part.run.cells.iter().find_map(|cell| {
        let theirs = other.run.cells.iter().find(|c| c.source.label == cell.source.label)?;
        let label = &cell.source.label;
        (theirs.source.digest != cell.source.digest)
            .then(|| format!("source {label} is not the same there: its digests differ"))
    })
}

/// Each label names one source, and each architecture has one compiler, linker and set of words.
fn same_inputs_same_makers(parts: &[Part]) -> Result<()> {
    let mut sources = BTreeMap::new();
    let mut makers = BTreeMap::new();
    for part in parts {
        for cell in &part.run.cells {
            let (other, source) =
                sources.entry(&cell.source.label).or_insert((&part.file, &cell.source));
            if *source != &cell.source {
                let (label, other) = (&cell.source.label, other.display());
                let msg = format!("{}: source {label} is not the one of {other}", cell.id);
                return Err(Error::input(&part.file, msg));
            }
            let Some(compiler) = &cell.compiler else { continue };
            let maker = (compiler, &cell.linker, &cell.make_words);
            let (other, first) = makers.entry(&cell.arch).or_insert((&part.file, maker));
            if *first != maker {
                let other = other.display();
                let what = if first.0 != compiler {
                    format!("compiled by {compiler}, but by {} in {other}", first.0)
                } else if first.1 != &cell.linker {
                    format!("not linked by the linker of {other}")
                } else {
                    format!("not built with the make variables of {other}")
                };
                return Err(Error::input(&part.file, format!("{}: {what}", cell.id)));
            }
        }
    }
    Ok(())
}

/// Makes cells of one identity one: the first that was to be built stands for the others.
fn unite(cells: &mut [Cell]) -> Result<(), (String, String)> {
    let identities: BTreeMap<&str, &Option<String>> =
        cells.iter().map(|cell| (cell.id.as_str(), &cell.identity)).collect();
    let mut stands: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, cell) in cells.iter().enumerate() {
        if let Status::Identical { of } = &cell.status
            && identities.get(of.as_str()).is_some_and(|other| **other != cell.identity)
        {
            let msg = format!(
                "{} has the inputs that {of} had there, but {of} was built in another environment \
                 or by another build of the compiler",
                cell.id
            );
            return Err((cell.id.clone(), msg));
        }
        let stands_for_itself = matches!(
            cell.status,
            Status::Built | Status::Reused | Status::Failed { .. } | Status::Pending
        );
        if let (Some(identity), true) = (&cell.identity, stands_for_itself) {
            stands.entry(identity).or_insert(at);
        }
    }
    let stood_for = |(at, cell): (usize, &Cell)| {
        if matches!(cell.status, Status::Dropped { .. } | Status::Skipped { .. }) {
            return None;
        }
        let first = *stands.get(cell.identity.as_deref()?)?;
        (first != at).then_some((at, first))
    };
    let others: Vec<(usize, usize)> = cells.iter().enumerate().filter_map(stood_for).collect();
    for (at, first) in others {
        let first = cells[first].clone();
        let cell = &mut cells[at];
        cell.same_as(&first);
        (cell.wall_s, cell.cpu_s) = (0.0, 0.0);
        (cell.objects, cell.reproduce, cell.log) = (None, None, None);
    }
    Ok(())
}

/// The words of the whole run: those of a part without `--cells`.
fn whole_command(words: &[String]) -> Vec<String> {
    let mut value = false;
    let kept = words.iter().filter(|word| {
        let of_last = std::mem::replace(&mut value, *word == "--cells");
        !(of_last || value || word.starts_with("--cells="))
    });
    kept.cloned().collect()
}

#[cfg(test)]
mod tests;
