//! Faults in Kconfig files, planted by text alone.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::{Change, Planted};
use super::text::Files;
use crate::kconfig::perturb::Numbers;

/// A definition as its lines say, the simple ones only: no other definition of the same name.
pub struct Simple {
    pub name: String,
    pub file: String,
    /// 1-based line of `config NAME`.
    pub line: usize,
    /// 1-based line after the last one.
    pub end: usize,
    pub kind: String,
    pub prompt: bool,
    /// `depends on` lines: line and text behind it.
    pub depends: Vec<(usize, String)>,
    /// `select NAME` lines without a condition.
    pub selects: Vec<(usize, String)>,
    /// 1-based line of `help`, else `end`: new lines go before it.
    pub help: usize,
    /// What stands around it: `if`, `menu` and `choice`, each with its line.
    pub around: Vec<(usize, String)>,
}

/// All definitions with one definition in the whole tree.
pub fn simple(files: &Files) -> Vec<Simple> {
    let mut all: Vec<Simple> = Vec::new();
    for (file, lines) in &files.kconfig {
        let mut around: Vec<(usize, String)> = Vec::new();
        let mut open = false;
        let mut in_help = false;
        for (index, line) in lines.iter().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let Some(first) = words.first() else { continue };
            let indented = line.starts_with([' ', '\t']);
            if in_help && indented {
                continue;
            }
            in_help = false;
            let block = matches!(
                *first,
                "config"
                    | "menuconfig"
                    | "choice"
                    | "menu"
                    | "if"
                    | "comment"
                    | "source"
                    | "endif"
                    | "endmenu"
                    | "endchoice"
                    | "mainmenu"
            );
            if block {
                if open {
                    all.last_mut().expect("one").end = index + 1;
                }
                open = false;
            }
            match *first {
                "config" | "menuconfig" if words.len() == 2 => {
                    open = true;
                    all.push(Simple {
                        name: words[1].to_owned(),
                        file: file.clone(),
                        line: index + 1,
                        end: lines.len() + 1,
                        kind: String::new(),
                        prompt: false,
                        depends: Vec::new(),
                        selects: Vec::new(),
                        help: 0,
                        around: around.clone(),
                    });
                }
                "if" => around.push((index + 1, line.trim()[2..].trim().to_owned())),
                "menu" | "choice" => around.push((index + 1, (*first).to_owned())),
                "endif" | "endmenu" | "endchoice" => drop(around.pop()),
                _ if !open => {}
                "help" | "---help---" => {
                    in_help = true;
                    all.last_mut().expect("one").help = index + 1;
                }
                kind @ ("bool" | "tristate" | "int" | "hex" | "string") => {
                    let last = all.last_mut().expect("one");
                    kind.clone_into(&mut last.kind);
                    last.prompt = words.len() > 1 && !line.contains(" if ");
                }
                "depends" => {
                    let text = line.trim().strip_prefix("depends on ").unwrap_or("").trim();
                    let plain = !line.ends_with('\\') && !text.contains('#');
                    let text = if plain { text } else { "?" };
                    all.last_mut().expect("one").depends.push((index + 1, text.to_owned()));
                }
                "select" if words.len() == 2 => {
                    all.last_mut().expect("one").selects.push((index + 1, words[1].to_owned()));
                }
                _ => {}
            }
        }
    }
    for one in &mut all {
        if one.help == 0 {
            one.help = one.end;
        }
    }
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for one in &all {
        *count.entry(one.name.clone()).or_default() += 1;
    }
    let lines = files.arch_kconfig.iter().flat_map(|(_, lines)| lines);
    for line in lines {
        if let ["config" | "menuconfig", name] = *line.split_whitespace().collect::<Vec<_>>() {
            *count.entry(name.to_owned()).or_default() += 1;
        }
    }
    all.retain(|one| count[&one.name] == 1);
    all
}

