//! A small ELF writer for tests: both classes, both byte orders, as broken as a test wants it.
//!
//! `object::write` would refuse to write most of what the fixtures describe (bad indices, tables
//! beyond the end, more sections than the header can count), so this writes plain fields. Layout:
//! header, contents of the sections, symbol and string tables, section header table.

/// A section to write.
#[derive(Debug, Clone, Default)]
pub struct Section {
    pub name: String,
    pub sh_type: u32,
    pub flags: u64,
    pub addr: u64,
    pub align: u64,
    pub link: u32,
    pub info: u32,
    pub entsize: u64,
    /// Contents; `size` counts for NOBITS.
    pub data: Vec<u8>,
    pub size: u64,
}

/// A symbol to write.
#[derive(Debug, Clone, Default)]
pub struct Symbol {
    pub name: String,
    pub value: u64,
    pub size: u64,
    pub info: u8,
    /// Section header index; written through `SHT_SYMTAB_SHNDX` where it needs more than 16 bits.
    pub section: u32,
    /// Write `section` as it is: a reserved index.
    pub reserved: bool,
}

/// A whole file.
#[derive(Debug, Clone, Default)]
pub struct File {
    pub class64: bool,
    pub big: bool,
    pub machine: u16,
    pub e_type: u16,
    pub sections: Vec<Section>,
    /// No symbol table at all if `None`.
    pub symbols: Option<Vec<Symbol>>,
}

/// The bytes, and where things are in them.
#[derive(Debug, Clone, Default)]
pub struct Written {
    pub bytes: Vec<u8>,
    pub class64: bool,
    pub big: bool,
    /// Offset of the section header table.
    pub shoff: u64,
    /// Names by header index, the null section and the writer's own tables included.
    pub sections: Vec<String>,
    /// Offset of the symbol table.
    pub symtab: u64,
    /// Names by symbol index.
    pub symbols: Vec<String>,
}

const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const SHT_NOBITS: u32 = 8;
const SHT_SYMTAB_SHNDX: u32 = 18;
const SHN_LORESERVE: u32 = 0xff00;
const SHN_XINDEX: u64 = 0xffff;

/// Fields appended in the file's class and byte order.
struct Fields {
    bytes: Vec<u8>,
    class64: bool,
    big: bool,
}

impl Fields {
    fn put(&mut self, value: u64, width: usize) {
        if self.big {
            self.bytes.extend_from_slice(&value.to_be_bytes()[8 - width..]);
        } else {
            self.bytes.extend_from_slice(&value.to_le_bytes()[..width]);
        }
    }

    /// An address, offset or size.
    fn word(&mut self, value: u64) {
        self.put(value, if self.class64 { 8 } else { 4 });
    }
}

impl File {
    /// Writes the file; sections get offsets in order.
    pub fn write(&self) -> Written {
        let mut sections = self.sections.clone();
        let mut symbol_names = vec![String::new()];
        if let Some(symbols) = &self.symbols {
            let symtab = sections.len() as u32 + 1;
            let (table, strings, indices) = self.symbol_table(symbols);
            symbol_names.extend(symbols.iter().map(|s| s.name.clone()));
            let section = |name: &str, sh_type, data: Vec<u8>| Section {
                name: name.into(),
                sh_type,
                align: 8,
                data,
                ..Section::default()
            };
            let entsize = if self.class64 { 24 } else { 16 };
            let table = section(".symtab", SHT_SYMTAB, table);
            sections.push(Section { link: symtab + 1, info: 1, entsize, ..table });
            sections.push(section(".strtab", SHT_STRTAB, strings));
            if let Some(indices) = indices {
                let table = section(".symtab_shndx", SHT_SYMTAB_SHNDX, indices);
                sections.push(Section { link: symtab, entsize: 4, ..table });
            }
        }
        let mut names = vec![0];
        let mut name_offsets = Vec::new();
        for section in sections.iter().map(|s| s.name.as_str()).chain([".shstrtab"]) {
            name_offsets.push(names.len() as u64);
            names.extend_from_slice(section.as_bytes());
            names.push(0);
        }
        sections.push(Section {
            name: ".shstrtab".into(),
            sh_type: SHT_STRTAB,
            align: 1,
            data: names,
            ..Section::default()
        });
        self.assemble(&sections, &name_offsets, symbol_names)
    }

