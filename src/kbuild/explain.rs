//! What Kconfig files say about one symbol, read line by line: where it is defined, what it depends
//! on (also through the `if` and `menu` around it and around the `source` lines that lead to it), who
//! selects it. No macros but SRCARCH, no evaluation beyond "is this symbol on": enough to tell a
//! person where to look. The Kconfig engine will replace it behind `explain_request`.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::exit::{Error, Result};
use crate::model::config::Config;
use crate::model::words::Assignment;

/// What was found about a symbol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its definitions; several architectures may define one symbol, ours is kept.
    pub definitions: Vec<Definition>,
    /// What selects it.
    pub selects: Vec<Select>,
    /// The name most like it, if it is not defined at all.
    pub similar: Option<String>,
}

/// One `config SYMBOL` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// `mm/Kconfig:1080`
    pub place: String,
    /// Whether a user can set it.
    pub prompt: bool,
    /// Conditions of `depends on`, and of the `if` and `menu` around it, outermost first.
    pub depends: Vec<String>,
}

/// One `select SYMBOL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// `drivers/gpu/drm/xe/Kconfig:10`
    pub place: String,
    /// Who selects.
    pub by: String,
    /// `if …`
    pub condition: Option<String>,
}

/// What one file says.
#[derive(Default)]
struct FileFacts {
    facts: Facts,
    names: Vec<String>,
    sources: Vec<Sourced>,
}

/// One `source` line.
struct Sourced {
    /// The file that has the line.
    from: String,
    /// The file it names.
    file: String,
    /// Conditions around the line in its file.
    around: Vec<String>,
}

/// Reads all Kconfig files of `tree` but those of other architectures.
pub fn read(tree: &Path, srcarch: &str, symbol: &str) -> Result<Facts> {
    let files: Vec<FileFacts> = list(tree, srcarch)
        .into_par_iter()
        .map(|path| {
            let full = tree.join(&path);
            let text = std::fs::read(&full).map_err(|e| Error::io(&full, e))?;
            Ok(scan(&path.display().to_string(), &String::from_utf8_lossy(&text), symbol))
        })
        .collect::<Result<_>>()?;
    let mut facts = Facts::default();
    let mut names: Vec<String> = Vec::new();
    let mut sources: Vec<Sourced> = Vec::new();
    for file in files {
        facts.definitions.extend(file.facts.definitions);
        facts.selects.extend(file.facts.selects);
        names.extend(file.names);
        sources.extend(file.sources);
    }
    for definition in &mut facts.definitions {
        let file = definition.place.rsplit_once(':').map_or("", |(file, _)| file);
        definition.depends.splice(0..0, leading_to(file, srcarch, &sources));
    }
    if facts.definitions.is_empty() {
        let score = |name: &String| strsim::jaro_winkler(symbol, name);
        facts.similar = names
            .into_iter()
            .filter(|name| score(name) > 0.9)
            .max_by(|a, b| score(a).total_cmp(&score(b)));
    }
    Ok(facts)
}

/// Conditions around the `source` lines that lead to `file`, outermost first. A file that is sourced
/// from several places has none that always hold.
fn leading_to(file: &str, srcarch: &str, sources: &[Sourced]) -> Vec<String> {
    let mut conditions: Vec<String> = Vec::new();
    let mut file = file.to_owned();
    // Deeper than any kernel nests, and an end to a file that sources itself.
    for _ in 0..32 {
        let here = |line: &&Sourced| {
            line.file.replace("$(SRCARCH)", srcarch).replace("$SRCARCH", srcarch) == file
        };
        let mut lines = sources.iter().filter(here);
        let (Some(line), None) = (lines.next(), lines.next()) else { break };
        conditions.splice(0..0, line.around.iter().cloned());
        file.clone_from(&line.from);
    }
    conditions
}