/// Whether a text is the name of one option.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// Takes `count` of the candidates, each of another file, in an order that the numbers decide.
pub fn sample(numbers: &mut Numbers, mut all: Vec<Planted>, count: usize) -> Vec<Planted> {
    let mut chosen: Vec<Planted> = Vec::new();
    let mut taken = BTreeSet::new();
    while !all.is_empty() && chosen.len() < count {
        let one = all.swap_remove(numbers.below(all.len()));
        if taken.insert(one.file.clone()) {
            chosen.push(one);
        }
    }
    chosen
}

fn inserted(one: &Simple, text: &str) -> Planted {
    Planted {
        file: one.file.clone(),
        line: one.help,
        what: format!("{}: {text}", one.name),
        change: Change::Insert(one.help, vec![format!("\t{text}")]),
        also: Vec::new(),
    }
}

/// A `select` a second time.
pub fn repeated_select(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let all = simple(files).into_iter().filter_map(|one| {
        let (_, name) = one.selects.first()?;
        Some(inserted(&one, &format!("select {name}")))
    });
    sample(numbers, all.collect(), count)
}

/// A dependency a second time, or that of the `if` around it.
pub fn repeated_dependency(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let all = simple(files).into_iter().filter_map(|one| {
        let own = one.depends.first().map(|(_, text)| text.clone()).filter(|text| is_name(text));
        let outer = one.around.last().map(|(_, text)| text.clone()).filter(|text| is_name(text));
        Some(inserted(&one, &format!("depends on {}", own.or(outer)?)))
    });
    sample(numbers, all.collect(), count)
}

/// A dependency with a letter too many.
pub fn misspelt_dependency(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let all = simple(files).into_iter().filter_map(|one| {
        let (line, text) = one.depends.iter().find(|(_, text)| is_name(text))?;
        Some(Planted {
            file: one.file.clone(),
            line: *line,
            what: format!("{} depends on {text}_Q", one.name),
            change: Change::Replace(*line, format!("\tdepends on {text}_Q")),
            also: Vec::new(),
        })
    });
    sample(numbers, all.collect(), count)
}

/// A range with its bounds swapped.
pub fn swapped_range(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let mut all = Vec::new();
    for (file, lines) in &files.kconfig {
        for (index, line) in lines.iter().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let ["range", low, high, rest @ ..] = words.as_slice() else { continue };
            let number = |text: &str| text.parse::<i64>().ok();
            let (Some(from), Some(to)) = (number(low), number(high)) else { continue };
            if from < to {
                let text = format!("\trange {to} {from} {}", rest.join(" "));
                all.push(Planted {
                    file: file.clone(),
                    line: index + 1,
                    what: text.trim().to_owned(),
                    change: Change::Replace(index + 1, text.trim_end().to_owned()),
                    also: Vec::new(),
                });
            }
        }
    }
    sample(numbers, all, count)
}

/// A `select` of what is in a choice.
pub fn selected_member(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let all = simple(files);
    let is_member = |one: &&Simple| one.around.last().is_some_and(|(_, text)| text == "choice");
    let members: Vec<&Simple> = all.iter().filter(is_member).collect();
    let others = all.iter().filter(|one| {
        one.prompt && one.kind == "bool" && one.around.iter().all(|(_, text)| text != "choice")
    });
    let planted = others.map(|one| {
        let member = members[numbers.below(members.len())];
        inserted(one, &format!("select {}", member.name))
    });
    let planted = planted.collect();
    sample(numbers, planted, count)
}

/// What is depended on depends on what depends on it.
pub fn circle(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let all = simple(files);
    let by_name: BTreeMap<&str, &Simple> = all.iter().map(|one| (&*one.name, one)).collect();
    let planted = all.iter().filter_map(|one| {
        let (_, on) = one.depends.iter().find(|(_, text)| is_name(text))?;
        let on = by_name.get(&**on)?;
        Some(inserted(on, &format!("depends on {}", one.name)))
    });
    let planted = planted.collect();
    sample(numbers, planted, count)
}

