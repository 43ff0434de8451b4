//! Faults in Kconfig that need an option of their own: planted before an existing one, named like nothing
//! else, so that nothing depends on it.

use super::faults::{Change, Planted};
use super::kconfig::{sample, simple};
use super::text::Files;
use crate::kconfig::perturb::Numbers;

/// Directories whose Kconfig files every architecture reads.
const READ: &[&str] =
    &["crypto/", "drivers/", "fs/", "init/", "lib/", "mm/", "net/", "security/", "sound/"];

/// Plants lines before definitions that stand in menus only: `text` has them for a name, and `line` is the
/// one to be found, counted from 0.
fn options(
    files: &Files,
    numbers: &mut Numbers,
    count: usize,
    line: usize,
    text: fn(&str) -> Vec<String>,
) -> Vec<Planted> {
    let mut all = Vec::new();
    for (number, one) in simple(files).into_iter().enumerate() {
        let in_menu = one.around.iter().all(|(_, text)| text == "menu");
        if !in_menu || !READ.iter().any(|dir| one.file.starts_with(dir)) {
            continue;
        }
        let mut lines = text(&format!("HMMSIZE_{number}"));
        let what = format!("{} ({})", lines[line].trim(), lines[0]);
        lines.push(String::new());
        let change = Change::Insert(one.line, lines);
        all.push(Planted { file: one.file, line: one.line + line, what, change, also: Vec::new() });
    }
    sample(numbers, all, count)
}

/// A bool with a prompt, and `lines` after it.
fn bool_with(name: &str, lines: &[&str]) -> Vec<String> {
    let mut text = vec![format!("config {name}"), "\tbool \"planted\"".to_owned()];
    text.extend(lines.iter().map(|line| format!("\t{line}")));
    text
}

/// An int with a prompt, and `lines` after it.
fn int_with(name: &str, lines: &[&str]) -> Vec<String> {
    let mut text = bool_with(name, lines);
    "\tint \"planted\"".clone_into(&mut text[1]);
    text
}

/// No type.
pub fn without_type(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    options(files, numbers, count, 0, |name| {
        vec![format!("config {name}"), "\tprompt \"planted\"".to_owned()]
    })
}

/// A `select` of what has a prompt and a dependency.
pub fn selected_visible(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    options(files, numbers, count, 2, |name| {
        let mut text = bool_with(name, &[&format!("select {name}_T"), ""]);
        text.extend(bool_with(&format!("{name}_T"), &["depends on EXPERT"]));
        text
    })
}

/// No help.
pub fn without_help(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    options(files, numbers, count, 1, |name| bool_with(name, &["default y"]))
}

/// A default above the range.
pub fn bad_default(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    options(files, numbers, count, 3, |name| int_with(name, &["range 1 10", "default 12"]))
}

/// Two prompts.
pub fn two_prompts(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    options(files, numbers, count, 4, |name| {
        let mut text = bool_with(name, &[""]);
        text.extend(bool_with(name, &["depends on EXPERT"]));
        text
    })
}

/// A choice of one, which depends on what can be off.
pub fn empty_choice(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    options(files, numbers, count, 3, |name| {
        let mut text = bool_with(name, &[""]);
        text.extend(["choice".to_owned(), "\tprompt \"planted\"".to_owned(), String::new()]);
        text.extend(bool_with(&format!("{name}_M"), &[&format!("depends on {name}"), ""]));
        text.push("endchoice".to_owned());
        text
    })
}

/// A condition that always holds.
pub fn constant_condition(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    options(files, numbers, count, 2, |name| bool_with(name, &["default y if EXPERT || !EXPERT"]))
}

/// A default after one without a condition.
pub fn dead_default(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    options(files, numbers, count, 3, |name| {
        bool_with(name, &["default y if EXPERT", "default n if EXPERT && PRINTK"])
    })
}

/// An `imply` of what depends on its being off.
pub fn dead_imply(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    options(files, numbers, count, 2, |name| {
        let mut text = bool_with(name, &[&format!("imply {name}_T"), ""]);
        text.extend(bool_with(&format!("{name}_T"), &[&format!("depends on !{name}")]));
        text
    })
}

/// A prompt that contradicts itself.
pub fn dead_prompt(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    options(files, numbers, count, 1, |name| {
        let mut text = bool_with(name, &["default y"]);
        text[1] += " if EXPERT && !EXPERT";
        text
    })
}

/// A range within an earlier one's condition.
pub fn dead_range(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    options(files, numbers, count, 4, |name| {
        int_with(name, &["default 3", "range 1 10 if EXPERT", "range 1 5 if EXPERT && PRINTK"])
    })
}
