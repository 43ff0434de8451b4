//! Where the functions and objects of an image were written: compile unit, source file and line.
//!
//! `elf::dwarf` fills it from debug information. It is kept by address, not by name: a static of which
//! there are fifty is fifty things, and a function under an alias is still one. Paths are relative to the
//! kernel tree, so that two builds in different directories say the same.

use super::symtab::{Place, Symbol};

/// What debug information says of the places of one image.
///
/// ```text
/// let Some(debug) = elf::dwarf::Debug::of(&image)? else { … no debug information … };
/// let origins = debug.origins(dwarf::Want::ALL);
/// for symbol in image.symbols.iter() {
///     if let Some(origin) = origins.of(&symbol) {
///         let unit = &origins.units[origin.unit as usize].name;      // mm/hmm.c
///         let line = origin.decl.map(|d| (origins.file(d), d.line)); // include/linux/mm.h, 1290
///     }
/// }
/// ```
///
/// Without debug information, `analyze::units::Units` knows the object of a symbol from the linker map.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// Compile units, in the order of the file.
    pub units: Vec<Unit>,
    /// Paths of source files; see [`Origins::file`].
    pub files: Vec<String>,
    /// Functions and variables by address, and of one address in the order of the file.
    pub things: Vec<Thing>,
    /// The code of units by address, without overlap.
    pub code: Vec<Code>,
    /// Where the sections of a relocatable file begin in the address space that addresses here are of; see
    /// [`Bases`].
    pub bases: Bases,
    /// Units that could not be read to their end, and what else was odd.
    pub diags: Vec<super::diag::Diag>,
}

/// A compile unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its main source file, relative to the kernel tree.
    pub name: String,
    /// Whether it was written in assembly, of which debug information knows no functions.
    pub assembly: bool,
}

/// A piece of code of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// Address of the first byte.
    pub start: u64,
    /// Address after the last byte.
    pub end: u64,
    /// Index into [`Origins::units`].
    pub unit: u32,
}

/// A function, or a part of one (`.cold`), or a variable with an address of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thing {
    /// Address of the first byte.
    pub addr: u64,
    /// Bytes, where they are known: functions only.
    pub size: u64,
    /// Index into [`Origins::units`].
    pub unit: u32,
    /// Where it is declared; `line` is 0 if that is not known.
    pub decl: Decl,
    /// Which of the two it is.
    pub kind: Kind,
}

/// What a [`Thing`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Code.
    Function,
    /// Data.
    Variable,
}

/// A line of a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decl {
    /// Index into [`Origins::files`].
    pub file: u32,
    /// 1-based.
    pub line: u32,
}

/// Where a symbol comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Index into [`Origins::units`].
    pub unit: u32,
    /// Where it is declared. `None` for what only lies within a unit's code: assembly, what the compiler
    /// made.
    pub decl: Option<Decl>,
}

/// Addresses for relocatable files, whose sections all begin at 0: as if they lay one behind the other. In
/// linked files an address is an address.
#[derive(Debug, Clone, Default)]
pub struct Bases {
    /// By section header index; empty for linked files.
    pub sections: Vec<u64>,
    /// Whether bit 0 of the value of a function means Thumb.
    pub thumb: bool,
}

impl Bases {
    /// The address of a `value` in a section, as debug information says it.
    pub fn address(&self, section: u32, value: u64) -> Option<u64> {
        if self.sections.is_empty() {
            return Some(value);
        }
        let base = *self.sections.get(section as usize)?;
        (base != 0).then(|| base.wrapping_add(value))
    }

    /// The address of a symbol; `None` of what has none.
    pub fn of(&self, symbol: &Symbol) -> Option<u64> {
        const STT_FUNC: u8 = 2;
        const STT_TLS: u8 = 6;
        let Place::Section(section) = symbol.section else { return None };
        let thumb = self.thumb && symbol.kind == STT_FUNC;
        let value = if thumb { symbol.value & !1 } else { symbol.value };
        (symbol.kind != STT_TLS).then(|| self.address(section, value)).flatten()
    }
}

