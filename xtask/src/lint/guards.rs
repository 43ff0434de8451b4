//! Faults in the guards of C files, planted by text alone.

use std::collections::BTreeMap;

use super::faults::{Change, Planted};
use super::kconfig::{sample, simple};
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
    });
    sample(numbers, all.collect(), count)
}

fn nested((file, line, what): (&str, usize, String), first: String) -> Planted {
    let lines = vec![first, "extern int hmmsize_planted;".to_owned(), "#endif".to_owned()];
    Planted { file: file.to_owned(), line: line + 1, what, change: Change::Insert(line + 1, lines) }
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
        })
    });
    sample(numbers, all.collect(), count)
}

/// Options that are bool, with one option that each depends on and that is bool too; nothing selects
/// those that have one.
fn bools(files: &Files) -> BTreeMap<String, Option<String>> {
    let all = simple(files);
    let kinds: BTreeMap<&str, &str> = all.iter().map(|one| (&*one.name, &*one.kind)).collect();
    let selected = super::kconfig::selected(files);
    all.iter()
        .filter(|one| one.kind == "bool")
        .map(|one| {
            let on = one.depends.iter().map(|(_, text)| text);
            let mut on = on.filter(|text| kinds.get(text.as_str()) == Some(&"bool"));
            let on = on.next().cloned();
            (one.name.clone(), on.filter(|_| !selected.contains(&one.name)))
        })
        .collect()
}
