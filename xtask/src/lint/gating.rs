//! Faults in who has which function, planted by text alone.
//!
//! A function that is planted has a name that nothing else has, in a file that every kernel has, and is
//! kept behind an option that a user can switch freely: whether it is missing or idle without the
//! option is plain.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::{Change, Planted};
use super::kconfig::{Simple, sample, selected, simple};
use super::text::Files;
use crate::kconfig::perturb::Numbers;

/// Directories whose `obj-y` is in every kernel.
const ALWAYS: &[&str] = &["fs", "init", "kernel", "kernel/time", "lib", "mm"];

/// C files that every kernel has, with the 1-based line after the last `#include` at the top.
pub fn always(files: &Files) -> Vec<(&str, usize)> {
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
    let once = |file: &str| !files.included.contains(file.rsplit('/').next().unwrap_or(file));
    let all = files.source.iter().filter(|(file, _)| listed.contains(file) && once(file));
    all.filter_map(|(file, lines)| Some((&**file, top(lines)?))).collect()
}

/// The 1-based line after the last `#include` before any conditional.
fn top(lines: &[String]) -> Option<usize> {
    let first = lines.iter().position(|line| line.starts_with("#if"));
    let upto = first.unwrap_or(lines.len());
    lines[..upto].iter().rposition(|line| line.starts_with("#include ")).map(|at| at + 2)
}

/// Whether `obj-y` leads to a directory, from the top on.
fn is_always_read(files: &Files, dir: &str) -> bool {
    let parts: Vec<&str> = dir.split('/').collect();
    (1..parts.len()).all(|depth| {
        let (above, child) = (parts[..depth].join("/"), format!("{}/", parts[depth]));
        let makefile =
            files.makefiles.iter().find(|(file, _)| *file == format!("{above}/Makefile"));
        makefile.is_some_and(|(_, lines)| {
            lines.iter().any(|line| {
                line.starts_with("obj-y") && line.split_whitespace().any(|word| word == child)
            })
        })
    })
}

/// A file that is a module of its own if a tristate says so that everyone can switch.
pub struct Module {
    /// The file.
    pub file: String,
    /// The 1-based line after its `#include`s.
    pub top: usize,
    /// The tristate.
    pub option: String,
}

/// Files that are modules of their own, by what their makefile says of them in one line; or only those
/// whose makefile is `always` read.
pub fn modules(files: &Files, always: bool) -> Vec<Module> {
    let free: BTreeMap<String, Simple> = simple(files)
        .into_iter()
        .filter(|one| {
            let plain = one.around.iter().all(|(_, text)| text == "menu");
            one.kind == "tristate" && one.prompt && one.depends.is_empty() && plain
        })
        .map(|one| (one.name.clone(), one))
        .collect();
    let sources: BTreeMap<&str, &[String]> =
        files.source.iter().map(|(file, lines)| (&**file, lines.as_slice())).collect();
    let mut found = Vec::new();
    for (file, lines) in &files.makefiles {
        let Some(dir) = file.strip_suffix("/Makefile") else { continue };
        if always && !is_always_read(files, dir) {
            continue;
        }
        // A line within a conditional is not all there is to know.
        let upto = lines.iter().position(|line| line.trim_start().starts_with("if"));
        for line in &lines[..upto.unwrap_or(lines.len())] {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [list, "+=", object] = words.as_slice() else { continue };
            let option = list.strip_prefix("obj-$(CONFIG_").and_then(|rest| rest.strip_suffix(')'));
            let (Some(option), Some(stem)) = (option, object.strip_suffix(".o")) else { continue };
            let composed = lines.iter().any(|line| line.starts_with(&format!("{stem}-")));
            let source = format!("{dir}/{stem}.c");
            let at = sources.get(&*source).and_then(|lines| top(lines));
            if let (true, false, Some(top)) = (free.contains_key(option), composed, at) {
                found.push(Module { file: source, top, option: option.to_owned() });
            }
        }
    }
    found
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
        all.push(Planted {
            file: file.to_owned(),
            line: at + line,
            what,
            change,
            also: Vec::new(),
        });
    }
    sample(numbers, all, count)
}

