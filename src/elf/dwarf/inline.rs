//! What was inlined into which function, byte by byte: `DW_TAG_inlined_subroutine`.
//!
//! Inlined functions nest, and their ranges need not: the innermost owns a byte. Each function's pieces are
//! laid over each other and counted once, as its own and, for all that enclose it, as theirs in whole.

use gimli::{DebugInfoOffset, UnitHeader, UnitOffset, constants as dw};
use rustc_hash::FxHashMap;

use super::Reader;
use super::entry::{Entry, Raw, Read, Target, Unit as DwarfUnit};
use super::files::{Files, Interner};
use super::places::{entry_at, look_up, skip};
use super::sections::Slice;
use crate::model::diag::Diag;
use crate::model::inline::{Function, Host, Inlines, Use};

/// What was found in a chunk of units; numbers are those of this chunk.
#[derive(Default)]
pub(super) struct Part {
    files: Interner,
    numbers: FxHashMap<(String, u32), u32>,
    /// Name, file and line of a function.
    functions: Vec<(String, u32, u32)>,
    hosts: Vec<Host>,
    uses: Vec<Use>,
    diags: Vec<Diag>,
}

impl Part {
    fn function(&mut self, name: String, file: u32, line: u32) -> u32 {
        if let Some(&number) = self.numbers.get(&(name.clone(), file)) {
            return number;
        }
        let number = self.functions.len() as u32;
        self.numbers.insert((name.clone(), file), number);
        self.functions.push((name, file, line));
        number
    }
}

/// Reads a chunk of units.
pub(super) fn read<'d>(reader: &Reader<'d>, headers: &[UnitHeader<Slice<'d>>]) -> Part {
    let mut part = Part::default();
    for header in headers {
        if let Err(err) = unit(reader, header, &mut part) {
            part.diags.push(reader.damaged(header, err));
        }
    }
    part
}

/// Puts chunks together.
pub(super) fn merge(parts: Vec<Part>) -> (Inlines, Vec<Diag>) {
    let mut all = Inlines::default();
    let mut diags = Vec::new();
    let mut known: FxHashMap<Function, u32> = FxHashMap::default();
    for mut part in parts {
        let files = part.files.strings;
        let numbers: Vec<u32> = part
            .functions
            .into_iter()
            .map(|(name, file, line)| {
                let file = files.get(file as usize).cloned().unwrap_or_default();
                let key = Function { name, file, line: 0 };
                if let Some(&number) = known.get(&key) {
                    return number;
                }
                let number = all.functions.len() as u32;
                all.functions.push(Function { line, ..key.clone() });
                known.insert(key, number);
                number
            })
            .collect();
        for used in &mut part.uses {
            used.function = numbers[used.function as usize];
        }
        all.hosts.append(&mut part.hosts);
        all.uses.append(&mut part.uses);
        diags.append(&mut part.diags);
    }
    (all, diags)
}

fn unit<'d>(reader: &Reader<'d>, header: &UnitHeader<Slice<'d>>, part: &mut Part) -> Read<()> {
    let unit = reader.dwarf.unit(*header)?;
    let raw = unit.entries_raw(None)?;
    let walk = Walk {
        reader,
        unit: &unit,
        number: reader.number_of(header),
        files: Files::new(),
        known: FxHashMap::default(),
        elsewhere: Vec::new(),
        part,
        ranges: Vec::new(),
        open: None,
        stack: Vec::new(),
    };
    walk.read(raw)
}

/// A function whose entries are being read.
#[derive(Default)]
struct Open {
    /// How deep its entry is.
    depth: isize,
    /// Its code, in order.
    code: Vec<(u64, u64)>,
    addr: u64,
    /// What is inlined, in the order of the file: whoever encloses another comes before it.
    nodes: Vec<Node>,
    /// Pieces of code of the nodes.
    pieces: Vec<Piece>,
}

struct Node {
    function: u32,
    /// The node it is inlined into.
    parent: Option<u32>,
}

#[derive(Clone, Copy)]
struct Piece {
    start: u64,
    end: u64,
    node: u32,
}

