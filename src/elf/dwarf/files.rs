//! The source files of a unit, by number; and their paths, each kept once.

use rustc_hash::FxHashMap;

use super::entry::{Dwarf, Unit};
use super::paths::Roots;

/// Strings by number.
#[derive(Debug, Default)]
pub(super) struct Interner {
    numbers: FxHashMap<String, u32>,
    pub strings: Vec<String>,
}

impl Interner {
    /// The number of a string.
    pub fn of(&mut self, text: String) -> u32 {
        if let Some(&number) = self.numbers.get(&text) {
            return number;
        }
        let number = self.strings.len() as u32;
        self.numbers.insert(text.clone(), number);
        self.strings.push(text);
        number
    }

    /// The numbers here of the strings of another.
    pub fn merge(&mut self, other: Self) -> Vec<u32> {
        other.strings.into_iter().map(|text| self.of(text)).collect()
    }
}

/// Learns from the header directories of a unit where its tree is.
pub(super) fn learn(dwarf: &Dwarf<'_>, unit: &Unit<'_>, roots: &mut Roots) {
    let Some(program) = &unit.line_program else { return };
    for directory in program.header().include_directories() {
        if let Ok(directory) = dwarf.attr_string(unit, *directory) {
            roots.learn(directory.slice());
        }
    }
}

/// The files of one unit, looked up when they are first needed.
pub(super) struct Files {
    numbers: Vec<u32>,
}

const UNKNOWN: u32 = u32::MAX;

impl Files {
    pub fn new() -> Self {
        Self { numbers: Vec::new() }
    }

    /// The number in `interner` of file `index` of the unit's line table.
    pub fn number(
        &mut self,
        (dwarf, unit, roots): (&Dwarf<'_>, &Unit<'_>, &Roots),
        index: u64,
        interner: &mut Interner,
    ) -> Option<u32> {
        let header = unit.line_program.as_ref()?.header();
        let entry = header.file(index)?;
        // There is such a file, so the number is small.
        let at = index as usize;
        if self.numbers.len() <= at {
            self.numbers.resize(at + 1, UNKNOWN);
        }
        if self.numbers[at] == UNKNOWN {
            let name = dwarf.attr_string(unit, entry.path_name()).ok()?;
            let directory = entry.directory(header);
            let directory = directory.and_then(|directory| dwarf.attr_string(unit, directory).ok());
            let directory = directory.map_or(&[][..], |directory| directory.slice());
            let comp_dir = unit.comp_dir.map_or(&[][..], |dir| dir.slice());
            // The first directory is that of the compiler, whatever it was rewritten to.
            let first = header.version() >= 5 && entry.directory_index() == 0;
            let directory = if first && !directory.starts_with(b"/") { &[][..] } else { directory };
            self.numbers[at] = interner.of(roots.relative(directory, name.slice(), comp_dir));
        }
        Some(self.numbers[at])
    }
}
