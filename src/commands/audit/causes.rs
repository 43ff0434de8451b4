//! Why code and data grow that have no gate of their own: which guards differ between two configurations,
//! and how that reaches a symbol.

use std::collections::BTreeSet;
use std::path::Path;

use rustc_hash::FxHashMap;

use crate::analyze::attribute::partition::{Cause, Question};
use crate::model::audit::{Gate, Growth as Grown, Leak};
use crate::model::formula::{FormulaId, Formulas};
use crate::source::guards::{Block, CodeGuard, FileGuards, FileKind, Manner, tree as guards};
use crate::source::symbols::growth::{Growth, Kind, Spot};

/// The guards of the files that matter to a pair.
pub struct Guards {
    /// What everything may include.
    pub headers: Vec<String>,
    /// The sources of objects that changed.
    pub sources: Vec<String>,
    /// Their guards.
    pub tree: guards::Tree,
}

/// What differs, by number.
#[derive(Debug, Clone)]
pub struct Tag {
    option: Option<String>,
    gate: Option<Gate>,
    leak: Option<Leak>,
}

/// Where the source differs.
pub struct Spots {
    headers: Vec<String>,
    sources: Vec<String>,
    /// The pieces, by file.
    pub pieces: FxHashMap<String, Vec<Spot>>,
    /// By number, the options in question first.
    pub tags: Vec<Tag>,
}

/// The answer to why something grew.
pub struct Causes {
    growth: Growth,
    tags: Vec<Tag>,
}

/// Reads the guards of `sources`, of the headers beside them, and of those that everything includes.
pub fn guards(root: &Path, arch: &str, sources: &[&str], formulas: &mut Formulas) -> Guards {
    let mut headers: BTreeSet<String> = BTreeSet::new();
    for dir in ["include".to_owned(), format!("arch/{arch}/include")] {
        below(root, &dir, &mut headers);
    }
    for source in sources {
        let dir = source.rsplit_once('/').map_or("", |(dir, _)| dir);
        beside(root, dir, &mut headers);
    }
    // What makes constants of C's for headers that are generated.
    for file in ["kernel/bounds.c".to_owned(), format!("arch/{arch}/kernel/asm-offsets.c")] {
        if root.join(&file).is_file() {
            headers.insert(file);
        }
    }
    let headers: Vec<String> = headers.into_iter().collect();
    let sources: Vec<String> = sources.iter().map(|source| (*source).to_owned()).collect();
    let all: Vec<&str> = headers.iter().chain(&sources).map(String::as_str).collect();
    let tree = guards::read_only(&[root], &all, formulas);
    Guards { headers, sources, tree }
}

/// The headers below a directory; links are not followed.
fn below(root: &Path, dir: &str, out: &mut BTreeSet<String>) {
    let mut waiting = vec![dir.to_owned()];
    while let Some(dir) = waiting.pop() {
        let Ok(entries) = std::fs::read_dir(root.join(&dir)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{dir}/{name}");
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && name != "dt-bindings" => waiting.push(path),
                Ok(kind) if kind.is_file() && is_header(&name) => drop(out.insert(path)),
                _ => {}
            }
        }
    }
}

fn is_header(name: &str) -> bool {
    FileKind::of(name) == Some(FileKind::Header)
}

/// The headers of a directory.
fn beside(root: &Path, dir: &str, out: &mut BTreeSet<String>) {
    let Ok(entries) = std::fs::read_dir(root.join(dir)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_header(&name) {
            out.insert(if dir.is_empty() { name } else { format!("{dir}/{name}") });
        }
    }
}

impl Tag {
    /// Something that is new where the option is off.
    pub fn leak(gate: Gate, leak: Leak) -> Self {
        Self { option: None, gate: Some(gate), leak: Some(leak) }
    }
}

impl Guards {
    /// With what differs.
    pub fn with(self, spots: FxHashMap<String, Vec<Spot>>, tags: Vec<Tag>) -> Spots {
        Spots { headers: self.headers, sources: self.sources, pieces: spots, tags }
    }

    /// The pieces that one configuration has and the other has not.
    pub fn spots(self, root: &Path, formulas: &Formulas, question: &Question<'_>) -> Spots {
        let mut found: Vec<(u32, String, Spot, Tag)> = Vec::new();
        for file in &self.tree.files {
            let differs = Differs { formulas, question };
            let mut spots = differs.of(file);
            if spots.is_empty() {
                continue;
            }
            let text = std::fs::read(root.join(&*file.path)).unwrap_or_default();
            spots.sort_by_key(|(_, spot, _)| *spot);
            for (option, spot, (line, span)) in spots {
                let text = one_line(text.get(span.0 as usize..span.1 as usize).unwrap_or_default());
                let gate =
                    Gate { kind: "guard".to_owned(), place: format!("{}:{line}", file.path), text };
                let rank = question.options.iter().position(|one| *one == option);
                let rank = rank.map_or(u32::MAX, |rank| rank as u32);
                let tag = Tag { option: Some(option), gate: Some(gate), leak: None };
                found.push((rank, file.path.to_string(), spot, tag));
            }
        }
        // The options in question come first, in their order.
        found.sort_by(|a, b| (a.0, &a.1, a.2).cmp(&(b.0, &b.1, b.2)));
        let mut spots: FxHashMap<String, Vec<Spot>> = FxHashMap::default();
        let mut tags = Vec::new();
        for (_, file, spot, tag) in found {
            spots.entry(file).or_default().push(Spot { tag: tags.len() as u32, ..spot });
            tags.push(tag);
        }
        Spots { headers: self.headers, sources: self.sources, pieces: spots, tags }
    }
}

