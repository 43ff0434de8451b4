//! Every payload byte of an image once, with the object and the symbol that it belongs to.
//!
//! With a map the runs of `reconcile` are cut up by symbols: what no symbol of an object covers is the
//! object's own. Without one, symbols have no object, and what none covers is nobody's. Of symbols that
//! share bytes, the first has them.

use super::extents::{self, Extent};
use super::payload;
use super::reconcile::{self, Owner};
use crate::model::image::Image;
use crate::model::linkmap::LinkMap;
use crate::model::owned::Owned;
use crate::model::payload::Run;

/// The payload of `image`, in pieces; their bytes sum to it.
pub fn of(image: &Image<'_>, map: Option<&LinkMap<'_>>) -> Vec<Owned> {
    let mut by_section: Vec<(usize, Vec<Extent>)> = Vec::new();
    extents::each(image, |slot, extents| by_section.push((slot, extents.to_vec())));
    let mut out = Vec::new();
    if let Some(map) = map {
        let (laid, _) = reconcile::lay(image, map);
        for laid in &laid {
            let slot = image.sections.iter().position(|one| std::ptr::eq(one, laid.section));
            let symbols = by_section.iter().find(|(at, _)| Some(*at) == slot);
            let mut pieces = Pieces::new(image, symbols.map_or(&[], |(_, list)| list));
            for (run, owner) in &laid.runs {
                match owner {
                    Owner::Padding => {}
                    Owner::Part(part) => pieces.cut(*run, Some(object(part.file))),
                    Owner::Nobody => pieces.cut(*run, None),
                }
            }
            out.extend(pieces.out);
        }
        return out;
    }
    for section in &payload::estimate(image).sections {
        let slot = image.sections.iter().position(|one| one.index == section.index);
        let symbols = by_section.iter().find(|(at, _)| Some(*at) == slot);
        let mut pieces = Pieces::new(image, symbols.map_or(&[], |(_, list)| list));
        let mut at = 0;
        for gap in
            section.padding.iter().copied().chain([Run { start: section.size, end: u64::MAX }])
        {
            pieces.cut(Run { start: at, end: gap.start.max(at) }, None);
            at = gap.end;
        }
        out.extend(pieces.out);
    }
    out
}

/// The object's path as the build has it: a member by its name.
fn object(file: &[u8]) -> String {
    let text = String::from_utf8_lossy(file);
    let inside = text.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let path = inside.unwrap_or(&text);
    path.strip_prefix("./").unwrap_or(path).to_owned()
}

struct Pieces<'i> {
    image: &'i Image<'i>,
    symbols: &'i [Extent],
    /// All symbols before this one end before what is cut next.
    first: usize,
    out: Vec<Owned>,
}

impl<'i> Pieces<'i> {
    fn new(image: &'i Image<'i>, symbols: &'i [Extent]) -> Self {
        Self { image, symbols, first: 0, out: Vec::new() }
    }

    fn add(&mut self, object: Option<&String>, symbol: Option<&Extent>, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let name = symbol.map(|one| {
            let symbol = self.image.symbols.at(one.symbol());
            String::from_utf8_lossy(self.image.symbols.name(&symbol)).into_owned()
        });
        self.out.push(Owned { object: object.cloned(), symbol: name, bytes });
    }

    /// Gives the bytes of a run to the symbols in it; runs come in order.
    fn cut(&mut self, run: Run, object: Option<String>) {
        let object = object.filter(|object| !object.is_empty());
        let symbols = self.symbols;
        while symbols.get(self.first).is_some_and(|one| one.end() <= run.start) {
            self.first += 1;
        }
        let mut at = run.start;
        let mut rest = 0;
        for one in symbols[self.first..].iter().take_while(|one| one.start() < run.end) {
            let (start, end) = (one.start().max(at), one.end().min(run.end));
            if end > start {
                rest += start - at;
                self.add(object.as_ref(), Some(one), end - start);
                at = end;
            }
        }
        rest += run.end - at;
        self.add(object.as_ref(), None, rest);
    }
}