struct Walk<'p, 'd> {
    reader: &'p Reader<'d>,
    unit: &'p DwarfUnit<'d>,
    number: usize,
    files: Files,
    /// Functions by the offset of their abstract instance.
    known: FxHashMap<UnitOffset, u32>,
    elsewhere: Vec<(usize, DwarfUnit<'d>)>,
    part: &'p mut Part,
    ranges: Vec<(u64, u64)>,
    open: Option<Open>,
    /// Inlined functions that enclose what is read now, with the depth of their entries.
    stack: Vec<(isize, u32)>,
}

impl<'p, 'd> Walk<'p, 'd> {
    fn read(mut self, mut raw: Raw<'p, 'd>) -> Read<()> {
        let dwarf = &self.reader.dwarf;
        // A reader that starts in the middle counts depth from 0.
        let mut above = 0;
        while !raw.is_empty() {
            let depth = above + raw.next_depth();
            let abbreviation = match raw.read_abbreviation() {
                Ok(Some(abbreviation)) => abbreviation,
                Ok(None) => continue,
                Err(err) => {
                    self.close(isize::MIN);
                    return Err(err);
                }
            };
            self.close(depth);
            while self.stack.last().is_some_and(|(open, _)| *open >= depth) {
                self.stack.pop();
            }
            let sibling = match abbreviation.tag() {
                dw::DW_TAG_subprogram => {
                    let entry = Entry::read(dwarf, self.unit, &mut raw, abbreviation)?;
                    let is_open = self.function(&entry, depth)?;
                    entry.sibling.filter(|_| !is_open)
                }
                dw::DW_TAG_inlined_subroutine if self.open.is_some() => {
                    let entry = Entry::read(dwarf, self.unit, &mut raw, abbreviation)?;
                    self.inlined(&entry, depth)?;
                    None
                }
                dw::DW_TAG_structure_type
                | dw::DW_TAG_union_type
                | dw::DW_TAG_class_type
                | dw::DW_TAG_enumeration_type
                | dw::DW_TAG_array_type
                | dw::DW_TAG_subroutine_type => Entry::read_sibling(&mut raw, abbreviation)?,
                _ => {
                    raw.skip_attributes(abbreviation.attributes())?;
                    None
                }
            };
            if sibling.is_some() && skip(self.unit, &mut raw, abbreviation, sibling)? {
                above = depth;
            }
        }
        self.close(isize::MIN);
        Ok(())
    }

    /// Begins with a function; false if it has no code.
    fn function(&mut self, entry: &Entry<'d>, depth: isize) -> Read<bool> {
        entry.ranges(&self.reader.dwarf, self.unit, &mut self.ranges)?;
        if self.reader.linked {
            self.ranges.retain(|(start, _)| *start > 0);
        }
        // The first piece is where the function begins; a cold one may lie before it.
        let Some(&(addr, _)) = self.ranges.first() else { return Ok(false) };
        // Nested functions are a GNU extension that kernels do not use.
        if self.open.is_some() {
            return Ok(true);
        }
        let mut code = self.ranges.clone();
        code.sort_unstable();
        self.open = Some(Open { depth, code, addr, ..Open::default() });
        Ok(true)
    }

    fn inlined(&mut self, entry: &Entry<'d>, depth: isize) -> Read<()> {
        entry.ranges(&self.reader.dwarf, self.unit, &mut self.ranges)?;
        let Some(target) = entry.origin else { return Ok(()) };
        let function = self.named(target);
        let parent = self.stack.last().map(|(_, node)| *node);
        let Some(open) = &mut self.open else { return Ok(()) };
        let node = open.nodes.len() as u32;
        open.nodes.push(Node { function, parent });
        open.pieces.extend(self.ranges.iter().map(|&(start, end)| Piece { start, end, node }));
        self.stack.push((depth, node));
        Ok(())
    }

    /// The number of the function that an abstract instance is of.
    fn named(&mut self, target: Target) -> u32 {
        if let Target::Here(at) = target
            && let Some(&number) = self.known.get(&at)
        {
            return number;
        }
        let (name, file, line) = self.named_at(target);
        let number = self.part.function(name, file, line);
        if let Target::Here(at) = target {
            self.known.insert(at, number);
        }
        number
    }

    fn named_at(&mut self, target: Target) -> (String, u32, u32) {
        let reader = self.reader;
        let (number, at) = match target {
            Target::Here(at) => (self.number, at),
            Target::Anywhere(at) => match reader.unit_with(at) {
                Some(found) => found,
                None => return self.nameless(at),
            },
        };
        let is_this = number == self.number;
        let unit =
            if is_this { Some(self.unit) } else { look_up(&mut self.elsewhere, reader, number) };
        let unknown = DebugInfoOffset(at.0);
        let Some(unit) = unit else { return self.nameless(unknown) };
        let entry = entry_at(&reader.dwarf, unit, at);
        let Some(entry) = entry else { return self.nameless(unknown) };
        let mut fresh = Files::new();
        let files = if is_this { &mut self.files } else { &mut fresh };
        let place = (&reader.dwarf, unit, &reader.roots);
        let into = &mut self.part.files;
        let file = entry.file.and_then(|file| files.number(place, file, into));
        let name = entry.name.and_then(|name| reader.dwarf.attr_string(unit, name).ok());
        match (name, entry.origin) {
            (Some(name), _) => {
                let file = file.unwrap_or_else(|| into.of(String::new()));
                (name.to_string_lossy().into_owned(), file, entry.line as u32)
            }
            // A definition outside of its class; whoever refers to itself has no name.
            (None, Some(Target::Here(next))) if next != at && is_this => {
                let entry = entry_at(&reader.dwarf, unit, next);
                let name = entry.and_then(|entry| entry.name);
                let name = name.and_then(|name| reader.dwarf.attr_string(unit, name).ok());
                let file = file.unwrap_or_else(|| into.of(String::new()));
                let name =
                    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                (name, file, 0)
            }
            _ => self.nameless(unknown),
        }
    }

