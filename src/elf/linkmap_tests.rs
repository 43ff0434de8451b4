//! Tests of `linkmap`: maps as the linkers write them, whole and damaged.

use proptest::prelude::*;

use super::*;

/// The shapes a GNU ld map has, on little: wrapped names, a pattern without numbers, an empty
/// section, script data, a merged section, a section with a load address.
const GNU: &str = "\
Archive member included to satisfy reference by file (symbol)

b.o                           a.o (used)

Discarded input sections

 .text.unused   0x0000000000000000        0x6 a.o

Memory Configuration

Name             Origin             Length             Attributes
*default*        0x0000000000000000 0xffffffffffffffff

Linker script and memory map

LOAD a.o
                0x0000000000001000                . = 0x1000

.text           0x0000000000001000       0x40 load address 0x0000000000100000
                0x0000000000001000                _stext = .
 *(.text .text.*)
 .text          0x0000000000001000       0x11 mm/hmm.o
                0x0000000000001000                hmm_range_fault
 *fill*         0x0000000000001011        0xf cccccccc
 .text.a_long_name
                0x0000000000001020       0x18 lib.a(b c.o)
                0x0000000000001038        0x8 QUAD 0x0
                [!provide]                        PROVIDE (etext = .)

.empty
 *(.empty)
                0x0000000000001040                . = ALIGN (0x10)

.rodata.long_output_name
                0x0000000000001040        0x9
 .rodata.str1.1
                0x0000000000001040        0x9 a.o
                                         0x12 (size before relaxing)

/DISCARD/
 *(.discard)
OUTPUT(vmlinux elf64-x86-64)

Cross Reference Table

Symbol                                            File
.text           0x1 0x2
";

fn described(map: &LinkMap<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for section in &map.sections {
        out.push(format!("{} {:#x} {:#x}", section.name, section.addr, section.size));
        for part in map.parts_of(section) {
            let kind = part.kind;
            out.push(format!(
                "  {kind:?} {} {:#x} {:#x} {}",
                part.name, part.addr, part.size, part.file
            ));
        }
    }
    out
}

#[test]
fn gnu_ld() {
    let (map, diags) = parse(GNU.as_bytes(), "x.map").unwrap();
    assert_eq!(diags, []);
    assert_eq!(map.format, MapFormat::Gnu);
    assert_eq!(
        described(&map),
        [
            ".text 0x1000 0x40",
            "  Input .text 0x1000 0x11 mm/hmm.o",
            "  Fill  0x1011 0xf ",
            "  Input .text.a_long_name 0x1020 0x18 lib.a(b c.o)",
            "  Linker  0x1038 0x8 ",
            ".rodata.long_output_name 0x1040 0x9",
            "  Input .rodata.str1.1 0x1040 0x9 a.o",
        ]
    );
    assert_eq!(map.sections[0].line, 19);
}

#[test]
fn windows_line_ends_change_nothing() {
    let text = GNU.replace('\n', "\r\n");
    let (map, diags) = parse(text.as_bytes(), "x.map").unwrap();
    assert_eq!(diags, []);
    assert_eq!(described(&map), described(&parse(GNU.as_bytes(), "x.map").unwrap().0));
}

const LLD: &str = "             VMA              LMA     Size Align Out     In      Symbol
            1000           100000        0     1 . = 0x1000
            1000           100000       40    16 .text
            1000           100000        0     1         _stext = .
            1000           100000       11    16         mm/hmm.o:(.text)
            1000           100000       11     1                 hmm_range_fault
            1020           100020       10     8         vmlinux.a(lib/b.o):(.text.b)
            1030           100030        8     1         QUAD ( 0 )
            1038           100038        8     1         . = ALIGN ( 16 )
            1040           100040        9     1 .rodata
            1040           100040        9     1         <internal>:(.rodata.str1.1)
";

#[test]
fn lld() {
    let (map, diags) = parse(LLD.as_bytes(), "x.map").unwrap();
    assert_eq!(diags, []);
    assert_eq!(map.format, MapFormat::Lld);
    assert_eq!(
        described(&map),
        [
            ".text 0x1000 0x40",
            "  Fill  0x1000 0x0 ",
            "  Input .text 0x1000 0x11 mm/hmm.o",
            "  Input .text.b 0x1020 0x10 vmlinux.a(lib/b.o)",
            "  Linker  0x1030 0x8 ",
            "  Fill  0x1038 0x8 ",
            ".rodata 0x1040 0x9",
            "  Linker .rodata.str1.1 0x1040 0x9 ",
        ]
    );
}

#[test]
fn what_is_not_a_map_is_named() {
    let why = |bytes: &[u8]| parse(bytes, "x.map").unwrap_err().to_string();
    assert_eq!(why(b""), "x.map: is empty, expected a linker map (ld -Map)");
    assert!(why(b"\x7fELF\x02\x01").contains("is an ELF file"));
    assert!(why(b"hello\n").contains("is not a linker map"));
    let head = GNU.split("Linker script").next().unwrap();
    assert!(why(head.as_bytes()).contains("its head is missing"));
}

#[test]
fn damage_is_said_with_its_line() {
    let cut = &GNU[..GNU.find("/DISCARD/").unwrap()];
    let (_, diags) = parse(cut.as_bytes(), "x.map").unwrap();
    let last = cut.lines().count();
    assert_eq!(
        diags[0].to_string(),
        format!("x.map:{last}: the map ends without an OUTPUT line: it may be cut off")
    );
    let huge = GNU.replace("0x0000000000001000       0x11", "0x1ffffffffffffffff       0x11");
    let (_, diags) = parse(huge.as_bytes(), "x.map").unwrap();
    assert_eq!(diags[0].line, Some(22));
    let (_, diags) =
        parse(LLD.replace("  11    16  ", "  xx    16  ").as_bytes(), "x.map").unwrap();
    assert_eq!(diags[0].to_string(), "x.map:5: not a line of an ld.lld map: skipped");
}

#[test]
fn a_thousand_oddities_are_counted_not_kept() {
    let bad = " .text 0x1 0x2\n".repeat(1000);
    let text = GNU.replace("OUTPUT(", &format!("{bad}OUTPUT("));
    let (_, diags) = parse(text.as_bytes(), "x.map").unwrap();
    assert_eq!(diags.len(), MAX_DIAGS + 1);
    assert_eq!(diags[MAX_DIAGS].message, "980 more oddities of this sort");
}

proptest! {
    /// Bytes changed, lines cut: never a panic, and parts stay within the list.
    #[test]
    fn mutated_maps_are_survived(
        lld in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = if lld { LLD } else { GNU }.as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok((map, diags)) = parse(&bytes, "x.map") {
            prop_assert!(diags.len() <= MAX_DIAGS + 2);
            let parts: usize = map.sections.iter().map(|s| map.parts_of(s).len()).sum();
            prop_assert_eq!(parts, map.parts.len());
        }
    }
}
