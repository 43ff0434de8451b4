//! Patches as kernel developers write them, made from the tree's own text at sites that a seed chooses.
//!
//! Some are right and some are wrong; whether they are does not matter: `--diff` has to say about each what
//! two whole runs say.

use super::kconfig::{Simple, simple};
use super::text::Files;
use crate::kconfig::perturb::Numbers;

/// A patch.
pub struct Patch {
    /// What it does.
    pub what: String,
    /// Files from the top of the tree, and their new texts; without one, the file goes.
    pub files: Vec<(String, Option<String>)>,
}

/// Makes a patch; nothing where the site that was chosen is none.
pub type Write = fn(&Files, &mut Numbers) -> Option<Patch>;

/// All kinds.
pub const KINDS: &[(&str, Write)] = &[
    ("C file", c_file),
    ("header", header),
    ("Kconfig", dependency),
    ("Makefile", rule),
    ("defconfig", defconfig),
    ("deleted file", deleted),
    ("new file", added),
    ("renamed option", renamed),
    ("new select", select),
    ("new guard", guard),
];

type File = (String, Vec<String>);

fn one_of<'t, T>(list: &'t [T], numbers: &mut Numbers) -> Option<&'t T> {
    list.get(numbers.below(list.len()))
}

fn find<'t>(list: &'t [File], name: &str) -> Option<&'t [String]> {
    list.iter().find(|(file, _)| file == name).map(|(_, lines)| &**lines)
}

fn text(lines: &[String]) -> String {
    lines.join("\n") + "\n"
}

/// The lines with `new` before the 0-based line `at`.
fn with(lines: &[String], at: usize, new: &[String]) -> String {
    let mut lines = lines.to_vec();
    lines.splice(at..at, new.iter().cloned());
    text(&lines)
}