    /// A function without a name, which only damaged files have.
    fn nameless(&mut self, _at: DebugInfoOffset) -> (String, u32, u32) {
        ("(nameless)".to_owned(), self.part.files.of(String::new()), 0)
    }

    /// Ends the function that is open, if an entry at `depth` is not part of it.
    fn close(&mut self, depth: isize) {
        let Some(open) = self.open.take_if(|open| depth <= open.depth) else { return };
        self.stack.clear();
        let bytes = open.code.iter().map(|(start, end)| end - start).fold(0, u64::saturating_add);
        let uses = count(open.pieces, &open.nodes, &open.code);
        self.part.hosts.push(Host { addr: open.addr, bytes, uses: uses.len() as u32 });
        self.part.uses.extend(uses);
    }
}

/// The bytes of each function inlined into one, in the order of their first.
fn count(mut pieces: Vec<Piece>, nodes: &[Node], code: &[(u64, u64)]) -> Vec<Use> {
    // Whoever encloses comes first; pieces of one begin are then from the outside in.
    pieces.sort_by_key(|piece| (piece.start, piece.node));
    let mut uses: Vec<Use> = Vec::new();
    let mut place: FxHashMap<u32, usize> = FxHashMap::default();
    let mut give = |from: u64, to: u64, node: u32| {
        // Only what lies in the function itself is its.
        let first = code.partition_point(|(_, end)| *end <= from);
        let here = code[first..].iter().take_while(|(start, _)| *start < to);
        let bytes: u64 = here.map(|(start, end)| to.min(*end) - from.max(*start)).sum();
        if bytes == 0 {
            return;
        }
        // No function has four gigabytes.
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let (mut at, mut counted, mut own) = (Some(node), Vec::new(), bytes);
        while let Some(node) = at.and_then(|node| nodes.get(node as usize)) {
            // Who is inlined into itself counts once.
            if !counted.contains(&node.function) {
                counted.push(node.function);
                let number = *place.entry(node.function).or_insert_with(|| {
                    uses.push(Use { function: node.function, own: 0, whole: 0 });
                    uses.len() - 1
                });
                let used = &mut uses[number];
                used.own = used.own.saturating_add(std::mem::take(&mut own));
                used.whole = used.whole.saturating_add(bytes);
            }
            at = node.parent;
        }
    };
    // Open pieces, the innermost last.
    let mut stack: Vec<Piece> = Vec::new();
    let mut at = 0;
    for piece in pieces {
        while let Some(&top) = stack.last() {
            if top.end > piece.start {
                break;
            }
            if top.end > at {
                give(at, top.end, top.node);
                at = top.end;
            }
            stack.pop();
        }
        if let Some(top) = stack.last()
            && piece.start > at
        {
            give(at, piece.start, top.node);
        }
        at = at.max(piece.start);
        stack.push(piece);
    }
    while let Some(top) = stack.pop() {
        if top.end > at {
            give(at, top.end, top.node);
            at = top.end;
        }
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(start: u64, end: u64, node: u32) -> Piece {
        Piece { start, end, node }
    }

    #[test]
    fn the_innermost_owns_a_byte_and_all_around_it_have_it_in_whole() {
        let node = |function, parent| Node { function, parent };
        // 0 is inlined twice, the second time with 1 in it, and that with 0 again.
        let nodes = [node(0, None), node(0, None), node(1, Some(1)), node(0, Some(2))];
        let pieces = vec![piece(10, 20, 0), piece(30, 60, 1), piece(40, 55, 2), piece(50, 52, 3)];
        let uses = count(pieces, &nodes, &[(0, 58), (58, 100)]);
        let expected =
            [Use { function: 0, own: 27, whole: 40 }, Use { function: 1, own: 13, whole: 15 }];
        assert_eq!(uses, expected);
    }

    #[test]
    fn what_is_not_in_the_function_is_not_counted() {
        let nodes = [Node { function: 0, parent: None }];
        let uses = count(vec![piece(0, 100, 0)], &nodes, &[(10, 20), (90, 200)]);
        assert_eq!(uses, [Use { function: 0, own: 20, whole: 20 }]);
        assert_eq!(count(vec![piece(0, 9, 0)], &nodes, &[(10, 20)]), []);
    }
}
