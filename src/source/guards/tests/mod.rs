//! What a file's guards are, on small texts; that the reader is exact is for `tests/guards.rs` to
//! show, which asks GCC.

mod code;

use super::types::{FileGuards, FileKind, Manner};
use super::{OperandKind, read};
use crate::model::diag::Diag;
use crate::model::formula::{Atom, Formula, FormulaId, Formulas};

fn guards(text: &str) -> (FileGuards, Formulas, Vec<String>) {
    named("x.c", text)
}

fn named(path: &str, text: &str) -> (FileGuards, Formulas, Vec<String>) {
    let mut f = Formulas::default();
    let kind = FileKind::of(path).unwrap();
    let (file, diags) = read(path, kind, text.as_bytes(), &mut f);
    (file, f, diags.iter().map(Diag::to_string).collect())
}

/// A formula as text.
fn show(f: &Formulas, id: FormulaId) -> String {
    match f.get(id) {
        Formula::Const(value) => value.to_string(),
        Formula::Not(a) => format!("!{}", show(f, a)),
        Formula::And(a, b) => format!("({} && {})", show(f, a), show(f, b)),
        Formula::Or(a, b) => format!("({} || {})", show(f, a), show(f, b)),
        Formula::Atom(Atom::Yes(n)) => format!("{}=y", f.text(n)),
        Formula::Atom(Atom::Module(n)) => format!("{}=m", f.text(n)),
        Formula::Atom(Atom::NonZero(n)) => format!("{}!=0", f.text(n)),
        Formula::Atom(Atom::Equals(n, value)) => format!("{}={}", f.text(n), f.text(value)),
        Formula::Atom(Atom::InModule) => "MODULE".to_owned(),
        Formula::Atom(Atom::Opaque(n)) => format!("[{}]", f.text(n)),
    }
}

fn presences(text: &str) -> Vec<String> {
    let (file, f, diags) = guards(text);
    assert_eq!(diags, [""; 0]);
    file.blocks.iter().map(|block| show(&f, block.presence)).collect()
}

#[test]
fn a_guard_inside_its_own_negation_is_never_present() {
    let text = "#ifndef CONFIG_V\nint a;\n#ifdef CONFIG_V\nint b;\n#endif\n#endif\n";
    let (file, f, _) = guards(text);
    let inner = &file.blocks[1];
    assert_eq!(show(&f, inner.outer), "!V=y");
    assert_eq!(show(&f, inner.own), "V=y");
    assert_eq!(inner.presence, Formulas::FALSE);
    assert_eq!((inner.lines, inner.parent), ((4, 4), Some(0)));
}

#[test]
fn branches_exclude_the_earlier_ones() {
    let text =
        "#if defined(CONFIG_A) && B\n#elif IS_ENABLED(CONFIG_C)\nx\n#else\n#error no\n#endif\n";
    let (file, f, diags) = guards(text);
    assert_eq!(diags, [""; 0]);
    let previous: Vec<_> = file.blocks.iter().map(|block| show(&f, block.previous)).collect();
    assert_eq!(previous, ["true", "!(A=y && [B])", "(!(A=y && [B]) && !(C=y || C=m))"]);
    assert!(file.blocks.iter().all(|block| block.outer == Formulas::TRUE));
    let errors: Vec<_> = file.blocks.iter().map(|block| block.only_error).collect();
    assert_eq!(errors, [false, false, true]);
    assert_eq!(file.blocks[0].lines, (2, 1));
    assert_eq!((file.blocks[1].end.line, file.blocks[2].end.line), (4, 6));
}

