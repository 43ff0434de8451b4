//! Faults in the guards of C files, planted by text alone.

use std::collections::BTreeMap;

use super::faults::{Change, Planted};
use super::gating::{always, modules};
use super::kconfig::{Simple, sample, simple};
use super::text::Files;
use crate::kconfig::perturb::Numbers;

/// An `#ifdef CONFIG_X` that is outermost in its file, without `#else`: file, line, option, and the
/// line of its `#endif`.
fn outermost(files: &Files) -> Vec<(&str, usize, &str, usize)> {
    let mut found = Vec::new();
    for (file, lines) in &files.source {
        let mut open: Vec<(usize, bool)> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let Some(directive) = line.trim_start().strip_prefix('#') else { continue };
            let word: String =
                directive.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
            match &*word {
                "if" | "ifdef" | "ifndef" => open.push((index + 1, true)),
                "else" | "elif" => {
                    if let Some(last) = open.last_mut() {
                        last.1 = false;
                    }
                }
                "endif" => {
                    let Some((start, plain)) = open.pop() else { continue };
                    let name = lines[start - 1].strip_prefix("#ifdef CONFIG_").map(str::trim);
                    let is_name = |name: &&str| {
                        name.bytes()
                            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
                    };
                    if let Some(name) = name.filter(is_name)
                        && plain
                        && open.is_empty()
                        && index + 1 > start + 2
                    {
                        found.push((&**file, start, name, index + 1));
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// A name with a letter too many.
pub fn misspelt(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let all = outermost(files).into_iter().map(|(file, line, name, _)| Planted {
        file: file.to_owned(),
        line,
        what: format!("#ifdef CONFIG_{name}_Q"),
        change: Change::Replace(line, format!("#ifdef CONFIG_{name}_Q")),
        also: Vec::new(),
    });
    sample(numbers, all.collect(), count)
}

fn nested((file, line, what): (&str, usize, String), first: String) -> Planted {
    let lines = vec![first, "extern int hmmsize_planted;".to_owned(), "#endif".to_owned()];
    Planted {
        file: file.to_owned(),
        line: line + 1,
        what,
        change: Change::Insert(line + 1, lines),
        also: Vec::new(),
    }
}

/// `#ifndef` of an option within `#ifdef` of the same.
pub fn contradicting(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let bools = bools(files);
    let all = outermost(files).into_iter().filter(|(_, _, name, _)| bools.contains_key(*name));
    let all = all.map(|(file, line, name, _)| {
        let what = format!("#ifndef CONFIG_{name} within its #ifdef");
        nested((file, line, what), format!("#ifndef CONFIG_{name}"))
    });
    sample(numbers, all.collect(), count)
}

/// `#ifdef` of an option within `#ifdef` of the same.
pub fn repeated(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let bools = bools(files);
    let all = outermost(files).into_iter().filter(|(_, _, name, _)| bools.contains_key(*name));
    let all = all.map(|(file, line, name, _)| {
        let what = format!("#ifdef CONFIG_{name} within the same");
        nested((file, line, what), format!("#ifdef CONFIG_{name}"))
    });
    sample(numbers, all.collect(), count)
}

/// `defined(X) && defined(Y)` where X depends on Y.
pub fn implied_conjunct(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let bools = bools(files);
    let all = outermost(files).into_iter().filter_map(|(file, line, name, _)| {
        let on = bools.get(name)?.as_ref()?;
        let text = format!("#if defined(CONFIG_{name}) && defined(CONFIG_{on})");
        Some(Planted {
            file: file.to_owned(),
            line,
            what: text.clone(),
            change: Change::Replace(line, text),
            also: Vec::new(),
        })
    });
    sample(numbers, all.collect(), count)
}

/// Options that are bool, with one option that each depends on and that is bool too; nothing selects
/// those that have one. Those that can never be on are none, since code behind them is dead as a whole,
/// and neither are those that some file defines itself: an empty `#define` is on for `#ifdef` and off for
/// `IS_ENABLED()`.
fn bools(files: &Files) -> BTreeMap<String, Option<String>> {
    let all = simple(files);
    let kinds: BTreeMap<&str, &str> = all.iter().map(|one| (&*one.name, &*one.kind)).collect();
    let selected = super::kconfig::selected(files);
    all.iter()
        .filter(|one| one.kind == "bool" && !is_broken(one) && !files.given.contains(&one.name))
        .map(|one| {
            let on = one.depends.iter().map(|(_, text)| text);
            let mut on = on.filter(|text| kinds.get(text.as_str()) == Some(&"bool"));
            let on = on.next().cloned();
            (one.name.clone(), on.filter(|_| !selected.contains(&one.name)))
        })
        .collect()
}

/// Whether an option asks for BROKEN, which nobody can turn on.
fn is_broken(one: &Simple) -> bool {
    let asked = one.depends.iter().chain(&one.around).map(|(_, text)| text);
    let mut words = asked.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.any(|word| word == "BROKEN")
}

/// Lines of its own within the outermost `#ifdef`s of bools: `text` has them for the option, and `line`
/// is the one to be found, counted from 0.
fn within(
    files: &Files,
    numbers: &mut Numbers,
    count: usize,
    line: usize,
    text: fn(usize, &str) -> Vec<String>,
) -> Vec<Planted> {
    let bools = bools(files);
    let all = outermost(files).into_iter().filter(|(_, _, name, _)| bools.contains_key(*name));
    let all = all.enumerate().map(|(number, (file, at, name, _))| {
        let lines = text(number, name);
        let what = format!("{} within #ifdef CONFIG_{name}", lines[line].trim());
        let change = Change::Insert(at + 1, lines);
        Planted { file: file.to_owned(), line: at + 1 + line, what, change, also: Vec::new() }
    });
    sample(numbers, all.collect(), count)
}

/// An `#else` of the same option within its `#ifdef`.
pub fn dead_else(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    within(files, numbers, count, 2, |_, name| {
        vec![
            format!("#ifdef CONFIG_{name}"),
            "extern int hmmsize_planted;".to_owned(),
            "#else".to_owned(),
            "extern int hmmsize_other;".to_owned(),
            "#endif".to_owned(),
        ]
    })
}

/// A test in code of the option that is around it.
pub fn dead_branch(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    within(files, numbers, count, 2, |number, name| {
        let not = if number % 2 == 0 { "!" } else { "" };
        vec![
            format!("static inline int hmmsize_planted_{number}(int node)"),
            "{".to_owned(),
            format!("\tif ({not}IS_ENABLED(CONFIG_{name}))"),
            "\t\tnode++;".to_owned(),
            "\treturn node;".to_owned(),
            "}".to_owned(),
        ]
    })
}

/// Lines after the last `#include` of files that every kernel has, about a bool.
fn on_top(
    files: &Files,
    numbers: &mut Numbers,
    count: usize,
    text: fn(usize, &str) -> Vec<String>,
) -> Vec<Planted> {
    let names: Vec<String> = bools(files).into_keys().collect();
    let mut all = Vec::new();
    for (number, (file, at)) in always(files).into_iter().enumerate() {
        let lines = text(number, &names[numbers.below(names.len())]);
        let what = lines[0].clone();
        let change = Change::Insert(at, lines);
        all.push(Planted { file: file.to_owned(), line: at, what, change, also: Vec::new() });
    }
    sample(numbers, all, count)
}

/// A name without `CONFIG_`.
pub fn bare(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    on_top(files, numbers, count, |number, name| {
        vec![format!(
            "static inline int hmmsize_planted_{number}(void) {{ return IS_ENABLED({name}); }}"
        )]
    })
}

/// The value of a bool.
pub fn value(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    on_top(files, numbers, count, |_, name| {
        vec![
            format!("#if CONFIG_{name}"),
            "extern int hmmsize_planted;".to_owned(),
            "#endif".to_owned(),
        ]
    })
}

/// `#ifdef` of a tristate that everyone can make a module, in a file that is one.
pub fn tristate(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let modules = modules(files, true);
    let mut all = Vec::new();
    for module in &modules {
        let other = &modules[numbers.below(modules.len())];
        let text = files.source.iter().find(|(file, _)| *file == module.file);
        let knows = text.is_some_and(|(_, lines)| {
            lines.iter().any(|line| line.contains(&format!("CONFIG_{}", other.option)))
        });
        if knows || other.option == module.option {
            continue;
        }
        let lines = vec![
            format!("#ifdef CONFIG_{}", other.option),
            "extern int hmmsize_planted;".to_owned(),
            "#endif".to_owned(),
        ];
        let what = format!("{} in a module of CONFIG_{}", lines[0], module.option);
        let change = Change::Insert(module.top, lines);
        let (file, line) = (module.file.clone(), module.top);
        all.push(Planted { file, line, what, change, also: Vec::new() });
    }
    sample(numbers, all, count)
}
