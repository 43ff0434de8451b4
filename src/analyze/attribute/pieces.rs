//! Every ALLOC byte of an image, dealt out to objects and symbols.
//!
//! A linker map says which object a byte came from, the symbol table which symbol it belongs to. Both
//! together tell two statics of one name apart, and tell whose the bytes are that have no symbol. The
//! sum of all pieces and of the padding is exactly the image's `dec`; without padding, its payload.

use bstr::{BStr, ByteSlice};
use rustc_hash::FxHashMap;

use super::kallsyms;
use super::sites::Sites;
use super::strings::{Kept, Merged};
use crate::analyze::lay::{self, Segment};
use crate::analyze::reconcile::{self, Laid, Owner};
use crate::analyze::{class, extents, names, payload};
use crate::model::class::Class;
use crate::model::diag::Diag;
use crate::model::image::{Image, Section};
use crate::model::linkmap::{LinkMap, is_prelink};
use crate::model::payload::Run;
use crate::model::size::PayloadKind;

const STT_FILE: u8 = 4;
const STT_FUNC: u8 = 2;
const STB_LOCAL: u8 = 0;

/// What bytes are known by on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The object file; see [`object_path`]. Where no map says it, the source file that the symbol table
    /// names for a local symbol, else empty.
    pub object: Box<str>,
    /// The symbol's normalised name; in parentheses, the input section of bytes that have none.
    pub name: Box<str>,
    /// Whether bytes have no symbol.
    pub bare: bool,
}

/// The bytes of one [`Key`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// How many.
    pub bytes: u64,
    /// The class of their section; of several the first.
    pub class: Class,
    /// Address of the first byte.
    pub addr: u64,
    /// It is code that the symbol table calls a function.
    pub is_function: bool,
}

/// An image dealt out.
#[derive(Debug)]
pub struct Pieces {
    /// Everything but padding.
    pub all: FxHashMap<Key, Piece>,
    /// Alignment fill.
    pub padding: u64,
    /// How padding is known.
    pub kind: PayloadKind,
    /// Whether a map says the objects, and not only `vmlinux.o`.
    pub has_objects: bool,
    /// What the map does not explain.
    pub diags: Vec<Diag>,
    /// Merged strings, by hash: whose they are, and their bytes.
    pub strings: FxHashMap<u64, (Key, u64)>,
}

impl Pieces {
    /// All bytes but padding.
    pub fn payload(&self) -> u64 {
        self.all.values().fold(0, |sum, piece| sum.wrapping_add(piece.bytes))
    }
}

/// Who owns a run of a section, whatever says so.
enum Own<'m> {
    Padding,
    /// The object and the input section.
    Object(&'m BStr, &'m BStr),
    Nobody,
}

/// Deals `image` out, by its linker map if there is one, and with the strings of `vmlinux.o` if that was
/// linked first.
pub fn of<'a>(
    image: &Image<'a>,
    map: Option<&LinkMap<'a>>,
    strings: Option<&Merged<'_>>,
) -> Pieces {
    let mut laid = lay::Laid::with_segments(image);
    extents::each(image, |slot, extents| laid.add(image, slot, extents));
    let segments = laid.segments.unwrap_or_default();
    let mut dealt = Dealt::new(image, &segments);
    let kind = if let Some(map) = map {
        let (laid, diags) = reconcile::lay(image, map);
        let merged = reconcile::is_merged(&laid);
        dealt.has_objects = !merged;
        // Without a part that is still of vmlinux.o there is no table of a whole kernel.
        let has_tables = !merged && map.parts.iter().any(|part| is_prelink(part.file));
        let sites = has_tables.then(|| Sites::new(image, &laid));
        for section in &laid {
            let slot = slot_of(image, section.section.index);
            let mut runs = Vec::with_capacity(section.runs.len());
            for (run, owner) in &section.runs {
                let own = match owner {
                    Owner::Padding => Own::Padding,
                    Owner::Part(part) if merged => Own::Object(BStr::new(""), part.name),
                    Owner::Part(part) => {
                        let split = sites
                            .as_ref()
                            .and_then(|sites| sites.split(section.section, *run, part));
                        if let Some(split) = split {
                            let own = |(run, file)| (run, Own::Object(file, part.name));
                            runs.extend(split.into_iter().map(own));
                            continue;
                        }
                        let strings = strings.filter(|_| is_prelink(part.file));
                        if dealt.has_objects
                            && let Some(kept) = strings
                                .and_then(|strings| strings.split(section.section, *run, part.name))
                        {
                            dealt.strings(section.section, part.name, &kept);
                            continue;
                        }
                        if dealt.has_objects && dealt.kallsyms(&laid, section.section, *run) {
                            continue;
                        }
                        Own::Object(part.file, part.name)
                    }
                    Owner::Nobody => Own::Nobody,
                };
                runs.push((*run, own));
            }
            dealt.section(slot, runs.into_iter());
        }
        dealt.diags = diags;
        PayloadKind::Map
    } else {
        for section in &payload::estimate(image).sections {
            let mut runs = Vec::new();
            let mut at = 0;
            for run in &section.padding {
                runs.push((Run { start: at, end: run.start }, Own::Nobody));
                runs.push((*run, Own::Padding));
                at = run.end;
            }
            runs.push((Run { start: at, end: section.size }, Own::Nobody));
            let slot = slot_of(image, section.index);
            dealt.section(slot, runs.into_iter().filter(|(run, _)| !run.is_empty()));
        }
        PayloadKind::Estimated
    };
    let Dealt { all, padding, has_objects, diags, strings, .. } = dealt;
    Pieces { all, padding, kind, has_objects, diags, strings }
}

