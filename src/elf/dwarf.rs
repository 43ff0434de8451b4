//! Debug information: which compile unit and which line every function and variable is from, and what was
//! inlined where. The only user of `gimli`.
//!
//! Units know nothing of each other, so chunks of them are read in parallel, and what chunks found is put
//! together in the order of the file: the result is the same for any number of threads. No entry is kept;
//! a kernel has fifteen million. Damaged units are given up where they are damaged, with a [`Diag`], and the
//! rest is read.

use gimli::{DebugInfoOffset, UnitHeader, UnitOffset};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::exit::Result;
use crate::model::diag::Diag;
use crate::model::image::{Image, Kind};
use crate::model::inline::Inlines;
use crate::model::origin::{Bases, Origins};
use crate::model::record::{Record, Tag};

mod entry;
mod files;
mod inline;
mod paths;
mod places;
mod records;
mod relocate;
mod sections;
mod width;

use entry::Dwarf;
use paths::Roots;
use sections::{Sections, Slice};

/// How much to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// Functions and variables with their lines; otherwise only names and code of units, which is ten times
    /// faster.
    pub things: bool,
}

impl Want {
    /// Units and their code.
    pub const UNITS: Self = Self { things: false };
    /// Functions and variables too.
    pub const ALL: Self = Self { things: true };
}

/// The debug information of one image.
///
/// ```text
/// if let Some(debug) = Debug::of(&image)? {
///     let origins = debug.origins(Want::ALL);   // then: origins.of(&symbol), see `model::origin`
/// }
/// ```
#[derive(Debug)]
pub struct Debug<'a> {
    image: &'a Image<'a>,
    sections: Sections<'a>,
}

impl<'a> Debug<'a> {
    /// Finds it; `None` if there is none (`CONFIG_DEBUG_INFO` is off, or it was stripped).
    ///
    /// # Errors
    ///
    /// Sections that are compressed in a way not read here (zstd), or whose compressed data is damaged.
    pub fn of(image: &'a Image<'a>) -> Result<Option<Self>> {
        let sections = Sections::of(image)?;
        Ok(sections.map(|sections| Self { image, sections }))
    }

    /// Whether there is any, without reading it.
    pub fn is_in(image: &Image<'_>) -> bool {
        sections::any(image)
    }

    /// Where the functions and variables are from.
    pub fn origins(&self, want: Want) -> Origins {
        let reader = Reader::new(self);
        let parts = reader.each(|chunk| places::read(&reader, chunk, want));
        let mut origins = places::merge(parts);
        origins.bases = self.sections.bases.clone();
        let odd = self.sections.oddities.iter().chain(&reader.oddities);
        origins.diags.splice(0..0, odd.map(|text| self.diag(text)));
        origins
    }

    /// What was inlined where, and what could not be read.
    pub fn inlines(&self) -> (Inlines, Vec<Diag>) {
        let reader = Reader::new(self);
        inline::merge(reader.each(|chunk| inline::read(&reader, chunk)))
    }

    /// The layouts of the structures and unions whose tag is `wanted`, sorted. One tag may have several:
    /// private ones of one name, or what differs by an option of the file.
    pub fn records(&self, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Vec<Record> {
        let reader = Reader::new(self);
        let mut all = reader.each(|chunk| records::read(&reader, chunk, wanted)).concat();
        all.sort();
        all.dedup();
        all
    }

    /// The sizes of all structures and unions that have a tag, sorted: much faster than their layouts.
    pub fn tags(&self) -> Vec<Tag> {
        let reader = Reader::new(self);
        let all = reader.each(|chunk| records::tags(&reader, chunk));
        let all: FxHashSet<Tag> = all.into_iter().flatten().collect();
        let mut all: Vec<Tag> = all.into_iter().collect();
        all.sort_unstable();
        all
    }

    /// The addresses of sections of a relocatable file.
    pub fn bases(&self) -> &Bases {
        &self.sections.bases
    }

    fn diag(&self, text: &str) -> Diag {
        let name = self.image.member.as_ref().unwrap_or(&self.image.path);
        Diag::new(name, text)
    }
}

/// What reading units needs.
struct Reader<'d> {
    dwarf: Dwarf<'d>,
    headers: Vec<UnitHeader<Slice<'d>>>,
    roots: Roots,
    /// Whether addresses are final, so that 0 is none.
    linked: bool,
    name: &'d str,
    oddities: Vec<String>,
}