/// A dependency of a dependency: C of `A depends on B`, `B depends on C`.
pub fn implied_dependency(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let all = simple(files);
    let by_name: BTreeMap<&str, &Simple> = all.iter().map(|one| (&*one.name, one)).collect();
    // What is selected may be on without its dependencies.
    let selected = selected(files);
    let planted = all.iter().filter_map(|one| {
        let (_, on) = one.depends.iter().find(|(_, text)| is_name(text))?;
        let on = by_name.get(&**on).filter(|on| !selected.contains(&*on.name))?;
        let (_, far) = on.depends.iter().find(|(_, text)| is_name(text))?;
        let known = one.depends.iter().chain(&one.around).any(|(_, text)| text.contains(&**far));
        let bools = one.kind == "bool" || one.kind == "tristate";
        let text = format!("depends on {far}");
        (bools && !known && by_name.contains_key(&**far)).then(|| inserted(one, &text))
    });
    let planted = planted.collect();
    sample(numbers, planted, count)
}

/// The opposite of a dependency besides it.
pub fn contradicted_dependency(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let all = simple(files);
    let by_name: BTreeMap<&str, &Simple> = all.iter().map(|one| (&*one.name, one)).collect();
    let selected = selected(files);
    let planted = all.iter().filter_map(|one| {
        let (_, on) = one.depends.iter().find(|(_, text)| is_name(text))?;
        let is_bool = by_name.get(&**on).is_some_and(|on| on.kind == "bool");
        let mut planted = inserted(one, &format!("depends on !{on}"));
        planted.line = one.line;
        let logical = matches!(&*one.kind, "bool" | "tristate");
        (is_bool && logical && one.prompt && !selected.contains(&*one.name)).then_some(planted)
    });
    let planted = planted.collect();
    sample(numbers, planted, count)
}

/// A `select` of what depends on something that the selecting option does not.
pub fn unmet_select(files: &Files, numbers: &mut Numbers, count: usize) -> Vec<Planted> {
    let all = simple(files);
    let by_name: BTreeMap<&str, &Simple> = all.iter().map(|one| (&*one.name, one)).collect();
    let selected = selected(files);
    let is_free = |one: &Simple| {
        one.prompt && one.kind == "bool" && one.depends.is_empty() && !selected.contains(&*one.name)
    };
    // What few lines mention cannot be what a whole directory depends on, the selecting one included.
    let mut mentions: BTreeMap<&str, usize> = BTreeMap::new();
    for line in files.kconfig.iter().flat_map(|(_, lines)| lines) {
        for word in line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            *mentions.entry(word).or_default() += 1;
        }
    }
    // T depends on D, a free option that nothing selects.
    let targets: Vec<&Simple> = all
        .iter()
        .filter(|one| {
            let [(_, on)] = one.depends.as_slice() else { return false };
            one.kind == "bool"
                && one.around.iter().all(|(_, text)| text == "menu")
                && is_name(on)
                && mentions.get(&**on).is_some_and(|count| *count <= 6)
                && by_name.get(&**on).is_some_and(|on| is_free(on))
        })
        .collect();
    let sources = all.iter().filter(|one| is_free(one));
    let planted: Vec<Planted> = sources
        .filter_map(|one| {
            let target = targets[numbers.below(targets.len())];
            let elsewhere = target.name != one.name && target.depends[0].1 != one.name;
            elsewhere.then(|| inserted(one, &format!("select {}", target.name)))
        })
        .collect();
    sample(numbers, planted, count)
}

/// Everything that something selects or implies anywhere.
pub fn selected(files: &Files) -> BTreeSet<String> {
    let all = files.kconfig.iter().chain(&files.arch_kconfig);
    all.flat_map(|(_, lines)| lines)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let verb = words.next()?;
            matches!(verb, "select" | "imply").then(|| words.next().unwrap_or("").to_owned())
        })
        .collect()
}