fn slot_of(image: &Image<'_>, index: u32) -> usize {
    image.sections.iter().position(|section| section.index == index).unwrap_or(usize::MAX)
}

/// The path of an object from the top of the build: `mm/hmm.o`, also where a map has it as a member of
/// an archive.
pub fn object_path(file: &BStr) -> String {
    let mut path = file.to_str_lossy().into_owned();
    if let Some(inner) = path.strip_suffix(')')
        && let Some((archive, member)) = inner.rsplit_once('(')
    {
        // ld.lld names members of thin archives by their path in the tree, GNU ld does after the archive's
        // directory.
        let dir = archive.rsplit_once('/').map(|(dir, _)| dir);
        path = match dir {
            Some(dir) if !member.contains('/') => format!("{dir}/{member}"),
            _ => member.to_owned(),
        };
    }
    path.strip_prefix("./").unwrap_or(&path).to_owned()
}

struct Dealt<'i, 'a> {
    image: &'i Image<'a>,
    segments: &'i [Segment],
    /// The source file of each local symbol, as the symbol table says: where it begins to count.
    files: Vec<(u32, Box<str>)>,
    objects: FxHashMap<Vec<u8>, Box<str>>,
    /// The address of `kallsyms_names`.
    names_of_symbols: Option<u64>,
    all: FxHashMap<Key, Piece>,
    padding: u64,
    has_objects: bool,
    diags: Vec<Diag>,
    strings: FxHashMap<u64, (Key, u64)>,
}

impl<'i, 'a> Dealt<'i, 'a> {
    fn new(image: &'i Image<'a>, segments: &'i [Segment]) -> Self {
        let mut files = Vec::new();
        image.symbols.each(|index, symbol| {
            if symbol.kind == STT_FILE {
                files.push((index, image.symbols.name(&symbol).to_str_lossy().into()));
            }
        });
        Self {
            image,
            segments,
            files,
            objects: FxHashMap::default(),
            names_of_symbols: image.symbols.named("kallsyms_names").next().map(|it| it.value),
            all: FxHashMap::default(),
            padding: 0,
            has_objects: false,
            diags: Vec::new(),
            strings: FxHashMap::default(),
        }
    }

