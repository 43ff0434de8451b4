//! `--fix`: what can be mended mechanically, as one patch for `git apply`.
//!
//! The tree itself is never written. A finding's edits are made all or not at all: where two findings
//! want to change the same bytes, the first one wins and the other waits for the next run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use similar::TextDiff;

use crate::exit::{Error, Result};
use crate::lint::Tree;
use crate::model::finding::{Edit, Finding};

/// The patch; empty if there is nothing to mend.
pub fn patch(tree: &Tree, findings: &[Finding]) -> Result<Vec<u8>> {
    let mut files: BTreeMap<&str, BTreeMap<u32, &Edit>> = BTreeMap::new();
    for finding in findings {
        let free = finding.fix.iter().all(|edit| {
            let taken = files.get(&*edit.file);
            taken.is_none_or(|taken| taken.values().all(|other| !overlap(edit, other)))
        });
        for edit in finding.fix.iter().filter(|_| free) {
            files.entry(&edit.file).or_default().insert(edit.start, edit);
        }
    }
    let mut patch = Vec::new();
    for (name, edits) in files {
        let path = tree.root.join(name);
        let old = std::fs::read(&path).map_err(|err| Error::io(&path, err))?;
        let mut new = old.clone();
        for edit in edits.values().rev() {
            let range = edit.start as usize..(edit.start + edit.len) as usize;
            if range.end > new.len() {
                return Err(Error::input(&path, "the file changed while it was read"));
            }
            new.splice(range, edit.text.bytes());
        }
        let diff = TextDiff::from_lines(old.as_slice(), new.as_slice());
        let mut header = String::new();
        let _ = write!(header, "diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n");
        patch.extend_from_slice(header.as_bytes());
        let mut hunks = Vec::new();
        let unified = diff.unified_diff();
        unified.to_writer(&mut hunks).map_err(|err| Error::io(&path, err))?;
        patch.extend(hunks);
    }
    Ok(patch)
}

fn overlap(a: &Edit, b: &Edit) -> bool {
    a == b || (a.start < b.start + b.len.max(1) && b.start < a.start + a.len.max(1))
}
