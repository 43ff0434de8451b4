//! Bad input: each of it becomes lines and messages, in bounded time and memory, never a panic.

use std::time::{Duration, Instant};

use super::*;

fn bytes(text: impl Into<Vec<u8>>) -> File {
    parse("Kconfig".into(), "Kconfig".into(), text.into(), Dialect::default())
}

/// The kinds of `text`'s lines that are no statements.
fn bad(text: &str) -> Vec<BadLine> {
    let lines = file(text).lines;
    lines
        .iter()
        .filter_map(|line| if let LineKind::Bad(bad) = line.kind { Some(bad) } else { None })
        .collect()
}

#[test]
fn not_utf8_is_fine_in_comments_and_help_and_ignored_elsewhere() {
    let file = bytes(b"# \xff\nconfig A\n\tbool \"\xe9\"\n\thelp\n\t  \xff\xfe\n\xe9\n".as_slice());
    assert_eq!(file.lines.len(), 3);
    let LineKind::Help(raw) = file.lines[2].kind else { panic!("{:?}", file.lines) };
    assert_eq!(help_text(file.text(raw)), b"\xff\xfe");
    assert_eq!(file.diags.len(), 1);
    assert_eq!((file.diags[0].line, file.position(file.diags[0].span.start)), (6, (6, 1)));
}

#[test]
fn nul_ends_a_string_but_not_the_statement() {
    let file = bytes(b"config A\0B\n\tbool \"a\0b\" if C\n\thelp\n\t  x\0y\n".as_slice());
    assert_eq!(file.diags[0].msg, "warning: ignoring unsupported character '\0'");
    // Two words, as the NUL is ignored between them.
    assert_eq!(file.lines[0].kind, LineKind::Bad(BadLine::Invalid));
    let file = bytes(b"config A\n\tbool \"a\0b\" if C\n\thelp\n\t  x\0y\n".as_slice());
    let LineKind::Type { prompt: Some(prompt), .. } = file.lines[1].kind else { panic!() };
    assert_eq!((file.text(prompt.text.span), prompt.cond.is_some()), (b"a".as_slice(), true));
    let LineKind::Help(raw) = file.lines[2].kind else { panic!("{:?}", file.lines) };
    assert_eq!(help_text(file.text(raw)), b"x");
}

#[test]
fn what_has_no_end() {
    let file = file("config A\n\tbool \"open\n\tdefault y\n");
    assert_eq!(file.diags[0].msg, "warning: multi-line strings not supported");
    assert_eq!(file.position(file.diags[0].span.start), (2, 7));
    let LineKind::Type { prompt: Some(prompt), .. } = file.lines[1].kind else { panic!() };
    assert_eq!(file.text(prompt.text.span), b"open");

    let file = super::file("config A\n\tdefault $(f,(x)\n\tbool\n");
    assert_eq!((file.lines.len(), file.unterminated), (1, true));
    assert_eq!(file.diags[0].severity, Severity::Fatal);
    assert_eq!(file.diags[0].msg, " unterminated reference to 'f,(x)': missing ')'");

    let file = super::file("config A\n\tbool");
    assert_eq!((file.lines.len(), file.no_newline), (2, true));
    assert_eq!(file.diags[0].msg, "warning: no new line at end of file");
}

#[test]
fn lines_that_are_no_statements() {
    let invalid = BadLine::Invalid;
    assert_eq!(bad("config\nconfig \"A\"\nconfig A B\nconfig if\n"), [invalid; 4]);
    assert_eq!(bad("config A\nbool if B\n"), [invalid]);
    assert_eq!(bad("config A\ndefault B =\n"), [invalid]);
    assert_eq!(bad("config A\ndefault (B\n"), [invalid]);
    assert_eq!(bad("config A\ndefault B)\n"), [invalid]);
    assert_eq!(bad("config A\ndefault B = C = D\n"), [invalid]);
    assert_eq!(bad("config A\ndefault (B) = C\n"), [invalid]);
    assert_eq!(bad("config A\ndefault B &&\n"), [invalid]);
    assert_eq!(bad("config A\ndepends on B if C\n"), [invalid], "not before 7.0");
    assert_eq!(bad("select A\n"), [invalid], "an option of nothing");
    assert_eq!(bad("menu x\nsource Kconfig\n"), [invalid; 2], "quotes are needed");
    assert!(matches!(bad("foo bar\n")[..], [BadLine::Unknown(_)]));
    // Only an option's own entry takes help: this text is read as statements.
    assert_eq!(bad("comment \"c\"\n\thelp\n\tconfig A\n").len(), 1);
    // conf sees no assignment right after a help text.
    assert!(matches!(bad("config A\n\thelp\n\t  x\nB = c\n")[..], [BadLine::Unknown(_)]));
}

#[test]
fn ten_thousand_parentheses() {
    let nested = |count: usize| format!("if {}A{}\nendif\n", "(".repeat(count), ")".repeat(count));
    assert!(matches!(file(&nested(9_000)).lines[0].kind, LineKind::If(_)));
    assert_eq!(bad(&nested(10_000)), [BadLine::TooDeep]);
    assert_eq!(bad(&format!("if {}A\n", "!".repeat(10_000))), [BadLine::TooDeep]);
}

#[test]
fn ten_thousand_blocks_nest_without_recursion() {
    let text = "if A\nmenu \"m\"\n".repeat(10_000) + &"endmenu\nendif\n".repeat(10_000);
    assert_eq!(file(&text).lines.len(), 40_000);
}

/// Twice the input must not take much more than twice the time, nor more than some seconds in all;
/// quadratic work on these sizes would take hours.
#[test]
fn long_lines_take_linear_time() {
    let size = 1 << 20;
    let repeated = |what: &str| what.repeat(size / what.len());
    let lines = [
        format!("config A\n\tbool \"{}\"\n", repeated("x")),
        format!("config A\n\tbool \"{}\"\n", repeated("$(a)")),
        format!("config A\n\tbool \"{}", repeated("\\\"")),
        format!("if {}A\n", repeated("A && ")),
        format!("if {}\n", repeated("$(")),
        format!("{}\n", repeated("$(x)")),
        format!("{}\n", repeated("$(x) ")),
        repeated("@"),
        repeated(" "),
        repeated("\\\n"),
        repeated("\n"),
        repeated("'\n"),
        format!("config A\n\thelp\n{}", repeated("\t x\n\n")),
    ];
    for line in lines {
        let start = Instant::now();
        let file = bytes(line.as_bytes());
        let took = start.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?} for {:?}…", &line[..20]);
        assert!(file.diags.len() <= 10_001, "{} messages", file.diags.len());
    }
    for dialect in [Dialect::new(4, 14), Dialect::new(4, 19)] {
        for line in ["@", " ", "\t#", "$x", "'\n"] {
            parse("K".into(), "K".into(), repeated(line).into_bytes(), dialect);
        }
    }
}
