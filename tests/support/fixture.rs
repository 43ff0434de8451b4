//! `fixtures/elf/*.toml`: readable descriptions of ELF files, and what must come of them.
//!
//! A description without `class` or `endian` stands for both, so most fixtures are four files.

use std::path::Path;

use serde::Deserialize;

use super::elf::{File, Section, Symbol, Written};

/// One fixture file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// One sentence: what is special about it.
    pub about: String,
    /// 32 or 64; both if absent.
    pub class: Option<u8>,
    /// `little` or `big`; both if absent.
    pub endian: Option<String>,
    /// `e_machine`; 0 (none) is read by every `size`.
    #[serde(default)]
    pub machine: u16,
    /// `rel`, `exec`, `dyn` or `core`.
    #[serde(default = "rel")]
    pub r#type: String,
    /// In table order.
    #[serde(default, rename = "section")]
    pub sections: Vec<SectionText>,
    /// Absent: no symbol table.
    #[serde(rename = "symbol")]
    pub symbols: Option<Vec<SymbolText>>,
    /// Fields overwritten afterwards.
    #[serde(default)]
    pub patch: Vec<Patch>,
    /// Where the file is cut off: a place as in `patch`.
    pub truncate: Option<String>,
    /// What must come of it.
    pub expect: Expect,
}

/// A section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionText {
    /// `{}` is replaced by the number of the copy.
    pub name: String,
    /// `progbits`, `nobits`, `note`, `strtab`, …, or a number.
    #[serde(default = "progbits")]
    pub r#type: String,
    /// As readelf shows them: W, A, X, T (TLS), M, S, G, …
    #[serde(default)]
    pub flags: String,
    #[serde(default)]
    pub addr: u64,
    /// Bytes (of value 0x90 where there are contents).
    #[serde(default)]
    pub size: u64,
    /// Contents in place of `size`.
    pub text: Option<String>,
    #[serde(default = "one")]
    pub align: u64,
    #[serde(default)]
    pub link: u32,
    #[serde(default)]
    pub info: u32,
    #[serde(default)]
    pub entsize: u64,
    /// That many copies.
    #[serde(default = "one")]
    pub count: u64,
}

/// A symbol.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SymbolText {
    pub name: String,
    /// A section's name, or `undef`, `abs`, `common`.
    pub section: String,
    #[serde(default)]
    pub value: u64,
    #[serde(default)]
    pub size: u64,
    /// `notype`, `object`, `func`, `section`, `file`, `tls`
    #[serde(default)]
    pub r#type: String,
    #[serde(default)]
    pub global: bool,
}

/// A field to overwrite.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// See [`Written::place`].
    pub place: String,
    /// Negative numbers are two's complement: -1 is all ones.
    pub value: i64,
}

/// What must come of a fixture.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// text, data, bss.
    pub size: Option<[u64; 3]>,
    /// Number of sections without the null section.
    pub sections: Option<usize>,
    /// Number of symbols without the null symbol.
    pub symbols: Option<usize>,
    /// Part of a warning.
    pub warning: Option<String>,
    /// Part of the error; then nothing else is expected.
    pub error: Option<String>,
    /// The place the error names.
    pub at: Option<String>,
    /// Only when symbols are read; totals work.
    #[serde(default)]
    pub only_symbols: bool,
    /// GNU size does not read it, or reads something else: no comparison, for this reason.
    pub no_oracle: Option<String>,
}

fn rel() -> String {
    "rel".into()
}

fn progbits() -> String {
    "progbits".into()
}

fn one() -> u64 {
    1
}

