//! Faults in who has which function, planted by text alone.
//!
//! A function that is planted has a name that nothing else has, in a file that every kernel has, and is
//! kept behind an option that a user can switch freely: whether it is missing or idle without the
//! option is plain.

use std::collections::BTreeSet;

use super::faults::{Change, Planted};
use super::kconfig::{Simple, sample, selected, simple};
use super::text::Files;
use crate::kconfig::perturb::Numbers;

/// Directories whose `obj-y` is in every kernel.
const ALWAYS: &[&str] = &["fs", "init", "kernel", "kernel/time", "lib", "mm"];

/// C files that every kernel has, with the 1-based line after the last `#include` at the top.
fn always(files: &Files) -> Vec<(&str, usize)> {
    let mut listed: BTreeSet<String> = BTreeSet::new();
    for (file, lines) in &files.makefiles {
        let Some(dir) = file.strip_suffix("/Makefile").filter(|dir| ALWAYS.contains(dir)) else {
            continue;
        };
        let mut goes_on = false;
        for line in lines {
            let mut words = line.split_whitespace();
            let lists = goes_on || words.next() == Some("obj-y");
            goes_on = lists && line.ends_with('\\');
            if lists {
                let objects = line.split_whitespace().filter_map(|word| word.strip_suffix(".o"));
                listed.extend(objects.map(|object| format!("{dir}/{object}.c")));
            }
        }
    }
    let top = |lines: &[String]| {
        let first = lines.iter().position(|line| line.starts_with("#if"));
        let upto = first.unwrap_or(lines.len());
        lines[..upto].iter().rposition(|line| line.starts_with("#include "))
    };
    let all = files.source.iter().filter(|(file, _)| listed.contains(file));
    all.filter_map(|(file, lines)| Some((&**file, top(lines)? + 2))).collect()
}

/// Options that a user can switch, and that nothing else does.
fn free(files: &Files) -> Vec<String> {
    let selected = selected(files);
    let is_free = |one: &Simple| {
        one.kind == "bool"
            && one.prompt
            && one.around.iter().all(|(_, text)| text != "choice")
            && !selected.contains(&one.name)
            && ["init/", "kernel/", "lib/", "mm/", "fs/"]
                .iter()
                .any(|dir| one.file.starts_with(dir))
    };
    simple(files).into_iter().filter(is_free).map(|one| one.name).collect()
}

/// Plants lines at the top of files: `text` has them for a number and an option, and `line` is the one
/// to be found, counted from 0.
fn functions(
    files: &Files,
    numbers: &mut Numbers,
    count: usize,
    line: usize,
    text: fn(usize, &str) -> Vec<String>,
) -> Vec<Planted> {
    let options = free(files);
    let mut all = Vec::new();
    for (number, (file, at)) in always(files).into_iter().enumerate() {
        let option = &options[numbers.below(options.len())];
        let lines = text(number, option);
        let what = format!("{} (CONFIG_{option})", lines[line]);
        let change = Change::Insert(at, lines);
        all.push(Planted { file: file.to_owned(), line: at + line, what, change });
    }
    sample(numbers, all, count)
}

/// A call outside of the guard of the function: the stub is gone.
pub fn dropped_stub(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    functions(files, numbers, count, 3, |number, option| {
        vec![
            format!("#ifdef CONFIG_{option}"),
            format!("void hmmsize_planted_{number}(void) {{ }}"),
            "#endif".to_owned(),
            format!("void hmmsize_user_{number}(void) {{ hmmsize_planted_{number}(); }}"),
        ]
    })
}

/// A function that stands before the guard of its only use.
pub fn moved_out(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    functions(files, numbers, count, 0, |number, option| {
        vec![
            format!("void hmmsize_planted_{number}(void) {{ }}"),
            format!("#ifdef CONFIG_{option}"),
            format!("void hmmsize_user_{number}(void) {{ hmmsize_planted_{number}(); }}"),
            "#endif".to_owned(),
        ]
    })
}

/// A stub that returns `long` for a function that returns `int`.
pub fn other_result(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let mut all = Vec::new();
    for (file, lines) in &files.headers {
        let mut otherwise = None;
        for (index, line) in lines.iter().enumerate() {
            if line.starts_with("#else") {
                otherwise = Some(index);
            } else if line.starts_with("#endif") {
                otherwise = None;
            }
            let Some(branch) = otherwise else { continue };
            let Some(rest) = line.strip_prefix("static inline int ") else { continue };
            let Some((name, _)) = rest.split_once('(') else { continue };
            // The nearest chain's other branch has the function.
            let start = lines[..branch].iter().rposition(|line| line.starts_with("#if"));
            let others = lines[start.unwrap_or(branch)..branch].iter();
            let declares = |line: &&String| {
                let line = line.strip_prefix("extern ").unwrap_or(line);
                line.strip_prefix("int ")
                    .and_then(|rest| rest.strip_prefix(name))
                    .is_some_and(|rest| rest.starts_with('('))
            };
            if others.filter(declares).count() == 1 {
                let text = format!("static inline long {rest}");
                let change = Change::Replace(index + 1, text.clone());
                all.push(Planted { file: file.clone(), line: index + 1, what: text, change });
            }
        }
    }
    sample(numbers, all, count)
}
