//! Growth told by what was inlined: which inlined functions made which others grow, and by how much.
//!
//! The seed's special case in `put_page()` grows dozens of callers by a few bytes each. By symbol that is
//! dozens of lines which do not name the cause; here it is one. Functions are matched as everywhere, so that
//! what is told of a function's growth is about the same function.

use rustc_hash::{FxHashMap, FxHashSet};

use super::claims::Claims;
use super::compare::Analysed;
use super::diff::Pairs;
use super::names;
use crate::model::delta::{Inlined, Row};
use crate::model::image::Image;
use crate::model::inline::{Function, Inlines, Use};
use crate::model::origin::Bases;
use crate::model::symtab::Place;

/// What is inlined in one file, by its symbols.
struct Side<'s> {
    functions: Vec<&'s Function>,
    /// Functions that are here, in bytes of their own code and how many have some of it.
    sums: Vec<Sum>,
    /// By item; the uses of each lie together.
    uses: Vec<(u32, Use)>,
    /// Where the uses of an item begin.
    starts: Vec<u32>,
    /// Bytes of all functions that debug information knows.
    code: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    own: u64,
    hosts: u64,
}

/// The rows of all inlined functions; and what is left: code that is not inlined, and everything else.
pub fn rows(old: &Analysed, new: &Analysed, pairs: &Pairs) -> (Vec<Row>, Vec<Row>) {
    let (was, is) = rayon::join(|| Side::of(old), || Side::of(new));
    // One number for each function of either side.
    let mut numbers: FxHashMap<(&str, &str), u32> = FxHashMap::default();
    let mut all: Vec<&Function> = Vec::new();
    let [olds, news] = [&was, &is].map(|side| {
        let number = |function| number(function, &mut numbers, &mut all);
        side.functions.iter().copied().map(number).collect::<Vec<u32>>()
    });
    let mut told = vec![Inlined::default(); all.len()];
    for pair in pairs.iter() {
        let (Some(before), Some(after)) = (pair.old, pair.new) else { continue };
        let growth = new.claims.items[after as usize].bytes as i64
            - old.claims.items[before as usize].bytes as i64;
        let mut tell = |function: u32, bytes: i64| {
            if bytes != 0 {
                let told = &mut told[function as usize];
                told.functions += 1;
                told.growth += growth;
                told.bytes += bytes;
            }
        };
        let (before, after) = (was.of_item(before), is.of_item(after));
        for (_, used) in after {
            let function = news[used.function as usize];
            let same = before.iter().find(|(_, old)| olds[old.function as usize] == function);
            let before = same.map_or(0, |(_, old)| i64::from(old.whole));
            tell(function, i64::from(used.whole) - before);
        }
        for (_, used) in before {
            let function = olds[used.function as usize];
            if !after.iter().any(|(_, new)| news[new.function as usize] == function) {
                tell(function, -i64::from(used.whole));
            }
        }
    }
    let mut sums = vec![(None, None); all.len()];
    for (sum, &number) in was.sums.iter().zip(&olds) {
        sums[number as usize].0 = Some(sum.own).filter(|_| sum.hosts > 0);
    }
    for (sum, &number) in is.sums.iter().zip(&news) {
        sums[number as usize].1 = Some(sum.own).filter(|_| sum.hosts > 0);
    }
    let rows = all.iter().zip(&sums).zip(&told).filter(|((_, sum), _)| **sum != (None, None));
    let rows = rows.map(|((function, (before, after)), told)| {
        let mut row = Row::new(function.name.as_str(), *before, *after);
        row.object = Some(function.file.clone()).filter(|file| !file.is_empty());
        row.inlined = Some(*told).filter(|told| told.functions > 0);
        row
    });
    let inlined = |side: &Side| side.sums.iter().map(|sum| sum.own).fold(0, u64::wrapping_add);
    let rest = |name: &str, of: fn(u64, u64, u64) -> u64| {
        let before = of(old.size.dec(), was.code, inlined(&was));
        Row::new(name, Some(before), Some(of(new.size.dec(), is.code, inlined(&is))))
    };
    let rest = vec![
        rest("not inlined", |_, code, inlined| code.wrapping_sub(inlined)),
        rest("no function", |all, code, _| all.wrapping_sub(code)),
    ];
    (rows.collect(), rest)
}

/// The number of a function, which is its position in `all`.
fn number<'f>(
    function: &'f Function,
    numbers: &mut FxHashMap<(&'f str, &'f str), u32>,
    all: &mut Vec<&'f Function>,
) -> u32 {
    *numbers.entry((function.name.as_str(), function.file.as_str())).or_insert_with(|| {
        all.push(function);
        all.len() as u32 - 1
    })
}