#[test]
fn operands_know_their_places() {
    let text = "x\n  #  if defined(CONFIG_A) && \\\n\t(CONFIG_B || !IS_BUILTIN(CONFIG_C)) // why\n#endif\n";
    let (file, f, _) = guards(text);
    let block = &file.blocks[0];
    assert_eq!((block.at.line, block.at.column), (2, 3));
    let shown: Vec<_> = file.operands[block.operands.start as usize..block.operands.end as usize]
        .iter()
        .map(|operand| {
            let text = String::from_utf8_lossy(operand.at.of(text.as_bytes())).into_owned();
            (operand.kind, operand.at.line, operand.at.column, text, show(&f, operand.formula))
        })
        .collect();
    let leaf = |line, column, text: &str, formula: &str| {
        (OperandKind::Leaf, line, column, text.to_owned(), formula.to_owned())
    };
    assert_eq!(shown[0].0, OperandKind::And);
    assert_eq!(shown[1], leaf(2, 9, "defined(CONFIG_A)", "A=y"));
    assert_eq!(
        (shown[2].0, &*shown[2].3),
        (OperandKind::Or, "(CONFIG_B || !IS_BUILTIN(CONFIG_C))")
    );
    assert_eq!(shown[3], leaf(3, 3, "CONFIG_B", "B!=0"));
    assert_eq!((shown[4].0, &*shown[4].4), (OperandKind::Not, "!C=y"));
    assert_eq!(shown.len(), 6);
    let parents: Vec<_> = file.operands.iter().map(|operand| operand.parent).collect();
    assert_eq!(parents, [None, Some(0), Some(0), Some(2), Some(2), Some(4)]);
}

#[test]
fn tests_of_options_are_those_of_kconfig_h() {
    for (condition, formula) in [
        ("IS_REACHABLE(CONFIG_X)", "(X=y || (X=m && MODULE))"),
        ("IS_MODULE(CONFIG_X)", "X=m"),
        ("defined(CONFIG_X_MODULE) && defined(MODULE)", "(X=m && MODULE)"),
        ("defined CONFIG_X ? 0 : CONFIG_Y", "(!X=y && Y!=0)"),
        ("CONFIG_N > 3 && FOO(1, 2) < 4", "([CONFIG_N > 3] && [FOO(1, 2) < 4])"),
        ("0", "false"),
        ("2 * 3 == 6", "true"),
        ("IS_ENABLED(X)", "([IS_BUILTIN(X)] || [IS_BUILTIN(X_MODULE)])"),
    ] {
        assert_eq!(presences(&format!("#if {condition}\n#endif\n")), [formula], "{condition}");
    }
}

#[test]
fn what_was_redefined_is_another_variable() {
    let text = "#ifdef FOO\n#endif\n#include \"a.h\"\n#ifdef FOO\n#endif\n#if FOO > 1\n#endif\n";
    assert_eq!(presences(text), ["[defined(FOO)]", "[defined(FOO) @x.c:3]", "[FOO > 1 @x.c:3]"]);
    let text = "#ifdef CONFIG_A\n#define FOO 1\n#endif\n#ifdef FOO\n#endif\n";
    assert_eq!(presences(text)[1], "(A=y || (!A=y && [defined(FOO)]))");
    let text = "#undef CONFIG_A\n#ifdef CONFIG_A\n#endif\n#define CONFIG_A 1\n#if IS_ENABLED(CONFIG_A)\n#endif\n";
    assert_eq!(presences(text), ["false", "true"]);
    let (file, f, _) = guards(text);
    let overrides: Vec<_> =
        file.overrides.iter().map(|o| (f.text(o.name), o.define, o.at.line)).collect();
    assert_eq!(overrides, [("A", false, 1), ("A", true, 4)]);
}

#[test]
fn guards_against_double_inclusion_are_true() {
    let plain = "/* c */\n#ifndef _X_H\n#define _X_H\n#ifdef CONFIG_A\n#endif\n#endif /* _X_H */\n";
    let trace = "#if !defined(_X_H) || defined(READ)\n#define _X_H 1\n#endif\n#include <y.h>\n";
    for text in [plain, trace] {
        let (file, _, _) = named("include/x.h", text);
        assert!(file.blocks[0].include_guard && file.blocks[0].own == Formulas::TRUE, "{text}");
    }
    for text in [
        "int x;\n#ifndef _X_H\n#define _X_H\n#endif\n",
        "#ifndef x\n#define x(y) y\n#endif\n",
        "#ifndef CONFIG_X\n#define CONFIG_X 1\n#endif\n",
        "#ifndef A\n#define A\n#else\n#endif\n",
        "#ifndef A\n#define A\n#endif\n#ifndef B\n#endif\n",
    ] {
        assert!(!named("include/x.h", text).0.blocks[0].include_guard, "{text}");
    }
}