    fn assemble(&self, sections: &[Section], names: &[u64], symbols: Vec<String>) -> Written {
        let mut out = Fields { bytes: Vec::new(), class64: self.class64, big: self.big };
        let header = if self.class64 { 64 } else { 52 };
        let mut offsets = Vec::new();
        let mut end = header as u64;
        for section in sections {
            end = end.next_multiple_of(section.align.max(1));
            offsets.push(end);
            if section.sh_type != SHT_NOBITS {
                end += section.data.len() as u64;
            }
        }
        let shoff = end.next_multiple_of(8);
        self.header(&mut out, shoff, sections.len() as u32 + 1);
        for (section, offset) in sections.iter().zip(&offsets) {
            if section.sh_type != SHT_NOBITS {
                out.bytes.resize(*offset as usize, 0);
                out.bytes.extend_from_slice(&section.data);
            }
        }
        out.bytes.resize(shoff as usize, 0);
        let count = sections.len() as u64 + 1;
        let many = count >= u64::from(SHN_LORESERVE);
        let null = Section::default();
        let first = (0, &null, 0, if many { count } else { 0 });
        let rest = sections.iter().zip(names).zip(&offsets).map(|((section, name), offset)| {
            let nobits = section.sh_type == SHT_NOBITS;
            let size = if nobits { section.size } else { section.data.len() as u64 };
            (*name, section, *offset, size)
        });
        for (name, section, offset, size) in std::iter::once(first).chain(rest) {
            // The null header carries the index of the name table when e_shstrndx cannot.
            let is_null = std::ptr::eq(section, &raw const null);
            let link = if is_null && many { sections.len() as u32 } else { section.link };
            out.put(name, 4);
            out.put(section.sh_type.into(), 4);
            out.word(section.flags);
            out.word(section.addr);
            out.word(offset);
            out.word(size);
            out.put(link.into(), 4);
            out.put(section.info.into(), 4);
            out.word(section.align);
            out.word(section.entsize);
        }
        let table = sections.iter().position(|s| s.sh_type == SHT_SYMTAB);
        let mut section_names = vec![String::new()];
        section_names.extend(sections.iter().map(|s| s.name.clone()));
        Written {
            bytes: out.bytes,
            class64: self.class64,
            big: self.big,
            shoff,
            sections: section_names,
            symtab: table.map_or(0, |index| offsets[index]),
            symbols,
        }
    }

    fn header(&self, out: &mut Fields, shoff: u64, count: u32) {
        let (class, order) = (1 + u8::from(self.class64), 1 + u8::from(self.big));
        out.bytes.extend_from_slice(&[0x7f, b'E', b'L', b'F', class, order, 1, 0]);
        out.bytes.resize(16, 0);
        out.put(self.e_type.into(), 2);
        out.put(self.machine.into(), 2);
        out.put(1, 4);
        out.word(0);
        out.word(0);
        out.word(shoff);
        out.put(0, 4);
        out.put(if self.class64 { 64 } else { 52 }, 2);
        out.put(0, 2);
        out.put(0, 2);
        out.put(if self.class64 { 64 } else { 40 }, 2);
        let many = count >= SHN_LORESERVE;
        out.put(if many { 0 } else { count.into() }, 2);
        out.put(if many { SHN_XINDEX } else { u64::from(count) - 1 }, 2);
    }

    /// The symbol table, its strings, and the extended indices if any symbol needs one.
    fn symbol_table(&self, symbols: &[Symbol]) -> (Vec<u8>, Vec<u8>, Option<Vec<u8>>) {
        let fields = || Fields { bytes: Vec::new(), class64: self.class64, big: self.big };
        let (mut out, mut indices) = (fields(), fields());
        let mut strings = vec![0];
        let null = Symbol::default();
        let mut extended = false;
        for symbol in std::iter::once(&null).chain(symbols) {
            let name = if symbol.name.is_empty() { 0 } else { strings.len() as u64 };
            if name != 0 {
                strings.extend_from_slice(symbol.name.as_bytes());
                strings.push(0);
            }
            let far = !symbol.reserved && symbol.section >= SHN_LORESERVE;
            extended |= far;
            indices.put(if far { symbol.section.into() } else { 0 }, 4);
            let shndx = if far { SHN_XINDEX } else { symbol.section.into() };
            out.put(name, 4);
            if self.class64 {
                out.bytes.extend_from_slice(&[symbol.info, 0]);
                out.put(shndx, 2);
                out.word(symbol.value);
                out.word(symbol.size);
            } else {
                out.word(symbol.value);
                out.word(symbol.size);
                out.bytes.extend_from_slice(&[symbol.info, 0]);
                out.put(shndx, 2);
            }
        }
        (out.bytes, strings, extended.then_some(indices.bytes))
    }
}