impl<'d> Reader<'d> {
    fn new(debug: &'d Debug<'_>) -> Self {
        let load = |id| Ok::<_, std::convert::Infallible>(debug.sections.slice(id));
        let Ok(dwarf) = Dwarf::load(load);
        let image = debug.image;
        let mut reader = Self {
            dwarf,
            headers: Vec::new(),
            roots: Roots::default(),
            linked: image.kind == Kind::Linked,
            name: image.member.as_ref().unwrap_or(&image.path),
            oddities: Vec::new(),
        };
        let mut units = reader.dwarf.units();
        loop {
            match units.next() {
                Ok(Some(header)) => reader.headers.push(header),
                Ok(None) => break,
                Err(err) => {
                    let after = reader.headers.len();
                    reader
                        .oddities
                        .push(format!(".debug_info cannot be read on after {after} units: {err}"));
                    break;
                }
            }
        }
        reader.learn_roots();
        reader
    }

    /// Finds out where the kernel tree was, from the first units, and from more of them while there are some
    /// that were compiled by an absolute path of which that is not known.
    fn learn_roots(&mut self) {
        const FIRST: usize = 16;
        const MOST: usize = 256;
        let mut unknown = false;
        for (number, header) in self.headers.iter().enumerate().take(MOST) {
            if number >= FIRST && !unknown {
                break;
            }
            let Ok(unit) = self.dwarf.unit(*header) else { continue };
            files::learn(&self.dwarf, &unit, &mut self.roots);
            let name = unit.name.map_or(&[][..], |name| name.slice());
            unknown = name.starts_with(b"/") && !self.roots.knows(name);
        }
    }

    /// The number of the unit that has an entry at `at`, and where in it.
    fn unit_with(&self, at: DebugInfoOffset) -> Option<(usize, UnitOffset)> {
        let next = self.headers.partition_point(|header| start_of(header) <= at.0);
        let number = next.checked_sub(1)?;
        Some((number, at.to_unit_offset(&self.headers[number])?))
    }

    /// The number of a unit.
    fn number_of(&self, header: &UnitHeader<Slice<'d>>) -> usize {
        let at = start_of(header);
        self.headers.partition_point(|header| start_of(header) < at)
    }

    /// Says that a unit was given up.
    fn damaged(&self, header: &UnitHeader<Slice<'d>>, err: gimli::Error) -> Diag {
        let at = start_of(header);
        Diag::new(self.name, format!("the unit at {at:#x} of .debug_info is damaged: {err}"))
    }

    /// Reads all units in chunks of about the same size, in parallel.
    fn each<T: Send>(&self, read: impl Fn(&[UnitHeader<Slice<'d>>]) -> T + Sync + Send) -> Vec<T> {
        /// Enough that threads that were slow can be helped, few enough that little is read twice.
        const CHUNKS: usize = 64;
        let length = |header: &UnitHeader<Slice<'d>>| header.length_including_self();
        let total: usize = self.headers.iter().map(length).sum();
        let limit = total / CHUNKS + 1;
        let (mut chunks, mut start, mut bytes) = (Vec::new(), 0, 0);
        for (number, header) in self.headers.iter().enumerate() {
            bytes += length(header);
            if bytes >= limit {
                chunks.push(&self.headers[start..=number]);
                (start, bytes) = (number + 1, 0);
            }
        }
        chunks.push(&self.headers[start..]);
        chunks.into_par_iter().map(read).collect()
    }
}

/// Where in `.debug_info` a unit begins.
fn start_of(header: &UnitHeader<Slice<'_>>) -> usize {
    header.debug_info_offset().map_or(0, |offset| offset.0)
}
