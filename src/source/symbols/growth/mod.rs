//! Through what a change in the source reaches a symbol: inline functions, macros, types, constants.
//!
//! Given are pieces of files that differ (guarded blocks that one configuration has and the other has
//! not, or lines that are new). What lies in one, or mentions the name of what does, is reached; so on
//! from name to name, nearest first. Names of headers are everybody's, those of a source file its own.
//! Nothing is expanded, so this says what may be the reason for growth that was measured, and never that
//! something grows.

mod declared;
mod entities;
mod given;
mod locals;

use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

pub use entities::Kind;
use entities::{CALL, Entity, POINTER, Parsed, TAG, parse, word};

/// The bits of a word that are a name's.
const NAME: u64 = !(POINTER | CALL | TAG);

/// A piece of a file that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The first byte.
    pub from: u32,
    /// The first byte after it.
    pub to: u32,
    /// The caller's number for it. Of two that are equally near, the lower counts.
    pub tag: u32,
}

/// How something is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Of the spot.
    pub tag: u32,
    /// The names between the symbol and the spot: what the symbol itself mentions comes first.
    pub through: Vec<String>,
    /// What the symbol is.
    pub kind: Kind,
}

/// How far to go from name to name.
const DEEP: u8 = 6;
/// How far within a file.
const DEEP_WITHIN: u8 = 4;

/// A name that is reached.
#[derive(Debug, Clone, Copy)]
struct Step {
    tag: u32,
    level: u8,
    kind: Kind,
    file: u32,
    entity: u32,
    /// The name that it mentions.
    parent: Option<u64>,
    /// Its name has small letters only, as variables and parameters have.
    is_plain: bool,
    /// It is called by a keyword and its name: `struct page`.
    has_tag: bool,
}

impl Step {
    /// Whether a name is this, and not a variable of the same name.
    fn is_meant(&self, word: u64) -> bool {
        match self.kind {
            Kind::Function | Kind::Prototype => word & CALL != 0,
            Kind::Macro | Kind::Constant => word & CALL != 0 || !self.is_plain,
            Kind::Type => self.has_tag == (word & TAG != 0),
            Kind::Variable => word & TAG == 0,
        }
    }

    /// Nearest first.
    fn rank(&self) -> (u8, u32, Kind, u32, u32) {
        (self.level, self.tag, self.kind, self.file, self.entity)
    }
}

#[derive(Debug)]
struct File {
    path: String,
    text: Vec<u8>,
    parsed: Parsed,
    spots: Vec<Spot>,
}

/// Everything that is reached.
#[derive(Debug, Default)]
pub struct Growth {
    headers: Vec<File>,
    global: FxHashMap<u64, Step>,
    sources: FxHashMap<String, (File, FxHashMap<u64, Step>)>,
}

impl Growth {
    /// Looks at `headers` and `sources`, relative to `root`; `spots` are by file.
    pub fn new(
        root: &Path,
        headers: &[String],
        sources: &[String],
        spots: &FxHashMap<String, Vec<Spot>>,
    ) -> Self {
        let read = |path: &String| -> Option<File> {
            let text = std::fs::read(root.join(path)).ok()?;
            let makes = path.ends_with("asm-offsets.c") || path.ends_with("bounds.c");
            let parsed = parse(&text, makes);
            let mut spots = spots.get(path).cloned().unwrap_or_default();
            spots.sort_unstable();
            Some(File { path: path.clone(), text, parsed, spots })
        };
        let headers: Vec<File> = headers.par_iter().filter_map(read).collect();
        let mut global: FxHashMap<u64, Step> = FxHashMap::default();
        let numbered: Vec<(u32, &File)> = (0..).zip(&headers).collect();
        for level in 0..=DEEP {
            let found: Vec<(u64, Step)> = numbered
                .par_iter()
                .flat_map_iter(|(number, file)| {
                    let known = |name: u64| global.get(&name).copied();
                    step(file, *number, level, &known)
                })
                .collect();
            if !enter(&mut global, found) {
                break;
            }
        }
        let sources: Vec<File> = sources.par_iter().filter_map(read).collect();
        let local = sources.into_par_iter().map(|file| {
            let mut own: FxHashMap<u64, Step> = FxHashMap::default();
            for level in 0..=DEEP + DEEP_WITHIN {
                let known = |name: u64| own.get(&name).or_else(|| global.get(&name)).copied();
                let found = step(&file, OWN, level, &known);
                enter(&mut own, found);
            }
            (file.path.clone(), (file, own))
        });
        let sources = local.collect();
        Self { headers, global, sources }
    }

