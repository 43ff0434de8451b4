//! Reads linker maps: GNU ld's `-Map` (the kernel's `CONFIG_VMLINUX_MAP`) and ld.lld's.
//!
//! Borrowing and single-pass, because a kernel's map is tens of megabytes. Both formats are meant
//! for people, so the reader goes by shape: it takes what it is sure of and skips the rest
//! (symbols, patterns, assignments). What the ELF file then says differently is found by
//! `analyze::reconcile`, which compares the two byte for byte.
//!
//! GNU ld: discarded and garbage-collected sections are listed before "Linker script and memory
//! map" and so never read. Output sections start in column 0, input sections in column 1, and a
//! name of 15 bytes or more puts its numbers on the next line. ld.lld: four numbers and a text
//! whose indentation (0, 8, 16) says output section, input section, symbol.

use bstr::{BStr, ByteSlice};

use crate::exit::{Error, Result};
use crate::model::diag::Diag;
use crate::model::linkmap::{LinkMap, MapFormat, OutSection, Part, PartKind};

/// The line after which GNU ld's map speaks about the linked image.
const GNU_START: &[u8] = b"Linker script and memory map";
/// The line after which a cross reference table (`-cref`) follows.
const GNU_CREF: &[u8] = b"Cross Reference Table";
/// More diagnostics than this are counted, not kept: the input may be hostile.
const MAX_DIAGS: usize = 20;

/// Reads the linker map `bytes`; `name` is what messages call it.
///
/// # Errors
/// When `bytes` is not a linker map of a known format. Whatever is odd inside a map is a [`Diag`].
pub fn parse<'a>(bytes: &'a [u8], name: &str) -> Result<(LinkMap<'a>, Vec<Diag>)> {
    let mut lines = Lines { rest: bytes, number: 0 };
    while let Some(line) = lines.next() {
        if line.trim_end() == GNU_START {
            return Ok(gnu(lines, name));
        }
        if is_lld_header(line) {
            return Ok(lld(lines, name));
        }
    }
    let why = if bytes.is_empty() {
        "is empty, expected a linker map (ld -Map)"
    } else if bytes.starts_with(b"\x7fELF") {
        "is an ELF file, expected a linker map (ld -Map)"
    } else {
        "is not a linker map of GNU ld or ld.lld, or its head is missing"
    };
    Err(Error::input(name, why))
}

/// Lines without their ends, counted from 1.
struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = match self.rest.find_byte(b'\n') {
            Some(at) => (&self.rest[..at], &self.rest[at + 1..]),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        self.number += 1;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// What both readers fill.
struct Builder<'a> {
    map: LinkMap<'a>,
    diags: Vec<Diag>,
    dropped: usize,
    /// Whether parts belong to the last section.
    open: bool,
}

impl<'a> Builder<'a> {
    fn new(name: &str, format: MapFormat) -> Self {
        let map =
            LinkMap { path: name.to_owned(), format, sections: Vec::new(), parts: Vec::new() };
        Self { map, diags: Vec::new(), dropped: 0, open: false }
    }

    fn section(&mut self, name: &'a [u8], addr: u64, size: u64, line: usize) {
        let start = self.map.parts.len();
        let parts = start..start;
        self.map.sections.push(OutSection { name: BStr::new(name), addr, size, line, parts });
        self.open = true;
    }

    fn part(&mut self, kind: PartKind, name: &'a [u8], addr: u64, size: u64, file: &'a [u8]) {
        if !self.open {
            return;
        }
        if let Some(section) = self.map.sections.last_mut() {
            let (name, file) = (BStr::new(name), BStr::new(file));
            self.map.parts.push(Part { kind, name, addr, size, file });
            section.parts.end = self.map.parts.len();
        }
    }

    fn diag(&mut self, line: usize, message: &str) {
        if self.diags.len() < MAX_DIAGS {
            self.diags.push(Diag::at_line(&self.map.path, line, message));
        } else {
            self.dropped += 1;
        }
    }

    fn finish(mut self) -> (LinkMap<'a>, Vec<Diag>) {
        if self.dropped > 0 {
            let message = format!("{} more oddities of this sort", self.dropped);
            self.diags.push(Diag::new(&self.map.path, message));
        }
        if self.map.sections.is_empty() {
            self.diags.push(Diag::new(&self.map.path, "the map lists no output section"));
        }
        (self.map, self.diags)
    }
}

/// The next word and what follows it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_start_with(|c| c == ' ' || c == '\t');
    let end = text.find_byteset(b" \t").unwrap_or(text.len());
    text.split_at(end)
}

/// A word of hexadecimal digits; `None` if it is anything else or needs more than 64 bits.
fn hex(word: &[u8]) -> Option<u64> {
    if word.is_empty() || word.len() > 16 {
        return None;
    }
    word.iter().try_fold(0u64, |value, &byte| {
        let digit = char::from(byte).to_digit(16)?;
        Some(value << 4 | u64::from(digit))
    })
}

/// A word `0x…`.
fn hex0x(word: &[u8]) -> Option<u64> {
    hex(word.strip_prefix(b"0x")?)
}

/// `0xADDR 0xSIZE rest`, as GNU ld writes it after a name.
fn extent(text: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (addr, text) = word(text);
    let addr = hex0x(addr)?;
    let (size, text) = word(text);
    Some((addr, hex0x(size)?, text.trim()))
}