impl Origins {
    /// Where a symbol comes from: by the function or variable at its address, else by the unit whose code
    /// it lies in.
    ///
    /// A symbol without size may lie where another thing begins, of which it is no part; it can only be a
    /// label in code.
    pub fn of(&self, symbol: &Symbol) -> Option<Origin> {
        let addr = self.bases.of(symbol)?;
        let is_label = symbol.size == 0
            && self.thing_at(addr).is_some_and(|thing| thing.kind == Kind::Variable);
        if is_label { None } else { self.at(addr) }
    }

    /// Where what begins at `addr` comes from.
    pub fn at(&self, addr: u64) -> Option<Origin> {
        let first = self.things.partition_point(|thing| thing.addr < addr);
        if let Some(thing) = self.things.get(first).filter(|thing| thing.addr == addr) {
            return Some(Origin { unit: thing.unit, decl: thing.known_decl() });
        }
        self.unit_at(addr).map(|unit| Origin { unit, decl: None })
    }

    /// The function or variable that begins at `addr`.
    pub fn thing_at(&self, addr: u64) -> Option<&Thing> {
        let first = self.things.partition_point(|thing| thing.addr < addr);
        self.things.get(first).filter(|thing| thing.addr == addr)
    }

    /// The unit whose code is at `addr`.
    pub fn unit_at(&self, addr: u64) -> Option<u32> {
        let next = self.code.partition_point(|code| code.start <= addr);
        let code = self.code.get(next.checked_sub(1)?)?;
        (addr < code.end).then_some(code.unit)
    }

    /// The source file of a declaration.
    pub fn file(&self, decl: Decl) -> &str {
        self.files.get(decl.file as usize).map_or("", String::as_str)
    }

    /// The name of a unit.
    pub fn unit_name(&self, unit: u32) -> &str {
        self.units.get(unit as usize).map_or("", |unit| unit.name.as_str())
    }
}

impl Thing {
    /// Where it is declared, if that is known.
    pub fn known_decl(&self) -> Option<Decl> {
        (self.decl.line != 0).then_some(self.decl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_thing_or_else_the_code_of_a_unit() {
        let decl = Decl { file: 0, line: 7 };
        let thing = |addr, unit, line| Thing {
            addr,
            size: 4,
            unit,
            decl: Decl { line, ..decl },
            kind: Kind::Function,
        };
        let unit = |name: &str| Unit { name: name.into(), assembly: false };
        let origins = Origins {
            units: vec![unit("a.c"), unit("b.c")],
            files: vec!["a.h".into()],
            things: vec![thing(16, 0, 7), thing(64, 1, 0)],
            code: vec![Code { start: 16, end: 32, unit: 0 }, Code { start: 40, end: 48, unit: 1 }],
            ..Origins::default()
        };
        assert_eq!(origins.at(16), Some(Origin { unit: 0, decl: Some(decl) }));
        assert_eq!(origins.at(17), Some(Origin { unit: 0, decl: None }));
        assert_eq!(origins.at(64), Some(Origin { unit: 1, decl: None }));
        for nowhere in [0, 15, 32, 39, 48, 63, 65, u64::MAX] {
            assert_eq!(origins.at(nowhere), None, "{nowhere}");
        }
        assert_eq!((origins.file(decl), origins.unit_name(1)), ("a.h", "b.c"));
    }

    #[test]
    fn relocatable_sections_lie_one_behind_the_other() {
        let bases = Bases { sections: vec![0, 0x1000, 0, 0x2000], thumb: true };
        let symbol = |section, value, kind| Symbol {
            name: 0,
            value,
            size: 0,
            section: Place::Section(section),
            kind,
            bind: 0,
        };
        assert_eq!(bases.of(&symbol(3, 8, 1)), Some(0x2008));
        assert_eq!(bases.of(&symbol(1, 9, 2)), Some(0x1008));
        assert_eq!(bases.of(&symbol(2, 8, 1)), None);
        assert_eq!(bases.of(&symbol(9, 8, 1)), None);
        assert_eq!(Bases::default().of(&symbol(9, 8, 1)), Some(8));
    }
}