/// A call outside of the guard of the function: the stub is gone.
pub fn dropped_stub(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    functions(files, numbers, count, 3, |number, option| {
        vec![
            format!("#ifdef CONFIG_{option}"),
            format!("void hmmsize_{number}_planted(void) {{ }}"),
            "#endif".to_owned(),
            format!("void hmmsize_{number}_user(void) {{ hmmsize_{number}_planted(); }}"),
        ]
    })
}

/// A function that stands before the guard of its only use.
pub fn moved_out(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    functions(files, numbers, count, 0, |number, option| {
        vec![
            format!("void hmmsize_{number}_planted(void) {{ }}"),
            format!("#ifdef CONFIG_{option}"),
            format!("void hmmsize_{number}_user(void) {{ hmmsize_{number}_planted(); }}"),
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
                all.push(Planted {
                    file: file.clone(),
                    line: index + 1,
                    what: text,
                    change,
                    also: Vec::new(),
                });
            }
        }
    }
    sample(numbers, all, count)
}

/// A function of a module, and lines elsewhere that call it where `test` says that it is there.
fn called(number: usize, module: &Module, test: &str) -> ((String, Change), Vec<String>) {
    let text = vec![format!("void hmmsize_{number}_planted(void) {{ }}")];
    let calls = vec![
        format!("#if {test}(CONFIG_{})", module.option),
        format!("void hmmsize_{number}_user(void) {{ hmmsize_{number}_planted(); }}"),
        "#endif".to_owned(),
    ];
    ((module.file.clone(), Change::Insert(module.top, text)), calls)
}

/// The kernel calls what may be in a module.
pub fn in_module(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let modules = modules(files, true);
    let mut all = Vec::new();
    for (number, (file, at)) in always(files).into_iter().enumerate() {
        let module = &modules[numbers.below(modules.len())];
        let (function, calls) = called(number, module, "IS_ENABLED");
        let what = format!("{} (CONFIG_{} may be m)", calls[1], module.option);
        let change = Change::Insert(at, calls);
        all.push(Planted {
            file: file.to_owned(),
            line: at + 1,
            what,
            change,
            also: vec![function],
        });
    }
    sample(numbers, all, count)
}

/// A module calls what another one of its directory does not export: of each two, the first the second.
pub fn between_modules(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let modules = modules(files, false);
    let dir = |module: &Module| module.file.rsplit_once('/').map(|(dir, _)| dir.to_owned());
    let mut all = Vec::new();
    for (number, pair) in modules.chunks_exact(2).enumerate() {
        let [caller, module] = pair else { continue };
        if module.option == caller.option || dir(module) != dir(caller) {
            continue;
        }
        let (function, calls) = called(1000 + number, module, "IS_REACHABLE");
        let what = format!("{} (of CONFIG_{})", calls[1], module.option);
        let change = Change::Insert(caller.top, calls);
        let (file, line) = (caller.file.clone(), caller.top + 1);
        all.push(Planted { file, line, what, change, also: vec![function] });
    }
    sample(numbers, all, count)
}

/// A header of its own with a prototype before the guard.
pub fn outside_guard(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let options = free(files);
    let mut all = Vec::new();
    for (number, (file, at)) in always(files).into_iter().enumerate() {
        let option = &options[numbers.below(options.len())];
        let name = format!("hmmsize_{}_planted", 2000 + number);
        let header = vec![
            format!("int {name}(int node);"),
            format!("#ifdef CONFIG_{option}"),
            format!("int {name}_guarded(int node);"),
            "#endif".to_owned(),
        ];
        let lines = vec![
            format!("#ifdef CONFIG_{option}"),
            format!("int {name}(int node) {{ return node; }}"),
            "#endif".to_owned(),
            format!("int {name}_user(int node) {{ return {name}(node); }}"),
        ];
        all.push(Planted {
            file: format!("include/linux/{name}.h"),
            line: 1,
            what: format!("{} (CONFIG_{option})", header[0]),
            change: Change::Create(header),
            also: vec![(file.to_owned(), Change::Insert(at, lines))],
        });
    }
    sample(numbers, all, count)
}