/// Sorted, so that the same tree gives the same words.
fn list(tree: &Path, srcarch: &str) -> Vec<PathBuf> {
    let ours = Path::new("arch").join(srcarch);
    let top = tree.to_owned();
    let walk = ignore::WalkBuilder::new(tree)
        .standard_filters(false)
        .follow_links(false)
        .filter_entry(move |entry| {
            let path = entry.path().strip_prefix(&top).unwrap_or(entry.path());
            let foreign = path.parent() == Some(Path::new("arch"))
                && entry.file_type().is_some_and(|kind| kind.is_dir())
                && path != ours;
            let skipped = path == Path::new(".git")
                || path == Path::new("Documentation")
                || path == Path::new("scripts/kconfig/tests");
            !foreign && !skipped
        })
        .build();
    let mut out: Vec<PathBuf> = walk
        .flatten()
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("Kconfig"))
        .filter_map(|entry| entry.path().strip_prefix(tree).ok().map(Path::to_owned))
        .collect();
    out.sort();
    out
}

/// Where a `depends on` belongs.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    Other,
    Config,
    /// `menu` and `choice`: their conditions hold for what is inside.
    Group,
}

fn scan(file: &str, text: &str, symbol: &str) -> FileFacts {
    let mut out = FileFacts::default();
    // One list of conditions for each open `if`, `menu` and `choice`.
    let mut around: Vec<Vec<String>> = Vec::new();
    let mut block = Block::Other;
    let mut name = String::new();
    let mut help: Option<Option<usize>> = None;
    for (number, line) in logical_lines(text) {
        let indent = width(&line);
        if let Some(level) = help {
            match level {
                None if indent > 0 => {
                    help = Some(Some(indent));
                    continue;
                }
                Some(level) if indent >= level => continue,
                _ => help = None,
            }
        }
        let line = line.trim();
        let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let rest = rest.trim();
        let place = || format!("{file}:{number}");
        let ours = block == Block::Config && name == symbol;
        match word {
            "config" | "menuconfig" => {
                block = Block::Config;
                rest.clone_into(&mut name);
                out.names.push(name.clone());
                if name == symbol {
                    out.facts.definitions.push(Definition {
                        place: place(),
                        prompt: false,
                        depends: around.concat(),
                    });
                }
            }
            "if" => {
                around.push(vec![rest.to_owned()]);
                block = Block::Other;
            }
            "menu" | "choice" => {
                around.push(Vec::new());
                block = Block::Group;
            }
            "endif" | "endmenu" | "endchoice" => {
                around.pop();
                block = Block::Other;
            }
            "source" => {
                block = Block::Other;
                out.sources.push(Sourced {
                    from: file.to_owned(),
                    file: rest.trim_matches(['"', '\'']).to_owned(),
                    around: around.concat(),
                });
            }
            "comment" | "mainmenu" => block = Block::Other,
            "help" | "---help---" => help = Some(None),
            "depends" => {
                let condition = rest.strip_prefix("on").unwrap_or(rest).trim().to_owned();
                if block == Block::Group {
                    if let Some(list) = around.last_mut() {
                        list.push(condition);
                    }
                } else if ours && let Some(definition) = out.facts.definitions.last_mut() {
                    definition.depends.push(condition);
                }
            }
            "bool" | "tristate" | "int" | "hex" | "string" | "prompt" if ours => {
                let prompt = rest.starts_with(['"', '\'']);
                if let Some(definition) = out.facts.definitions.last_mut() {
                    definition.prompt |= prompt;
                }
            }
            "select" if block == Block::Config => {
                let (target, condition) = match rest.split_once(" if ") {
                    Some((target, condition)) => (target.trim(), Some(condition.trim().to_owned())),
                    None => (rest, None),
                };
                if target == symbol {
                    let by = name.clone();
                    out.facts.selects.push(Select { place: place(), by, condition });
                }
            }
            _ => {}
        }
    }
    out
}

/// Lines that are not empty, with `\` continuations joined and comments cut, and the number of the
/// first.
fn logical_lines(text: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    let mut lines = text.lines().enumerate();
    std::iter::from_fn(move || {
        let (index, line) = lines.by_ref().find(|(_, line)| !line.trim().is_empty())?;
        let mut whole = line.to_owned();
        while whole.ends_with('\\') {
            whole.pop();
            whole.push_str(lines.next().map_or("", |(_, next)| next.trim_start()));
        }
        if let Some(at) = whole.find(" #").filter(|_| !whole.contains('"')) {
            whole.truncate(at);
        }
        Some((index + 1, whole))
    })
}

