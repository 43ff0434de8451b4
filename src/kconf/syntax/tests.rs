//! The syntax layer on single files.

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