    /// How a symbol of a source file is reached.
    pub fn of(&self, file: &str, symbol: &str) -> Option<Reached> {
        let name = word(symbol.as_bytes());
        let source = self.sources.get(file);
        let own = source.and_then(|(_, own)| own.get(&name));
        let step = own.or_else(|| {
            // A function of a header may have a body of its own in the object.
            let defines = source.is_some_and(|(file, _)| file.defines(symbol));
            self.global.get(&name).filter(|step| !defines && step.kind == Kind::Function)
        });
        match step {
            Some(step) => {
                let through = self.path(source, step);
                Some(Reached { tag: step.tag, through, kind: step.kind })
            }
            None => self.layout(source?, symbol),
        }
    }

    /// A symbol that nothing else reaches, but that is about a type that is.
    fn layout(&self, source: &(File, FxHashMap<u64, Step>), symbol: &str) -> Option<Reached> {
        let (file, own) = source;
        let types =
            file.entities_of(symbol).flat_map(|entity| file.words(entity)).filter_map(|word| {
                let name = word & NAME;
                let step = own.get(&name).or_else(|| self.global.get(&name))?;
                (step.kind == Kind::Type && step.is_meant(word)).then_some((step, name))
            });
        let (step, _) = types.min_by_key(|(step, _)| step.rank())?;
        let mut through = vec![self.name(Some(source), step)];
        through.extend(self.path(Some(source), step));
        let kind = file.entities_of(symbol).next()?.kind;
        Some(Reached { tag: step.tag, through, kind })
    }

    fn path(&self, source: Option<&(File, FxHashMap<u64, Step>)>, step: &Step) -> Vec<String> {
        let mut through = Vec::new();
        let mut at = step.parent;
        while let Some(name) = at {
            let known =
                source.and_then(|(_, own)| own.get(&name)).or_else(|| self.global.get(&name));
            let Some(known) = known else { break };
            through.push(self.name(source, known));
            at = known.parent.filter(|_| through.len() < 16);
        }
        through
    }

    fn name(&self, source: Option<&(File, FxHashMap<u64, Step>)>, step: &Step) -> String {
        let file = match step.file {
            OWN => source.map(|(file, _)| file),
            number => self.headers.get(number as usize),
        };
        let Some(file) = file else { return String::new() };
        let Some(entity) = file.parsed.entities.get(step.entity as usize) else {
            return String::new();
        };
        String::from_utf8_lossy(file.name(entity)).into_owned()
    }
}

/// The number of a source file for itself.
const OWN: u32 = u32::MAX;

impl File {
    fn name(&self, entity: &Entity) -> &[u8] {
        &self.text[entity.name.0 as usize..entity.name.1 as usize]
    }

    fn words(&self, entity: &Entity) -> impl Iterator<Item = u64> {
        let words = entity.words.start as usize..entity.words.end as usize;
        self.parsed.words[words].iter().copied()
    }

    fn entities_of<'f>(&'f self, symbol: &'f str) -> impl Iterator<Item = &'f Entity> {
        let is_it =
            |one: &&Entity| self.name(one) == symbol.as_bytes() && one.kind != Kind::Prototype;
        self.parsed.entities.iter().filter(is_it)
    }

    fn defines(&self, symbol: &str) -> bool {
        self.entities_of(symbol).next().is_some()
    }

    /// Whether `struct`, `union` or `enum` stands before its name.
    fn has_tag(&self, entity: &Entity) -> bool {
        let before = self.text[..entity.name.0 as usize].trim_ascii_end();
        ["struct", "union", "enum"].iter().any(|key| before.ends_with(key.as_bytes()))
    }

    /// The spot that the entity lies in, or that lies in it.
    fn spot(&self, entity: &Entity) -> Option<u32> {
        let touching =
            self.spots.iter().filter(|spot| spot.from < entity.to && entity.from < spot.to);
        touching.map(|spot| spot.tag).min()
    }
}

