//! What is printed is read as the same lines: generated files, in every generation of the language.

use proptest::prelude::*;

use super::shape::shape;
use crate::kconf::dialect::Dialect;
use crate::kconf::syntax::{parse, print};

/// Pieces of Kconfig files, whole statements and fragments of them, in any order.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let fixed: &[&[u8]] = &[
        b"config",
        b"menuconfig",
        b"choice",
        b"endchoice",
        b"menu",
        b"endmenu",
        b"if",
        b"endif",
        b"comment",
        b"source",
        b"mainmenu",
        b"bool",
        b"tristate",
        b"int",
        b"hex",
        b"string",
        b"prompt",
        b"default",
        b"def_bool",
        b"select",
        b"imply",
        b"range",
        b"depends",
        b"on",
        b"visible",
        b"optional",
        b"option",
        b"modules",
        b"env",
        b"help",
        b"---help---",
        b"transitional",
        b"A",
        b"FOO_1",
        b"y",
        b"m",
        b"0x1f",
        b"a/b.c",
        b"=",
        b"!=",
        b"<",
        b">=",
        b"!",
        b"(",
        b")",
        b"&&",
        b"||",
        b":=",
        b"+=",
        b" ",
        b" ",
        b"\t",
        b"\n",
        b"\n",
        b"\n",
        b"\\\n",
        b"\\",
        b"#x\n",
        b"\"",
        b"'",
        b"\"t x\"",
        b"'it \"s\"'",
        b"\"a\\\"b\\\\\"",
        b"$",
        b"$(X)",
        b"A$(f,$(X), b)c",
        b"\"p$(X\")q\"",
        b"$(",
        b"$X",
        b"\r",
        b"\xc3\xa9",
        b"\0",
        b"@",
        b"\nconfig B\n\tbool \"b\"\n",
        b"\nX := a # b\n",
        b"\nchoice\n\tprompt \"c\"\n",
        b"\n\thelp\n\t  text\n\n\t    more\n",
        b"\n\thelp\n\n",
        b"\n\thelp\ncolumn 0\n   \n",
        b"\n  help\n  a\n b\n",
        b"\tdepends on A && (B || !C=D)\n",
        b"\trange 1 A if !(A || B) && C\n",
        b"\tdefault y if A<=5\n",
    ];
    prop::sample::select(fixed).prop_map(<[u8]>::to_vec)
}

fn dialects() -> impl Strategy<Value = Dialect> {
    let versions = [(6, 12), (6, 1), (4, 14), (4, 17), (4, 19), (5, 0), (5, 10), (6, 18), (7, 0)];
    prop::sample::select(versions.to_vec())
        .prop_map(|(version, patchlevel)| Dialect::new(version, patchlevel))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn printed_files_have_the_same_lines(
        pieces in prop::collection::vec(piece(), 0..40),
        dialect in dialects(),
    ) {
        let read = |text| parse("K".into(), "K".into(), text, dialect);
        let first = read(pieces.concat());
        let printed = print(&first);
        let second = read(printed.clone());
        prop_assert_eq!(shape(&first), shape(&second), "{}", String::from_utf8_lossy(&printed));
        prop_assert_eq!(print(&second), printed);
    }
}
