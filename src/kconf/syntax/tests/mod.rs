//! The syntax layer on single files.

mod bad;
mod printed;
mod shape;

use super::*;
use crate::kconf::dialect::Dialect;

fn file(text: &str) -> File {
    parse("Kconfig".into(), "Kconfig".into(), text.as_bytes().to_vec(), Dialect::default())
}

#[test]
fn a_small_file() {
    let file = file(
        "mainmenu \"x\"\nconfig A\n\tbool \"a\" if !B=C && D\n\tdefault y\n\thelp\n\t  some\n\n\t  text\nendmenu\nX := a b # c\n",
    );
    assert_eq!(file.lines.len(), 7);
}

/// The text of a word as `conf` sees it before expansion.
fn word(file: &File, word: Word) -> String {
    String::from_utf8_lossy(file.text(word.span)).into_owned()
}

fn old(text: &str, minor: u16) -> File {
    parse("Kconfig".into(), "Kconfig".into(), text.as_bytes().to_vec(), Dialect::new(4, minor))
}

#[test]
fn until_4_17_env_dashed_help_and_bare_paths() {
    let file = old(
        "config ARCH\n\tstring\n\toption env=\"ARCH\"\n\t---help---\n\t  x\nsource arch/$SRCARCH/Kconfig\n",
        14,
    );
    let LineKind::Option(OptionLine::Env(env)) = file.lines[2].kind else {
        panic!("{:?}", file.lines)
    };
    assert_eq!(word(&file, env), "ARCH");
    assert!(matches!(file.lines[3].kind, LineKind::Help(_)));
    // `$` is no part of a bare word: conf ignores it with a warning, and sees two words.
    assert_eq!(file.lines[4].kind, LineKind::Bad(BadLine::Invalid));
    assert_eq!(file.diags[0].msg, "warning: ignoring unsupported character '$'");
    let file = old("source net/x.y/Kconfig\nconfig help\n\tboolean menu\n", 14);
    let LineKind::Source(path) = file.lines[0].kind else { panic!("{:?}", file.lines) };
    assert_eq!(word(&file, path), "net/x.y/Kconfig");
    assert!(matches!(file.lines[1].kind, LineKind::Config { .. }), "keywords are none there");
    assert!(matches!(file.lines[2].kind, LineKind::Type { ty: Type::Bool, prompt: Some(_) }));
}

#[test]
fn until_4_20_an_unknown_option_leaves_the_entry_open() {
    let file = old("config A\n\tfoo bar\n\thelp\n\t  text\n", 14);
    assert!(matches!(file.lines[1].kind, LineKind::Bad(BadLine::Unknown(_))));
    assert!(matches!(file.lines[2].kind, LineKind::Help(_)));
    let file = old("config A\n\toption foo modules\n", 18);
    assert_eq!(file.lines[1].kind, LineKind::Option(OptionLine::Modules));
    assert_eq!(file.diags[0].msg, " warning: ignoring unknown option foo");
}

#[test]
fn from_4_18_on_words_hold_references() {
    for minor in [18, 19] {
        let file =
            old("CC = gcc -c # no comment\nconfig X\n\tdef_bool $(success,$(CC) x)\n", minor);
        let LineKind::Assign { value, .. } = file.lines[0].kind else { panic!("{:?}", file.lines) };
        assert_eq!(file.text(value), b"gcc -c # no comment");
        assert_eq!(file.text(file.exprs[0].span), b"$(success,$(CC) x)");
    }
}