impl<'s> Side<'s> {
    fn of(file: &'s Analysed) -> Self {
        let mut side = Self {
            functions: Vec::new(),
            sums: Vec::new(),
            uses: Vec::new(),
            starts: Vec::new(),
            code: 0,
        };
        for (number, debug) in file.debug.iter().enumerate() {
            if let Some(inlines) = &debug.inlines {
                side.add(&file.claims, &file.images[number], inlines, &debug.origins.bases);
            }
        }
        // Stable, so that of one item they stay in their order.
        side.uses.sort_by_key(|(item, _)| *item);
        side.join();
        let mut at = 0;
        side.starts = (0..=file.claims.items.len() as u32)
            .map(|item| {
                while side.uses.get(at).is_some_and(|(used, _)| *used < item) {
                    at += 1;
                }
                at as u32
            })
            .collect();
        side
    }

    /// A function and its parts may each inline the same. In place: there are half a million.
    fn join(&mut self) {
        let (mut kept, mut first) = (0, 0);
        for at in 0..self.uses.len() {
            let (item, used) = self.uses[at];
            if kept == 0 || self.uses[kept - 1].0 != item {
                first = kept;
            }
            let mut here = self.uses[first..kept].iter_mut().map(|(_, old)| old);
            if let Some(old) = here.find(|old| old.function == used.function) {
                old.own = old.own.saturating_add(used.own);
                old.whole = old.whole.saturating_add(used.whole);
            } else {
                self.uses[kept] = (item, used);
                kept += 1;
            }
        }
        self.uses.truncate(kept);
    }

    fn add(
        &mut self,
        claims: &Claims<'s>,
        image: &'s Image<'s>,
        inlines: &'s Inlines,
        bases: &Bases,
    ) {
        let first = self.functions.len() as u32;
        self.functions.extend(&inlines.functions);
        self.sums.resize(self.functions.len(), Sum::default());
        let places = Places::of(claims, image, bases);
        let mut next = 0;
        // Two units may both have the code of one function; it is there once.
        let mut counted = FxHashSet::default();
        for host in &inlines.hosts {
            let uses = &inlines.uses[next..next + host.uses as usize];
            next += host.uses as usize;
            if !counted.insert(host.addr) {
                continue;
            }
            self.code = self.code.wrapping_add(host.bytes);
            let item = places.item(claims, image, host.addr);
            for used in uses {
                let used = Use { function: used.function + first, ..*used };
                let sum = &mut self.sums[used.function as usize];
                sum.own = sum.own.wrapping_add(used.own.into());
                sum.hosts += 1;
                self.uses.extend(item.map(|item| (item, used)));
            }
        }
    }

    fn of_item(&self, item: u32) -> &[(u32, Use)] {
        let range = self.starts[item as usize]..self.starts[item as usize + 1];
        &self.uses[range.start as usize..range.end as usize]
    }
}

/// Which item the code at an address is of.
struct Places {
    /// Address, item.
    items: Vec<(u64, u32)>,
    /// Address and number of all symbols, for parts that were folded into an item.
    symbols: Vec<(u64, u32)>,
    /// Half a hash of its name, item.
    names: Vec<(u32, u32)>,
}

impl Places {
    fn of<'s>(claims: &Claims<'s>, image: &'s Image<'s>, bases: &Bases) -> Self {
        let mut places = Self { items: Vec::new(), symbols: Vec::new(), names: Vec::new() };
        for (number, item) in (0..).zip(&claims.items) {
            if std::ptr::eq(claims.image(item), image)
                && let Some(addr) = bases.of(&image.symbols.at(item.symbol))
            {
                places.items.push((addr, number));
                places.names.push((item.hash, number));
            }
        }
        image.symbols.each(|number, symbol| {
            if symbol.kind == STT_FUNC
                && matches!(symbol.section, Place::Section(_))
                && let Some(addr) = bases.of(&symbol)
            {
                places.symbols.push((addr, number));
            }
        });
        places.items.sort_unstable();
        places.names.sort_unstable();
        places.symbols.sort_unstable();
        places
    }

    fn item(&self, claims: &Claims, image: &Image, addr: u64) -> Option<u32> {
        let at = self.items.partition_point(|(start, _)| *start < addr);
        if let Some((_, item)) = self.items.get(at).filter(|(start, _)| *start == addr) {
            return Some(*item);
        }
        // A part is at a place of its own, and belongs to the item of its name that is nearest in the
        // symbol table: where there are several, they are of different units.
        let at = self.symbols.partition_point(|(start, _)| *start < addr);
        let (_, number) = *self.symbols.get(at).filter(|(start, _)| *start == addr)?;
        let (_, normal, hash) = names::scan(image.symbols.name_onwards(&image.symbols.at(number)));
        let hash = (hash >> 32) as u32;
        let first = self.names.partition_point(|(known, _)| *known < hash);
        let same = self.names[first..].iter().take_while(|(known, _)| *known == hash);
        let same = same
            .map(|(_, item)| *item)
            .filter(|&item| claims.name(&claims.items[item as usize]) == &*normal.name);
        same.min_by_key(|&item| claims.items[item as usize].symbol.abs_diff(number))
    }
}

const STT_FUNC: u8 = 2;