/// What is reached at `level`, of what was reached before.
fn step(
    file: &File,
    number: u32,
    level: u8,
    known: &dyn Fn(u64) -> Option<Step>,
) -> Vec<(u64, Step)> {
    let mut out = Vec::new();
    if level == 0 && file.spots.is_empty() {
        return out;
    }
    for (at, entity) in (0..).zip(&file.parsed.entities) {
        let name = word(file.name(entity));
        let is_plain = !file.name(entity).iter().any(u8::is_ascii_uppercase);
        let new = |tag, parent| {
            let has_tag = file.has_tag(entity);
            let (file, entity, kind) = (number, at, entity.kind);
            (name, Step { tag, level, kind, file, entity, parent, is_plain, has_tag })
        };
        if level == 0 {
            out.extend(file.spot(entity).map(|tag| new(tag, None)));
            continue;
        }
        if known(name).is_some_and(|step| step.level < level && step.file == number) {
            continue;
        }
        let hits = file.words(entity).filter_map(|word| {
            let step = known(word & NAME)?;
            let reaches =
                step.level < level && step.is_meant(word) && passes(step.kind, entity.kind, word);
            (reaches && word & NAME != name).then_some((step, word & NAME))
        });
        if let Some((step, parent)) = hits.min_by_key(|(step, _)| step.rank()) {
            out.push(new(step.tag, Some(parent)));
        }
    }
    out
}

/// Whether what is reached passes it on to what mentions it.
fn passes(from: Kind, to: Kind, word: u64) -> bool {
    let is_pointer = word & POINTER != 0;
    let is_value = matches!(from, Kind::Macro | Kind::Constant);
    match (from, to) {
        (Kind::Type, Kind::Type | Kind::Variable) => !is_pointer,
        (_, Kind::Prototype) | (Kind::Type, _) => false,
        (_, Kind::Type | Kind::Variable | Kind::Constant) => is_value,
        _ => true,
    }
}

/// Adds what is new; whether anything was.
fn enter(known: &mut FxHashMap<u64, Step>, found: Vec<(u64, Step)>) -> bool {
    let mut any = false;
    for (name, step) in found {
        let other = known.get(&name);
        if other.is_none_or(|other| step.rank() < other.rank()) {
            any |= other.is_none();
            known.insert(name, step);
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_traced_from_name_to_name() {
        let dir = tempfile::tempdir().unwrap();
        let header = "
#ifdef CONFIG_X
static inline bool is_x(struct page *p) { return p->x; }
#else
static inline bool is_x(struct page *p) { return false; }
#endif
static inline void put(struct page *p) { if (is_x(p)) free_x(p); }
struct page { int a;
#ifdef CONFIG_X
int x;
#endif
};
struct holder { struct page page; };
struct other { struct page *page; };
";
        let source = "
static struct holder holder;
static struct other other;
static int helper(struct page *p) { put(p); return 0; }
int user(struct page *p) { return helper(p); }
int idle(struct other *o) { return o->n; }
int looks(struct page *p) { return p->a; }
";
        std::fs::write(dir.path().join("a.h"), header).unwrap();
        std::fs::write(dir.path().join("a.c"), source).unwrap();
        let spot = |from: &str, to: &str, tag| {
            let from = header.find(from).unwrap() as u32;
            let to = from + header[from as usize..].find(to).unwrap() as u32;
            Spot { from, to, tag }
        };
        let inline = spot("static inline bool is_x", "#else", 0);
        let field = spot("int x", "#endif", 1);
        let spots = FxHashMap::from_iter([("a.h".to_owned(), vec![inline, field])]);
        let growth = Growth::new(dir.path(), &["a.h".into()], &["a.c".into()], &spots);
        let found = |symbol: &str| {
            growth.of("a.c", symbol).map(|found| (found.tag, found.through.join(" ")))
        };
        assert_eq!(found("helper"), Some((0, "put is_x".into())));
        assert_eq!(found("user"), Some((0, "helper put is_x".into())));
        assert_eq!(found("holder"), Some((1, "holder page".into())));
        assert_eq!(found("other"), None);
        assert_eq!(found("idle"), None);
        assert_eq!(found("looks"), Some((1, "page".into())));
        assert_eq!(found("put"), Some((0, "is_x".into())));
    }
}