    /// Deals out one section, whose owners are given in order and without gaps.
    fn section<'m>(&mut self, slot: usize, runs: impl Iterator<Item = (Run, Own<'m>)>) {
        let Some(section) = self.image.sections.get(slot) else { return };
        let (class, base) = (class::of_section(section), section.addr);
        let from = self.segments.partition_point(|segment| (segment.slot as usize) < slot);
        let to = self.segments.partition_point(|segment| (segment.slot as usize) <= slot);
        let segments = &self.segments[from..to];
        let mut at = 0;
        for (run, own) in runs {
            if matches!(own, Own::Padding) {
                self.padding = self.padding.wrapping_add(run.len());
                continue;
            }
            while segments.get(at).is_some_and(|segment| segment.end <= run.start) {
                at += 1;
            }
            let mut start = run.start;
            let mut next = at;
            while start < run.end {
                let segment = segments.get(next).filter(|segment| segment.start < run.end);
                let gap = segment.map_or(run.end, |segment| segment.start.min(run.end));
                if gap > start {
                    self.add(&own, None, gap - start, class, base.wrapping_add(start));
                    start = gap;
                }
                let Some(segment) = segment else { break };
                let end = segment.end.min(run.end);
                if end > start {
                    let addr = base.wrapping_add(start);
                    self.add(&own, Some(segment.symbol), end - start, class, addr);
                    start = end;
                }
                next += 1;
            }
        }
    }

    fn add(&mut self, own: &Own<'_>, symbol: Option<u32>, bytes: u64, class: Class, addr: u64) {
        let (object, section): (Box<str>, &BStr) = match own {
            Own::Object(file, section) => (self.object(file), section),
            Own::Nobody | Own::Padding => (Box::default(), BStr::new("")),
        };
        let mut is_function = false;
        let key = match symbol {
            None => {
                let section = section.to_str_lossy();
                let name = if section.is_empty() { "linker".into() } else { section };
                let nobody = matches!(own, Own::Nobody);
                let name = if nobody { "?".to_owned() } else { format!("({name})") };
                Key { object, name: name.into(), bare: true }
            }
            Some(index) => {
                let symbol = self.image.symbols.at(index);
                is_function = symbol.kind == STT_FUNC;
                let raw: &[u8] = self.image.symbols.name(&symbol);
                let name = names::display(&names::normalise(raw).name).into();
                let object = match &*object {
                    "" if symbol.bind == STB_LOCAL => self.file(index),
                    _ => object,
                };
                Key { object, name, bare: false }
            }
        };
        let new = Piece { bytes: 0, class, addr, is_function };
        let piece = self.all.entry(key).or_insert(new);
        piece.bytes = piece.bytes.wrapping_add(bytes);
        piece.addr = piece.addr.min(addr);
        piece.is_function |= is_function;
    }

    /// Deals out merged strings.
    fn strings(&mut self, section: &Section<'_>, name: &BStr, kept: &[Kept<'_>]) {
        let class = class::of_section(section);
        for (hash, file, run) in kept {
            let own = Own::Object(file, name);
            self.add(&own, None, run.len(), class, section.addr.wrapping_add(run.start));
            let name = format!("({name})").into();
            let key = Key { object: self.object(file), name, bare: true };
            let (_, bytes) = self.strings.entry(*hash).or_insert((key, 0));
            *bytes += run.len();
        }
    }

    /// Deals out the kernel's own symbol table, if that is what is in `run` of a section; see
    /// [`kallsyms`].
    fn kallsyms(&mut self, laid: &[Laid<'_, '_, '_>], section: &Section<'_>, run: Run) -> bool {
        let within = |table: &u64| (run.start..run.end).contains(&table.wrapping_sub(section.addr));
        if !self.names_of_symbols.is_some_and(|table| within(&table)) {
            return false;
        }
        let Some(shares) = kallsyms::shares(self.image, laid, section, run) else { return false };
        let (class, addr) = (class::of_section(section), section.addr.wrapping_add(run.start));
        let mut rest = run.len();
        for (object, share) in shares {
            for (name, bytes) in
                [(kallsyms::ENTRIES, share.entries), (kallsyms::NAMES, share.names)]
            {
                rest -= bytes;
                let own = Own::Object(object, BStr::new(name));
                self.add(&own, None, bytes, class, addr);
            }
        }
        let own = Own::Object(BStr::new(""), BStr::new(kallsyms::REST));
        self.add(&own, None, rest, class, addr);
        true
    }

    fn object(&mut self, file: &BStr) -> Box<str> {
        if let Some(known) = self.objects.get::<[u8]>(file.as_ref()) {
            return known.clone();
        }
        let path: Box<str> = object_path(file).into();
        self.objects.insert(file.to_vec(), path.clone());
        path
    }

    /// The source file that the symbol table names before a local symbol.
    fn file(&self, symbol: u32) -> Box<str> {
        let at = self.files.partition_point(|(index, _)| *index < symbol);
        at.checked_sub(1).map_or_else(Box::default, |at| self.files[at].1.clone())
    }
}