/// Field name, offset and width in 64-bit files, offset and width in 32-bit ones.
type Field = (&'static str, (u64, usize), (u64, usize));

#[rustfmt::skip]
const HEADER: &[Field] = &[
    ("ei_class", (4, 1), (4, 1)), ("ei_data", (5, 1), (5, 1)), ("ei_version", (6, 1), (6, 1)),
    ("e_type", (16, 2), (16, 2)), ("e_machine", (18, 2), (18, 2)),
    ("e_shoff", (40, 8), (32, 4)), ("e_shentsize", (58, 2), (46, 2)),
    ("e_shnum", (60, 2), (48, 2)), ("e_shstrndx", (62, 2), (50, 2)),
];
#[rustfmt::skip]
const SECTION: &[Field] = &[
    ("sh_name", (0, 4), (0, 4)), ("sh_type", (4, 4), (4, 4)), ("sh_flags", (8, 8), (8, 4)),
    ("sh_offset", (24, 8), (16, 4)), ("sh_size", (32, 8), (20, 4)),
    ("sh_link", (40, 4), (24, 4)), ("sh_info", (44, 4), (28, 4)), ("sh_entsize", (56, 8), (36, 4)),
];
#[rustfmt::skip]
const SYMBOL: &[Field] = &[
    ("st_name", (0, 4), (0, 4)), ("st_shndx", (6, 2), (14, 2)),
    ("st_value", (8, 8), (4, 4)), ("st_size", (16, 8), (8, 4)),
];

impl Written {
    /// The offset of header `index`.
    pub fn section(&self, index: usize) -> u64 {
        self.shoff + index as u64 * if self.class64 { 64 } else { 40 }
    }

    /// The offset of symbol `index`.
    pub fn symbol(&self, index: usize) -> u64 {
        self.symtab + index as u64 * if self.class64 { 24 } else { 16 }
    }

    /// Offset and width of a place: `e_shoff`, `.text sh_offset`, `0 sh_size`, `symbol f st_shndx`,
    /// `.text` (its header), `symbol f`, `end`.
    pub fn place(&self, text: &str) -> (u64, usize) {
        let words: Vec<&str> = text.split(' ').collect();
        let index = |names: &[String], name: &str| {
            name.parse().ok().or_else(|| names.iter().position(|n| n == name)).unwrap_or_else(
                || {
                    panic!("no section or symbol is called {name}: {names:?}");
                },
            )
        };
        let (base, fields, field) = match words[..] {
            ["end"] => return (self.bytes.len() as u64, 0),
            ["symbol", name] => return (self.symbol(index(&self.symbols, name)), 0),
            ["symbol", name, field] => (self.symbol(index(&self.symbols, name)), SYMBOL, field),
            [name, field] => (self.section(index(&self.sections, name)), SECTION, field),
            [field] if HEADER.iter().any(|f| f.0 == field) => (0, HEADER, field),
            [name] => return (self.section(index(&self.sections, name)), 0),
            _ => panic!("what is {text}?"),
        };
        let found = fields.iter().find(|f| f.0 == field).expect("a field of this table");
        let (offset, width) = if self.class64 { found.1 } else { found.2 };
        (base + offset, width)
    }

    /// Overwrites the field at `place`.
    pub fn patch(&mut self, place: &str, value: u64) {
        let (offset, width) = self.place(place);
        let mut field = Fields { bytes: Vec::new(), class64: self.class64, big: self.big };
        field.put(value, width);
        let offset = offset as usize;
        self.bytes[offset..offset + width].copy_from_slice(&field.bytes);
    }
}
