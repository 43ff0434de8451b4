//! Faults in makefiles and defconfigs, and new files.

use super::faults::{Change, Planted};
use super::kconfig::{sample, simple};
use super::text::Files;
use crate::kconfig::perturb::Numbers;

/// The file that options of our own are planted in, before its first definition.
pub const KCONFIG: &str = "init/Kconfig";

/// Makefiles with a line `obj-$(CONFIG_X) += …`: name, 1-based line, option. Of each, the first line.
fn lists(files: &Files) -> Vec<(&str, usize, &str)> {
    let mut all = Vec::new();
    for (file, lines) in &files.makefiles {
        if ["lib/", "usr/"].iter().any(|dir| file.starts_with(dir)) {
            continue;
        }
        // Not within a conditional.
        let upto = lines.iter().position(|line| line.trim_start().starts_with("if"));
        let before = &lines[..upto.unwrap_or(lines.len())];
        let option = |line: &str| {
            let rest = line.strip_prefix("obj-$(CONFIG_")?;
            let (name, rest) = rest.split_once(')')?;
            rest.trim_start().starts_with("+=").then_some(name.len())
        };
        let found = before.iter().enumerate().find_map(|(index, line)| {
            let len = option(line)?;
            let start = "obj-$(CONFIG_".len();
            let continues = index > 0 && before[index - 1].ends_with('\\');
            (!continues).then(|| (index + 1, &line[start..start + len]))
        });
        all.extend(found.map(|(line, name)| (&**file, line, name)));
    }
    all
}

/// The directory of a file, with a slash at its end.
fn dir(file: &str) -> &str {
    &file[..file.rfind('/').map_or(0, |slash| slash + 1)]
}

/// The line for a makefile, the fault's file and line (those of the makefile where it says nothing), and
/// changes of other files; given a number, a directory and an option.
type Text =
    fn(usize, &str, &str) -> (String, Option<(String, usize, Change)>, Vec<(String, Change)>);

/// Plants a line before each of [`lists`], and what goes with it.
fn listed(files: &Files, numbers: &mut Numbers, count: usize, text: Text) -> Vec<Planted> {
    let mut all = Vec::new();
    for (number, (makefile, line, option)) in lists(files).into_iter().enumerate() {
        let (new, elsewhere, mut also) = text(number, dir(makefile), option);
        let what = format!("{makefile}: {new}");
        let insert = Change::Insert(line, vec![new]);
        let (file, line, change) = match elsewhere {
            Some(elsewhere) => {
                also.push((makefile.to_owned(), insert));
                elsewhere
            }
            None => (makefile.to_owned(), line, insert),
        };
        all.push(Planted { file, line, what, change, also });
    }
    sample(numbers, all, count)
}

/// An option of ours that nothing turns on.
fn option(name: &str) -> (String, Change) {
    let lines = vec![format!("config {name}"), "\tbool".to_owned(), String::new()];
    (KCONFIG.to_owned(), Change::Insert(2, lines))
}

/// A name with a letter too many.
pub fn misspelt(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    listed(files, numbers, count, |number, _, option| {
        (format!("obj-$(CONFIG_{option}_Q) += hmmsize_{number}.o"), None, Vec::new())
    })
}

/// An object that nothing makes.
pub fn without_source(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    listed(files, numbers, count, |number, _, option| {
        (format!("obj-$(CONFIG_{option}) += hmmsize_missing_{number}.o"), None, Vec::new())
    })
}

/// An object of an option that nothing turns on.
pub fn dead(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    listed(files, numbers, count, |number, dir, _| {
        let name = format!("HMMSIZE_DEAD_{number}");
        let source = format!("{dir}hmmsize_dead_{number}.c");
        let text = Change::Create(vec!["int hmmsize_planted;".to_owned()]);
        let line = format!("obj-$(CONFIG_{name}) += hmmsize_dead_{number}.o");
        (line, None, vec![(source, text), option(&name)])
    })
}

/// A file that is built with an option, and has code only without it.
pub fn empty(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    listed(files, numbers, count, |number, dir, option| {
        let text = vec![
            "#include <linux/kernel.h>".to_owned(),
            format!("#if !IS_ENABLED(CONFIG_{option})"),
            "int hmmsize_planted;".to_owned(),
            "#endif".to_owned(),
        ];
        let source = format!("{dir}hmmsize_empty_{number}.c");
        let line = format!("obj-$(CONFIG_{option}) += hmmsize_empty_{number}.o");
        (line, Some((source, 2, Change::Create(text))), Vec::new())
    })
}

/// A file that no makefile lists.
pub fn unlisted(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let mut all = Vec::new();
    for (number, (makefile, ..)) in lists(files).into_iter().enumerate() {
        let file = format!("{}hmmsize_unlisted_{number}.c", dir(makefile));
        all.push(Planted {
            what: format!("no makefile lists {file}"),
            file,
            line: 1,
            change: Change::Create(vec!["int hmmsize_planted;".to_owned()]),
            also: Vec::new(),
        });
    }
    sample(numbers, all, count)
}

/// A line before the first one of each defconfig.
fn settings(
    files: &Files,
    numbers: &mut Numbers,
    count: usize,
    text: impl Fn(usize) -> (String, Vec<(String, Change)>),
) -> Vec<Planted> {
    let mut all = Vec::new();
    for (number, (file, _)) in files.defconfigs.iter().enumerate() {
        let (line, also) = text(number);
        let what = line.clone();
        all.push(Planted {
            file: file.clone(),
            line: 1,
            what,
            change: Change::Insert(1, vec![line]),
            also,
        });
    }
    sample(numbers, all, count)
}

/// A name with a letter too many.
pub fn misspelt_setting(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let names: Vec<String> = simple(files).into_iter().map(|one| one.name).collect();
    let chosen: Vec<usize> = files.defconfigs.iter().map(|_| numbers.below(names.len())).collect();
    settings(files, numbers, count, |number| {
        (format!("CONFIG_{}_Q=y", names[chosen[number]]), Vec::new())
    })
}

/// An option of ours without a prompt.
pub fn hidden_setting(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    settings(files, numbers, count, |number| {
        let name = format!("HMMSIZE_HIDDEN_{number}");
        (format!("CONFIG_{name}=y"), vec![option(&name)])
    })
}