/// A file of `list`, a line in it that is a guard of one option, and the option.
fn guarded<'t>(list: &'t [File], numbers: &mut Numbers) -> Option<(&'t File, usize, &'t str)> {
    let file = one_of(list, numbers)?;
    let lines = file.1.iter().enumerate();
    let named =
        lines.filter_map(|(at, line)| Some((at, line.strip_prefix("#ifdef CONFIG_")?.trim())));
    let sites: Vec<(usize, &str)> = named.filter(|(_, name)| is_name(name)).collect();
    let (at, name) = *one_of(&sites, numbers)?;
    Some((file, at, name))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// New code in a guarded block, with a guard of its own that says too much or contradicts.
fn in_guard(list: &[File], numbers: &mut Numbers) -> Option<Patch> {
    let ((file, lines), at, name) = guarded(list, numbers)?;
    let condition = match numbers.below(3) {
        0 => format!("#if defined(CONFIG_{name}) && defined(CONFIG_MMU)"),
        1 => format!("#ifndef CONFIG_{name}"),
        _ => format!("#if IS_ENABLED(CONFIG_{name}_EXTRA)"),
    };
    let new = [condition.clone(), "#define HMMSIZE_EXTRA 1".to_owned(), "#endif".to_owned()];
    let files = vec![(file.clone(), Some(with(lines, at + 1, &new)))];
    Some(Patch { what: format!("{file}: `{condition}` within CONFIG_{name}"), files })
}

fn c_file(files: &Files, numbers: &mut Numbers) -> Option<Patch> {
    in_guard(&files.source, numbers)
}

fn header(files: &Files, numbers: &mut Numbers) -> Option<Patch> {
    in_guard(&files.headers, numbers)
}

/// An option gets a dependency: another option of its file, or one that contradicts.
fn dependency(files: &Files, numbers: &mut Numbers) -> Option<Patch> {
    let all = simple(files);
    let one = one_of(&all, numbers)?;
    let near: Vec<&Simple> =
        all.iter().filter(|other| other.file == one.file && other.line < one.line).collect();
    let on = &one_of(&near, numbers)?.name;
    let line = match numbers.below(3) {
        0 => format!("\tdepends on !{on}"),
        _ => format!("\tdepends on {on}"),
    };
    let lines = find(&files.kconfig, &one.file)?;
    let files =
        vec![(one.file.clone(), Some(with(lines, one.help - 1, std::slice::from_ref(&line))))];
    Some(Patch { what: format!("{}: {}: {}", one.file, one.name, line.trim()), files })
}

/// The option and the object, without its ending, of a line `obj-$(CONFIG_X) += one.o`.
fn listed(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("obj-$(CONFIG_")?.split_once(')')?;
    let object = rest.trim().strip_prefix("+=")?.trim().strip_suffix(".o")?;
    (is_name(name) && is_name(object)).then_some((name, object))
}

/// Those lines of a makefile, from 0.
fn rules(lines: &[String]) -> Vec<(usize, &str, &str)> {
    let all = lines.iter().enumerate();
    all.filter_map(|(at, line)| listed(line).map(|(name, object)| (at, name, object))).collect()
}

fn dir(file: &str) -> &str {
    &file[..file.rfind('/').map_or(0, |slash| slash + 1)]
}

/// An object is built by another option of the same makefile.
fn rule(files: &Files, numbers: &mut Numbers) -> Option<Patch> {
    let (file, lines) = one_of(&files.makefiles, numbers)?;
    let rules = rules(lines);
    let (at, name, object) = *one_of(&rules, numbers)?;
    let others: Vec<&str> =
        rules.iter().map(|(_, other, _)| *other).filter(|other| *other != name).collect();
    let other = one_of(&others, numbers)?;
    let mut new = lines.clone();
    new[at] = format!("obj-$(CONFIG_{other})\t+= {object}.o");
    let what = format!("{file}: {object}.o by CONFIG_{other} in place of CONFIG_{name}");
    Some(Patch { what, files: vec![(file.clone(), Some(text(&new)))] })
}

/// A defconfig loses a line and gets one.
fn defconfig(files: &Files, numbers: &mut Numbers) -> Option<Patch> {
    let (file, lines) = one_of(&files.defconfigs, numbers)?;
    let all = simple(files);
    let name = &one_of(&all, numbers)?.name;
    let mut new = lines.clone();
    let gone = new.remove(numbers.below(lines.len()));
    new.push(format!("CONFIG_{name}=y"));
    let what = format!("{file}: CONFIG_{name}=y in place of `{gone}`");
    Some(Patch { what, files: vec![(file.clone(), Some(text(&new)))] })
}

/// A file goes, mostly with the line that lists it.
fn deleted(files: &Files, numbers: &mut Numbers) -> Option<Patch> {
    let (file, lines) = one_of(&files.makefiles, numbers)?;
    let rules = rules(lines);
    let (at, _, object) = *one_of(&rules, numbers)?;
    let source = format!("{}{object}.c", dir(file));
    find(&files.source, &source)?;
    let mut patch = Patch { what: format!("{source} goes"), files: vec![(source, None)] };
    if numbers.below(3) > 0 {
        let mut new = lines.clone();
        new.remove(at);
        patch.files.push((file.clone(), Some(text(&new))));
        patch.what.push_str(" with its rule");
    }
    Some(patch)
}

/// A driver: an option, a rule and a file, the latter with a guard that its rule implies.
fn added(files: &Files, numbers: &mut Numbers) -> Option<Patch> {
    let all = simple(files);
    let one = one_of(&all, numbers)?;
    let dir = dir(&one.file);
    let makefile = format!("{dir}Makefile");
    let lines = find(&files.makefiles, &makefile)?;
    let kconfig = find(&files.kconfig, &one.file)?;
    let entry = [
        "config HMMSIZE_NEW".to_owned(),
        "\ttristate \"new driver\"".to_owned(),
        format!("\tdepends on {}", one.name),
        "\thelp".to_owned(),
        "\t  A driver that was not there.".to_owned(),
        String::new(),
    ];
    let listed = ["obj-$(CONFIG_HMMSIZE_NEW)\t+= hmmsize_new.o".to_owned()];
    let code = format!(
        "// SPDX-License-Identifier: GPL-2.0\n#include <linux/module.h>\n#ifdef CONFIG_{}\nint hmmsize_new;\n\
         #endif\n#ifdef CONFIG_HMMSIZE_NEWER\nint hmmsize_newer;\n#endif\n",
        one.name
    );
    let new = vec![
        (one.file.clone(), Some(with(kconfig, one.line - 1, &entry))),
        (makefile, Some(with(lines, lines.len(), &listed))),
        (format!("{dir}hmmsize_new.c"), Some(code)),
    ];
    Some(Patch { what: format!("{dir}hmmsize_new.c, its rule and its option"), files: new })
}

fn ends_name(c: char) -> bool {
    !c.is_ascii_alphanumeric() && c != '_'
}

/// An option gets another name, everywhere or, as happens, everywhere but in one file.
fn renamed(files: &Files, numbers: &mut Numbers) -> Option<Patch> {
    let all = simple(files);
    let name = &one_of(&all, numbers)?.name;
    let lists = [
        &files.kconfig,
        &files.arch_kconfig,
        &files.source,
        &files.headers,
        &files.makefiles,
        &files.defconfigs,
    ];
    let new = format!("{name}_HMMSIZE");
    let mut changed = Vec::new();
    for (file, lines) in lists.into_iter().flatten() {
        let is_kconfig = file.rsplit('/').next().is_some_and(|base| base.starts_with("Kconfig"));
        let written = if is_kconfig { name.clone() } else { format!("CONFIG_{name}") };
        if !lines.iter().any(|line| line.contains(&*written)) {
            continue;
        }
        let replaced = text(lines)
            .split_inclusive(ends_name)
            .map(|piece| match piece.trim_end_matches(ends_name) {
                word if word == written => piece.replacen(name.as_str(), &new, 1),
                _ => piece.to_owned(),
            })
            .collect::<String>();
        if replaced != text(lines) {
            changed.push((file.clone(), Some(replaced)));
        }
    }
    // Not only its definition.
    if changed.len() < 3 || changed.len() > 40 {
        return None;
    }
    let mut what = format!("{name} becomes {new} in {} files", changed.len());
    if numbers.below(2) == 0 {
        let last = changed.pop()?;
        what = format!("{what}, but not in {}", last.0);
    }
    Some(Patch { what, files: changed })
}

/// An option selects another one of its directory that has dependencies.
fn select(files: &Files, numbers: &mut Numbers) -> Option<Patch> {
    let all = simple(files);
    let one = one_of(&all, numbers)?;
    let near: Vec<&Simple> = all
        .iter()
        .filter(|other| dir(&other.file) == dir(&one.file) && !other.depends.is_empty())
        .filter(|other| other.name != one.name && matches!(&*other.kind, "bool" | "tristate"))
        .collect();
    let on = &one_of(&near, numbers)?.name;
    let line = format!("\tselect {on}");
    let lines = find(&files.kconfig, &one.file)?;
    let files = vec![(one.file.clone(), Some(with(lines, one.help - 1, &[line])))];
    Some(Patch { what: format!("{}: {}: select {on}", one.file, one.name), files })
}

/// The code of an object is put behind the option that its rule asks for.
fn guard(files: &Files, numbers: &mut Numbers) -> Option<Patch> {
    let (makefile, lines) = one_of(&files.makefiles, numbers)?;
    let rules = rules(lines);
    let (_, name, object) = *one_of(&rules, numbers)?;
    let source = format!("{}{object}.c", dir(makefile));
    let code = find(&files.source, &source)?;
    let last = code.iter().rposition(|line| line.starts_with("#include"))? + 1;
    let mut new = code.to_vec();
    new.insert(last, format!("#if IS_ENABLED(CONFIG_{name})"));
    new.push("#endif".to_owned());
    let what = format!("{source}: all behind CONFIG_{name}, as its rule");
    Some(Patch { what, files: vec![(source, Some(text(&new)))] })
}