/// All fixtures of a directory, by name.
pub fn load(dir: &Path) -> Vec<(String, Fixture)> {
    let mut all: Vec<(String, Fixture)> = std::fs::read_dir(dir)
        .unwrap_or_else(|err| panic!("{}: {err}", dir.display()))
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a readable fixture");
            let fixture =
                toml::from_str(&text).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
            (path.file_stem().expect("a name").to_string_lossy().into_owned(), fixture)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

impl Fixture {
    /// The files it stands for, with what tells them apart (`64le`).
    pub fn variants(&self) -> Vec<(String, Written)> {
        let mut variants = Vec::new();
        for class in [32, 64].into_iter().filter(|c| self.class.is_none_or(|class| class == *c)) {
            for endian in ["little", "big"] {
                if self.endian.as_deref().is_none_or(|e| e == endian) {
                    let written = self.write(class == 64, endian == "big");
                    variants.push((format!("{class}{}e", &endian[..1]), written));
                }
            }
        }
        variants
    }

    fn write(&self, class64: bool, big: bool) -> Written {
        let mut sections: Vec<Section> = Vec::new();
        for text in &self.sections {
            for copy in 0..text.count {
                sections.push(text.section(copy));
            }
        }
        let index = |name: &str| {
            let found = sections.iter().position(|s| s.name == name);
            found.unwrap_or_else(|| panic!("no section {name}")) as u32 + 1
        };
        let symbols = self
            .symbols
            .as_ref()
            .map(|symbols| symbols.iter().map(|symbol| symbol.symbol(&index)).collect());
        let e_type = match self.r#type.as_str() {
            "rel" => 1,
            "exec" => 2,
            "dyn" => 3,
            "core" => 4,
            other => panic!("unknown type {other}"),
        };
        let file = File { class64, big, machine: self.machine, e_type, sections, symbols };
        let mut written = file.write();
        for patch in &self.patch {
            written.patch(&patch.place, patch.value as u64);
        }
        if let Some(place) = &self.truncate {
            let (end, _) = written.place(place);
            written.bytes.truncate(end as usize);
        }
        written
    }
}

impl SectionText {
    fn section(&self, copy: u64) -> Section {
        let sh_type = match self.r#type.as_str() {
            "null" => 0,
            "progbits" => 1,
            "symtab" => 2,
            "strtab" => 3,
            "rela" => 4,
            "note" => 7,
            "nobits" => 8,
            "rel" => 9,
            "group" => 17,
            other => other.parse().unwrap_or_else(|_| panic!("unknown section type {other}")),
        };
        let flags = self.flags.chars().fold(0, |flags, flag| {
            flags
                | match flag {
                    'W' => 0x1,
                    'A' => 0x2,
                    'X' => 0x4,
                    'M' => 0x10,
                    'S' => 0x20,
                    'I' => 0x40,
                    'G' => 0x200,
                    'T' => 0x400,
                    'E' => 0x8000_0000,
                    _ => panic!("unknown flag {flag}"),
                }
        });
        let data = match &self.text {
            Some(text) => text.as_bytes().to_vec(),
            None if sh_type == 8 => Vec::new(),
            None => vec![0x90; self.size as usize],
        };
        Section {
            name: self.name.replace("{}", &copy.to_string()),
            sh_type,
            flags,
            addr: self.addr,
            align: self.align,
            link: self.link,
            info: self.info,
            entsize: self.entsize,
            size: self.size,
            data,
        }
    }
}

impl SymbolText {
    fn symbol(&self, index: &dyn Fn(&str) -> u32) -> Symbol {
        let (section, reserved) = match self.section.as_str() {
            "undef" => (0, true),
            "abs" => (0xfff1, true),
            "common" => (0xfff2, true),
            name => (index(name), false),
        };
        let kind = match self.r#type.as_str() {
            "" | "notype" => 0,
            "object" => 1,
            "func" => 2,
            "section" => 3,
            "file" => 4,
            "tls" => 6,
            other => panic!("unknown symbol type {other}"),
        };
        Symbol {
            name: self.name.clone(),
            value: self.value,
            size: self.size,
            info: kind | (u8::from(self.global) << 4),
            section,
            reserved,
        }
    }
}