impl Spots {
    /// How that reaches symbols.
    pub fn reach(self, root: &Path) -> Causes {
        let Self { headers, sources, pieces: spots, tags } = self;
        Causes { growth: Growth::new(root, &headers, &sources, &spots), tags }
    }
}

impl Causes {
    /// Why a symbol of a source file grew.
    pub fn of(&self, file: &str, symbol: &str, is_function: bool) -> Option<Cause> {
        let reached = self.growth.of(file, symbol)?;
        let tag = self.tags.get(reached.tag as usize)?;
        let growth = match reached.kind {
            Kind::Function | Kind::Prototype | Kind::Macro | Kind::Constant if is_function => {
                Grown::Inline
            }
            _ => Grown::Data,
        };
        Some(Cause {
            option: tag.option.clone(),
            gate: tag.gate.clone(),
            through: reached.through,
            growth,
            leak: tag.leak.clone(),
        })
    }
}

/// Why a declaration is there, or larger.
pub struct Declared {
    /// The option.
    pub option: Option<String>,
    /// The gate that it comes through; of what is new where the option is off, its line.
    pub gate: Option<Gate>,
    /// The names that lead there.
    pub through: Vec<String>,
}

impl Causes {
    /// Why the bytes of a declaration in a file are there, or what they declare is larger, whose name is at
    /// `name`.
    pub fn of_declaration(
        &self,
        file: &str,
        bytes: (u32, u32),
        name: (u32, u32),
    ) -> Option<Declared> {
        let reached = self.growth.of_bytes(file, bytes, name)?;
        let tag = self.tags.get(reached.tag as usize)?;
        let (option, gate) = (tag.option.clone(), tag.gate.clone());
        Some(Declared { option, gate, through: reached.through })
    }
}

/// Looks for what has another value in the two configurations.
struct Differs<'q> {
    formulas: &'q Formulas,
    question: &'q Question<'q>,
}

/// The option, the bytes, and the line and bytes of the directive or condition.
type Difference = (String, Spot, (u32, (u32, u32)));

impl Differs<'_> {
    fn of(&self, file: &FileGuards) -> Vec<Difference> {
        let mut out = Vec::new();
        for block in file.blocks.iter().filter(|block| !block.include_guard) {
            out.extend(self.block(file, block));
        }
        for guard in &file.code {
            out.extend(self.code(guard));
        }
        for mention in &file.mentions {
            let in_code = matches!(
                mention.manner,
                Manner::Code
                    | Manner::IsEnabled
                    | Manner::IsBuiltin
                    | Manner::IsModule
                    | Manner::IsReachable
            );
            let option = self.formulas.text(mention.name);
            if in_code && self.has_changed(option) {
                let (from, to) = (mention.at.start, mention.at.end() as u32);
                let spot = Spot { from, to, tag: 0 };
                out.push((option.to_owned(), spot, (mention.at.line, (from, to))));
            }
        }
        out
    }

    fn has_changed(&self, option: &str) -> bool {
        self.question.changed.iter().any(|one| one.symbol == option)
    }

    /// The option that makes the difference: one in question, if there is one, else the first.
    fn option(&self, holds: &[FormulaId]) -> Option<String> {
        let named = self.formulas.options(holds);
        let changed = || named.iter().filter(|option| self.has_changed(option));
        let asked = changed().find(|option| self.question.options.contains(option));
        asked.or_else(|| changed().next()).cloned()
    }

    fn flips(&self, holds: &[FormulaId]) -> bool {
        let (was, is) = (self.question.was.all(holds, false), self.question.is.all(holds, false));
        was != is && (was == Some(false) || is == Some(false))
    }

    fn block(&self, file: &FileGuards, block: &Block) -> Option<Difference> {
        let holds = [block.own, block.previous];
        let outer = |at| self.question.is.get(at, false) == Some(false);
        if !self.flips(&holds) || (outer(block.outer) && self.never_was(block.outer)) {
            return None;
        }
        let option = self.option(&holds)?;
        let from = block.at.start;
        let to = if block.end.len == 0 { u32::MAX } else { block.end.start };
        // An `#else` is about the condition of the first branch.
        let head = &file.blocks[block.head as usize];
        let shown = if block.directive.opens() { block } else { head };
        let span = (shown.at.start, shown.at.end() as u32);
        Some((option, Spot { from, to, tag: 0 }, (block.at.line, span)))
    }

    fn never_was(&self, formula: FormulaId) -> bool {
        self.question.was.get(formula, false) == Some(false)
    }

    fn code(&self, guard: &CodeGuard) -> Option<Difference> {
        let holds = [guard.formula];
        if !self.flips(&holds) {
            return None;
        }
        let option = self.option(&holds)?;
        let spot = Spot { from: guard.body.start, to: guard.body.end() as u32, tag: 0 };
        let at = guard.condition;
        Some((option, spot, (at.line, (at.start, at.end() as u32))))
    }
}

/// A piece of a file on one line.
fn one_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text).replace("\\\n", " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