/// A name that stood alone on its line, waiting for its numbers.
#[derive(Clone, Copy)]
enum Pending<'a> {
    None,
    Section(&'a [u8]),
    Input(&'a [u8]),
}

fn gnu<'a>(mut lines: Lines<'a>, name: &str) -> (LinkMap<'a>, Vec<Diag>) {
    let mut out = Builder::new(name, MapFormat::Gnu);
    let mut pending = Pending::None;
    let mut complete = false;
    while let Some(line) = lines.next() {
        let waiting = std::mem::replace(&mut pending, Pending::None);
        match line {
            [] => {}
            [b' ', b' ' | b'\t', ..] => gnu_continuation(&mut out, waiting, line, lines.number),
            [b' ', ..] => pending = gnu_input(&mut out, line, lines.number),
            _ if line.trim_end() == GNU_CREF => break,
            _ => {
                complete |= line.starts_with(b"OUTPUT(");
                pending = gnu_section(&mut out, line, lines.number);
            }
        }
    }
    if !complete {
        out.diag(lines.number, "the map ends without an OUTPUT line: it may be cut off");
    }
    out.finish()
}

/// A line that starts in column 0: an output section, or a word of the linker's own.
fn gnu_section<'a>(out: &mut Builder<'a>, line: &'a [u8], number: usize) -> Pending<'a> {
    out.open = false;
    let (name, rest) = word(line);
    if rest.trim().is_empty() {
        return Pending::Section(name);
    }
    if let Some((addr, size, rest)) = extent(rest)
        && is_section_tail(rest)
    {
        out.section(name, addr, size, number);
    }
    Pending::None
}

/// What may follow the numbers of an output section.
fn is_section_tail(rest: &[u8]) -> bool {
    rest.is_empty() || rest.starts_with(b"load address ")
}

/// A line that starts in column 1: an input section, `*fill*`, or a pattern of the script.
fn gnu_input<'a>(out: &mut Builder<'a>, line: &'a [u8], number: usize) -> Pending<'a> {
    let (name, rest) = word(line);
    if name.contains(&b'(') {
        return Pending::None; // ` *(.text .text.*)`
    }
    if rest.trim().is_empty() {
        return Pending::Input(name);
    }
    match extent(rest) {
        Some((addr, size, _)) if name == b"*fill*" => {
            out.part(PartKind::Fill, b"", addr, size, b"");
        }
        Some((addr, size, file)) if !file.is_empty() => {
            out.part(PartKind::Input, name, addr, size, file);
        }
        Some(_) => out.diag(number, "an input section without a file: skipped"),
        None if rest.trim_start().starts_with(b"0x") => {
            out.diag(number, "an input section without a readable address and size: skipped");
        }
        None => {}
    }
    Pending::None
}

/// An indented line: the numbers of the name before it, or data of the linker script.
fn gnu_continuation<'a>(
    out: &mut Builder<'a>,
    waiting: Pending<'a>,
    line: &'a [u8],
    number: usize,
) {
    let Some((addr, size, rest)) = extent(line) else {
        return; // a symbol, an assignment, "(size before relaxing)"
    };
    // ` QUAD 0x0`: bytes that the linker script itself writes.
    let is_data = matches!(
        word(rest).0,
        b"BYTE" | b"SHORT" | b"LONG" | b"QUAD" | b"SQUAD" | b"RELOC" | b"ASCII"
    ) && !matches!(waiting, Pending::Input(_));
    match waiting {
        Pending::Section(name) if is_section_tail(rest) => out.section(name, addr, size, number),
        Pending::Input(name) if !rest.is_empty() => {
            out.part(PartKind::Input, name, addr, size, rest);
        }
        _ if is_data => out.part(PartKind::Linker, b"", addr, size, b""),
        _ => {}
    }
}

/// `VMA LMA Size Align Out In Symbol`
fn is_lld_header(line: &[u8]) -> bool {
    let words = [&b"VMA"[..], b"LMA", b"Size", b"Align", b"Out", b"In", b"Symbol"];
    line.fields().eq(words)
}

fn lld<'a>(mut lines: Lines<'a>, name: &str) -> (LinkMap<'a>, Vec<Diag>) {
    let mut out = Builder::new(name, MapFormat::Lld);
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let Some((addr, size, text)) = lld_line(line) else {
            out.diag(lines.number, "not a line of an ld.lld map: skipped");
            continue;
        };
        let indent = text.iter().take_while(|&&byte| byte == b' ').count();
        let item = text[indent..].trim_end();
        match indent {
            // Assignments outside sections stand in the same column but contain spaces.
            0 if item.contains(&b' ') => out.open = false,
            0 => out.section(item, addr, size, lines.number),
            8 => lld_part(&mut out, item, addr, size),
            _ => {} // symbols
        }
    }
    out.finish()
}

/// `VMA LMA SIZE ALIGN text`, the text with its indentation.
fn lld_line(line: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (addr, rest) = word(line);
    let (lma, rest) = word(rest);
    let (size, rest) = word(rest);
    let (align, rest) = word(rest);
    hex(lma)?;
    if align.is_empty() || !align.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some((hex(addr)?, hex(size)?, rest.strip_prefix(b" ")?))
}

/// `file.o:(.text)`, `<internal>:(.got)`, or a command of the linker script.
fn lld_part<'a>(out: &mut Builder<'a>, item: &'a [u8], addr: u64, size: u64) {
    let split = item.strip_suffix(b")").and_then(|text| {
        let at = text.rfind(b":(")?;
        Some((&text[..at], &text[at + 2..]))
    });
    match split {
        Some((b"<internal>", name)) => out.part(PartKind::Linker, name, addr, size, b""),
        Some((file, name)) => out.part(PartKind::Input, name, addr, size, file),
        None if item.starts_with(b". ") || item.contains_str(" = ") => {
            out.part(PartKind::Fill, b"", addr, size, b"");
        }
        None => out.part(PartKind::Linker, b"", addr, size, b""),
    }
}

#[cfg(test)]
#[path = "linkmap_tests.rs"]
mod tests;