#[test]
fn mentions_have_a_manner_and_a_place() {
    let text = "// CONFIG_A, CONFIG_A_*\n#if defined(CONFIG_B) && CONFIG_C > 1 || IS_ENABLED(D)\n\
                int x = CONFIG_E; char *s = \"CONFIG_F\";\n#define CONFIG_G 1\n#ifdef CONFIG_H_MODULE\n\
                y = IS_MODULE(CONFIG_I) + MY_CONFIG_J + CONFIG_##K;\n#endif // CONFIG_L\n#endif\n";
    let (file, f, _) = guards(text);
    let shown: Vec<_> =
        file.mentions.iter().map(|m| (f.text(m.name), m.manner, m.at.line, m.block)).collect();
    let wanted = [
        ("A", Manner::Comment, 1, None),
        ("B", Manner::Defined, 2, None),
        ("C", Manner::Value, 2, None),
        ("D", Manner::Bare, 2, None),
        ("E", Manner::Code, 3, Some(0)),
        ("F", Manner::Literal, 3, Some(0)),
        ("G", Manner::Define, 4, Some(0)),
        ("H", Manner::Defined, 5, Some(0)),
        ("I", Manner::IsModule, 6, Some(1)),
        ("L", Manner::Comment, 7, Some(0)),
    ];
    assert_eq!(shown, wanted);
    assert!(file.mentions[7].module);
}

#[test]
fn what_is_wrong_has_a_line() {
    for (text, wanted) in [
        ("a\n#if A\n", "x.c:2: #if without #endif"),
        ("#endif\n", "x.c:1: #endif without #if"),
        ("\n#else\n", "x.c:2: #else without #if"),
        ("#if 1\n#else\n#elif 2\n#endif\n", "x.c:3: #elif after the #else of line 2"),
        ("#if\n#endif\n", "x.c:1: #if has no condition"),
        ("#if A B\n#endif\n", "x.c:1: #if has a condition that is no expression"),
        ("#ifdef 3\n#endif\n", "x.c:1: #ifdef has a condition that is no expression"),
        ("x\n/* CONFIG_A\n", "x.c:2: a comment begins here that does not end"),
    ] {
        assert_eq!(guards(text).2, [wanted], "{text}");
    }
}

#[test]
fn hostile_files_end_soon() {
    let deep = "#if CONFIG_A\n".repeat(100_000);
    let (file, f, diags) = guards(&deep);
    assert_eq!((file.blocks.len(), diags.len()), (100_000, 100_000));
    assert!(f.len() < 10);
    let chain = format!(
        "#if A0\n{}#endif\n",
        (1..50_000).map(|i| format!("#elif A{i}\n")).collect::<Vec<_>>().concat()
    );
    assert_eq!(guards(&chain).0.blocks.len(), 50_000);
    for condition in [
        "(".repeat(200_000),
        "!".repeat(200_000),
        "CONFIG_A && ".repeat(200_000),
        "A ? ".repeat(100_000),
        "1 + ".repeat(15_000) + "1",
        "\\\n".repeat(200_000),
        "/* */".repeat(100_000),
    ] {
        let (file, _, _) = guards(&format!("#if {condition}\n#endif\n"));
        assert_eq!(file.blocks.len(), 1);
    }
    // Each macro stands for two of the next.
    let bomb: String = (0..60)
        .map(|i| format!("#define F{i} (F{} || F{})\n", i + 1, i + 1))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(guards(&format!("{bomb}#if F0\n#endif\n")).0.blocks.len(), 1);
    let line = format!("int x; {} \n#ifdef CONFIG_A\n#endif\n", "y / \" # ' */ ".repeat(800_000));
    assert!(line.len() > 10_000_000);
    assert_eq!(guards(&line).0.blocks.len(), 1);
}
