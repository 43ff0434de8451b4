//! Guards in code: which lines, and under what. That nothing is claimed too much is for
//! `tests/guards.rs` to show, which asks the compiler what it removes.

use super::super::types::CodePart;
use super::{guards, show};

/// Each guard as its part, its lines and its formula.
fn found(text: &str) -> Vec<String> {
    let (file, f, diags) = guards(text);
    assert_eq!(diags, [""; 0]);
    let shown = file.code.iter().map(|guard| {
        let part = match guard.part {
            CodePart::Then => "then",
            CodePart::Else => "else",
            CodePart::After => "after",
            CodePart::Operand => "operand",
        };
        let (from, to) = guard.lines;
        format!("{part} {from}-{to} {}", show(&f, guard.formula))
    });
    shown.collect()
}

#[test]
fn statements_of_if_and_else() {
    let text = "void f(void)\n{\n\tif (IS_ENABLED(CONFIG_A) && x) {\n\t\tg();\n\t} else {\n\t\th();\n\t}\n}\n";
    assert_eq!(found(text), ["operand 3-3 (A=y || A=m)", "then 3-5 (A=y || A=m)"]);
    let text = "{ if (!IS_BUILTIN(CONFIG_A))\n\tg();\nelse if (likely(x || IS_MODULE(CONFIG_B)))\n\twhile (x)\n\t\th();\n}";
    assert_eq!(found(text), ["then 2-2 !A=y", "else 3-5 A=y"]);
    let text = "{ if (!(IS_BUILTIN(CONFIG_A) || IS_BUILTIN(CONFIG_B)) && 1) { }\nelse { } }";
    assert_eq!(found(text)[2..], ["then 1-1 (!A=y && !B=y)", "else 2-2 (A=y || B=y)"]);
}

#[test]
fn what_an_early_exit_leaves() {
    let text = "int f(void)\n{\n\tif (!IS_BUILTIN(CONFIG_A))\n\t\treturn 0;\n\tg();\n\tif (x) {\n\t\th();\n\t}\n}\nint i;\n";
    assert_eq!(found(text), ["then 4-4 !A=y", "after 5-8 A=y"]);
    let block = "{ if (x || !IS_BUILTIN(CONFIG_A)) {\n\tg();\n\tbreak;\n}\nh();\nout:\ni();\n}";
    assert_eq!(found(block), ["after 5-5 A=y"]);
    let case = "{ if (!IS_BUILTIN(CONFIG_A)) break;\nh();\ncase 3:\ni();\n}";
    assert_eq!(found(case)[1..], ["after 2-2 A=y"]);
    // Not here: the exit is only taken sometimes.
    for text in [
        "{ for (;;)\n\tif (!IS_BUILTIN(CONFIG_A))\n\t\tcontinue;\nh();\n}",
        "{ if (x)\n\ty();\nelse if (!IS_BUILTIN(CONFIG_A))\n\treturn;\nh();\n}",
        "{ if (!IS_BUILTIN(CONFIG_A)) {\n\tif (x)\n\t\treturn;\n}\nh();\n}",
        "{ if (!IS_BUILTIN(CONFIG_A)) {\n#ifdef CONFIG_B\n\treturn;\n#endif\n}\nh();\n}",
        "{ if (IS_BUILTIN(CONFIG_A) && x)\n\treturn;\nh();\n}",
    ] {
        assert!(!found(text).iter().any(|guard| guard.starts_with("after")), "{text}");
    }
}

#[test]
fn operands_that_are_not_looked_at() {
    let text = "int f(void) { return IS_BUILTIN(CONFIG_A) &&\n\tg(); }";
    assert_eq!(found(text), ["operand 2-2 A=y"]);
    let text = "x = IS_BUILTIN(CONFIG_A) ?\n g(1, 2) :\n h();";
    assert_eq!(found(text), ["operand 2-2 A=y", "operand 3-3 !A=y"]);
    let text = "call(a, !IS_BUILTIN(CONFIG_A) || b,\n c);";
    assert_eq!(found(text), ["operand 1-1 A=y"]);
}

#[test]
fn conditionals_that_cut_through_make_no_guard() {
    let text =
        "{\n\tif (IS_BUILTIN(CONFIG_A)) {\n#ifdef CONFIG_B\n\t} else {\n#endif\n\t\tg();\n\t}\n}";
    assert_eq!(found(text), [""; 0]);
    let text = "{\n#ifdef B\n\tif (!IS_BUILTIN(CONFIG_A))\n\t\treturn;\n\tg();\n#endif\n\th();\n}";
    assert_eq!(found(text), ["then 4-4 !A=y", "after 5-5 A=y"]);
    let jumped_into = "{ if (IS_BUILTIN(CONFIG_A)) {\n\tg();\nagain:\n\th();\n} }";
    assert_eq!(found(jumped_into), [""; 0]);
    assert_eq!(
        found("#define f(x) if (IS_BUILTIN(CONFIG_A)) x\n/* if (IS_BUILTIN(CONFIG_A)) */"),
        [""; 0]
    );
    assert_eq!(found("#undef CONFIG_A\n{ if (IS_BUILTIN(CONFIG_A)) { } }"), [""; 0]);
}