/// Columns of leading white space; tabs go to the next multiple of eight.
fn width(line: &str) -> usize {
    let blank = line.bytes().take_while(|b| matches!(b, b' ' | b'\t'));
    blank.fold(0, |columns, b| if b == b'\t' { (columns / 8 + 1) * 8 } else { columns + 1 })
}

/// One clause for a person: why `wanted` does not hold.
pub fn describe(facts: &Facts, config: &Config, wanted: &Assignment) -> String {
    let Some(first) = facts.definitions.first() else {
        let hint = facts.similar.as_ref().map_or(String::new(), |s| format!(", did you mean {s}?"));
        return format!("not defined in this tree for this architecture{hint}");
    };
    let mut parts = Vec::new();
    let places: Vec<&str> = facts.definitions.iter().map(|d| d.place.as_str()).collect();
    let prompt = facts.definitions.iter().any(|d| d.prompt);
    if !prompt {
        parts.push(format!("has no prompt ({})", places.join(", ")));
    }
    let on: Vec<&Select> = facts.selects.iter().filter(|s| config.value(&s.by) != "n").collect();
    let raised = rank(config.value(&wanted.symbol)) > rank(&wanted.value);
    if raised {
        if on.is_empty() {
            parts.push("nothing that is on selects it: a default or another rule sets it".into());
        } else {
            parts.push(format!("selected by {}", selectors(&on)));
        }
    } else {
        for definition in &facts.definitions {
            parts.extend(unmet(definition, config));
        }
        if !prompt && on.is_empty() && !facts.selects.is_empty() {
            let all: Vec<&Select> = facts.selects.iter().collect();
            parts.push(format!("only set by what selects it: {}, all off", selectors(&all)));
        }
        if parts.is_empty() {
            let depends = all_of(&first.depends);
            let depends = if depends.is_empty() { "nothing".to_owned() } else { depends };
            parts.push(format!("depends on {depends} ({}), or is part of a choice", first.place));
        }
    }
    parts.join("; ")
}

/// `A (file:line), B if C (file:line) and 3 more`
fn selectors(list: &[&Select]) -> String {
    const SHOWN: usize = 6;
    let mut names: Vec<String> = list
        .iter()
        .take(SHOWN)
        .map(|select| {
            let condition = select.condition.as_ref().map_or(String::new(), |c| format!(" if {c}"));
            format!("{}{condition} ({})", select.by, select.place)
        })
        .collect();
    if list.len() > SHOWN {
        names.push(format!("and {} more", list.len() - SHOWN));
    }
    names.join(", ")
}

/// `depends on A && B (file:line), where A is n`
fn unmet(definition: &Definition, config: &Config) -> Option<String> {
    let mut culprits: Vec<String> = Vec::new();
    for condition in &definition.depends {
        // Only conjunctions say for sure which part fails; the rest is shown as it stands.
        for part in condition.split("&&").map(str::trim) {
            let (negated, symbol) = match part.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, part),
            };
            let simple = !symbol.is_empty()
                && symbol.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if simple && symbol != "n" && (config.value(symbol) == "n") != negated {
                culprits.push(format!("{symbol} is {}", config.value(symbol)));
            }
        }
    }
    if definition.depends.is_empty() {
        return None;
    }
    culprits.dedup();
    let depends = all_of(&definition.depends);
    let place = &definition.place;
    Some(if culprits.is_empty() {
        format!("depends on {depends} ({place})")
    } else {
        format!("depends on {depends} ({place}), but {}", culprits.join(", "))
    })
}

/// Conditions that must all hold, as one expression; each is said once.
fn all_of(conditions: &[String]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for condition in conditions {
        let alone = conditions.len() == 1 || !condition.contains("||");
        let part = if alone { condition.clone() } else { format!("({condition})") };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join(" && ")
}

fn rank(value: &str) -> u8 {
    match value {
        "n" => 0,
        "m" => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests;
