//! Tests of `payload`: what is padding and what is not, with a map and without.

use bstr::BStr;

use super::*;
use crate::model::image::{Bits, Endian, Header, Kind, SHF_ALLOC, SHT_NOBITS};
use crate::model::symtab::{Place, Symbol, Symbols};

/// An x86-64 image of one section at 0x1000.
fn image(data: &'static [u8], flags: u64, symbols: &[(&'static str, u64, u64)]) -> Image<'static> {
    let header = Header {
        bits: Bits::B64,
        endian: Endian::Little,
        machine: 62,
        e_type: 2,
        flags: 0,
        shstrndx: 0,
    };
    let section = Section {
        index: 1,
        name: BStr::new(".x"),
        sh_type: 1,
        flags: SHF_ALLOC | flags,
        addr: 0x1000,
        offset: 0,
        align: 1,
        size: data.len() as u64,
        link: 0,
        info: 0,
        data,
    };
    let symbol = |&(name, value, size): &(&'static str, u64, u64)| {
        let value = 0x1000 + value;
        (name, Symbol { name: 0, value, size, section: Place::Section(1), kind: 2, bind: 1 })
    };
    Image {
        path: "x".into(),
        member: None,
        name: "x".into(),
        archive: None,
        kind: Kind::Linked,
        header,
        sections: vec![section],
        symbols: Symbols::of(symbols.iter().map(symbol)),
        has_symtab: true,
        idents: Vec::new(),
        banner: None,
        warnings: Vec::new(),
    }
}

type Pairs = Vec<(u64, u64)>;

fn runs(runs: &[Run]) -> Pairs {
    runs.iter().map(|run| (run.start, run.end)).collect()
}

/// Padding and unattributed runs of the only section.
fn estimated(image: &Image<'_>) -> (Pairs, Pairs) {
    let map = estimate(image);
    (runs(&map.sections[0].padding), runs(&map.sections[0].unattributed))
}

#[test]
fn fill_counts_only_where_it_reaches_a_boundary() {
    // f, nops, code without a symbol with a nop inside, traps, g, zeros to the end
    let data = b"\xc3\xc3\x90\x90\x31\xc0\x90\xc3\xcc\xcc\xc3\xc3\0\0";
    let image = image(data, SHF_EXECINSTR, &[("f", 0, 2), ("g", 10, 2)]);
    let (padding, unattributed) = estimated(&image);
    assert_eq!(padding, [(2, 4), (8, 10), (12, 14)]);
    assert_eq!(unattributed, [(4, 8)]);
}

#[test]
fn zeros_inside_a_symbol_are_payload() {
    let image = image(&[0; 16], 0, &[("table", 4, 8)]);
    assert_eq!(estimated(&image).0, [(0, 4), (12, 16)]);
}

#[test]
fn a_label_without_size_is_a_boundary_and_claims_nothing() {
    let data = b"\xc3\x31\xc0\x90\x90\xc3\xc3";
    let with_label = image(data, SHF_EXECINSTR, &[("f", 0, 1), ("label", 5, 0)]);
    assert_eq!(estimated(&with_label), (vec![(3, 5)], vec![(1, 3), (5, 7)]));
    // Mapping symbols are no boundaries: the nops lie in the middle of what nobody claims.
    let mapping = image(data, SHF_EXECINSTR, &[("f", 0, 1), ("$x", 5, 0)]);
    assert_eq!(estimated(&mapping), (vec![], vec![(1, 7)]));
}

#[test]
fn a_section_without_sized_symbols_counts_whole() {
    let image = image(&[0; 16], 0, &[("label", 4, 0)]);
    let map = estimate(&image);
    assert_eq!(map.payload().bytes, 16);
    assert_eq!(map.unattributed(), 16);
}

#[test]
fn every_gap_of_nobits_is_padding() {
    let mut image = image(&[], 1, &[("a", 0, 4), ("b", 64, 4)]);
    image.sections[0].sh_type = SHT_NOBITS;
    image.sections[0].size = 8192;
    assert_eq!(estimated(&image).0, [(4, 64), (68, 8192)]);
    let gaps = estimate(&image).big_gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].run.len(), 8192 - 68);
}

#[test]
fn aliases_and_overlaps_count_once() {
    let symbols = [("f", 0, 6), ("alias", 0, 6), ("inner", 2, 2), ("tail", 4, 6)];
    let image = image(b"\xc3\0\0\0\0\xc3\0\0\0\xc3\0\0", SHF_EXECINSTR, &symbols);
    assert_eq!(estimated(&image), (vec![(10, 12)], vec![]));
}

#[test]
fn thumb_functions_begin_at_the_even_address() {
    let mut image = image(&[0xc3; 8], SHF_EXECINSTR, &[("f", 1, 4), ("g", 5, 4)]);
    image.header.machine = 40; // EM_ARM
    assert_eq!(estimate(&image).unattributed(), 0);
}
