//! GNU make as the oracle for one directory: the lists it ends up with under given values of the
//! symbols, beside those of our formulas.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use hmmsize::model::formula::{Atom, Formula, FormulaId, Formulas};
use hmmsize::source::makefile::{Directory, Role};

/// Symbols and their values, `y` or `m`; others are off.
pub type Values = BTreeMap<String, &'static str>;

/// What is compared.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// Built-in objects, composites replaced by their parts.
    pub built_in: BTreeSet<String>,
    /// The same of modules.
    pub modules: BTreeSet<String>,
    /// Members of `lib.a`.
    pub library: BTreeSet<String>,
    /// Directories to descend into.
    pub below: BTreeSet<String>,
}

impl Lists {
    /// How many names there are.
    pub fn len(&self) -> usize {
        self.built_in.len() + self.modules.len() + self.library.len() + self.below.len()
    }
}

/// How the oracle is asked.
pub struct Question<'a> {
    /// The tree; make runs there and reads only.
    pub root: &'a Path,
    /// The directory in it.
    pub dir: &'a str,
    /// Variables from the makefiles above.
    pub given: &'a [(&'a str, &'a str)],
    /// Makefiles read before and after the directory's.
    pub around: [&'a str; 2],
    /// The variables that hold built-in objects, modules, the library and directories at the end.
    pub names: [&'a str; 4],
}

/// The lists of GNU make; `Err` with its message where it refuses the makefile.
pub fn of_make(question: &Question, kbuild_file: &str, values: &Values) -> Result<Lists, String> {
    let Question { root, dir, given, around: [before, after], names } = question;
    let mut text = String::from("SHELL := /bin/false\nsrctree := .\nobjtree := .\n");
    let mut line = |name: &str, value: &str| writeln!(text, "{name} := {value}").unwrap();
    for name in [
        "obj-y",
        "obj-m",
        "lib-y",
        "lib-m",
        "always-y",
        "always-m",
        "extra-y",
        "targets",
        "subdir-y",
        "subdir-m",
        "ccflags-y",
        "asflags-y",
        "cppflags-y",
        "EXTRA_CFLAGS",
    ] {
        line(name, "");
    }
    for (name, value) in
        [("obj", *dir), ("src", *dir), ("need-builtin", "1"), ("need-modorder", "1")]
            .iter()
            .chain(given.iter())
    {
        line(name, value);
    }
    for (symbol, value) in values {
        line(&format!("CONFIG_{symbol}"), value);
    }
    let mut include = |file: &str| {
        if !file.is_empty() {
            writeln!(text, "include {file}").unwrap();
        }
    };
    include(before);
    include(kbuild_file);
    include(after);
    for (at, name) in names.iter().enumerate() {
        writeln!(text, "$(info @{at} $({name}))").unwrap();
    }
    text.push_str("hmmsize-nothing: ;\n");
    let scratch = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(scratch.path(), text).unwrap();
    let output = Command::new("make")
        .args(["-rR", "--no-print-directory", "-f"])
        .arg(scratch.path())
        .arg("hmmsize-nothing")
        .current_dir(root)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let mut lists = Lists::default();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let Some((at, words)) = line.strip_prefix('@').and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        let list = match at {
            "0" => &mut lists.built_in,
            "1" => &mut lists.modules,
            "2" => &mut lists.library,
            _ => &mut lists.below,
        };
        let objects = at != "3";
        let words = words.split_ascii_whitespace().filter(|word| !objects || is_object(word));
        // Makefile.lib puts the directory in front, the lists of fixtures do not.
        let inside = format!("{dir}/");
        list.extend(words.map(|word| {
            let word = word.strip_prefix(&inside).unwrap_or(word);
            normal(&format!("{dir}/{word}"))
        }));
    }
    Ok(lists)
}

/// The lists of our formulas. What is opaque is taken for false: with no shell to ask, make gets
/// nothing from it either. Up to 4.18 Makefile.lib counts `extra-y` among the built-in objects.
pub fn ours(directory: &Directory, values: &Values, old: bool) -> Lists {
    let f = &directory.formulas;
    let value = |name| values.get(f.text(name)).copied().unwrap_or_default();
    let valuation = f.values(FormulaId(f.len() as u32 - 1), |atom| match atom {
        Atom::Yes(name) => value(name) == "y",
        Atom::Module(name) => value(name) == "m",
        Atom::Equals(name, text) => value(name) == f.text(text),
        _ => false,
    });
    let mut lists = Lists::default();
    for item in &directory.items {
        if valuation[item.when.0 as usize] && !item.composite {
            let list = match item.role {
                Role::BuiltIn => &mut lists.built_in,
                Role::Module => &mut lists.modules,
                Role::Library => &mut lists.library,
                Role::Extra if old => &mut lists.built_in,
                Role::Extra | Role::Always | Role::Special => continue,
            };
            list.insert(item.path.to_string());
        }
    }
    for below in &directory.below {
        if valuation[below.when.0 as usize] && below.role != Role::Special {
            lists.below.insert(below.path.clone());
        }
    }
    lists
}

/// The symbols that the formulas ask for.
pub fn symbols(f: &Formulas) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for id in 0..f.len() as u32 {
        if let Formula::Atom(Atom::Yes(name) | Atom::Module(name) | Atom::Equals(name, _)) =
            f.get(FormulaId(id))
        {
            names.insert(f.text(name).to_owned());
        }
    }
    names
}

/// Whether the name is that of an object file, in make's eyes.
#[allow(clippy::case_sensitive_file_extension_comparisons, reason = "make compares bytes")]
pub fn is_object(name: &str) -> bool {
    name.ends_with(".o")
}

/// A path without `.` and `..`.
pub fn normal(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
