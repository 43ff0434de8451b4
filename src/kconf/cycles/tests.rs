//! That nothing is left unsaid where there is an order: random trees, with and without the search.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::{order, search};
use crate::kconf::build::build;
use crate::kconf::dialect::Dialect;
use crate::kconf::model::{Model, SymbolId};
use crate::kconf::probe::Probe;
use crate::kconf::syntax::parse;

fn model(text: &str) -> Model {
    let dialect = Dialect::new(6, 12);
    let source = Arc::new(parse("K".into(), PathBuf::from("K"), text.into(), dialect));
    build(&|_: &str| Ok(Arc::clone(&source)), "K", &|_| None, &mut Probe::Never, dialect)
}

/// What the search says of a tree, member checks aside: whether it finds a recursion.
fn recursive(model: &Model) -> bool {
    let all = (0..model.symbols.len() as u32).map(|symbol| (SymbolId(symbol), None));
    !search(model, &all.collect::<Vec<_>>()).is_empty()
}

/// A statement of an option that mentions another.
fn statement(kind: u8, other: u8) -> String {
    match kind {
        0 => format!("\tdepends on S{other}\n"),
        1 => format!("\tdepends on !S{other} || m\n"),
        2 => format!("\tselect S{other}\n"),
        3 => format!("\timply S{other} if S0\n"),
        4 => format!("\tdefault S{other}\n"),
        5 => format!("\tdefault y if S{other} = y\n"),
        _ => format!("\tdefault m if S1 && S{other}\n"),
    }
}

/// Six options, of which those from `first` to `last` are in a choice, each with what it says of others.
fn tree(first: u8, last: u8, said: &[(u8, u8, u8)]) -> String {
    let mut text = "config MODULES\n\tdef_bool y\n\tmodules\n".to_owned();
    for option in 0..6 {
        if option == first && first < last {
            text += "choice\n\tprompt \"c\"\n";
            for &(of, kind, other) in said {
                if of == 6 && kind < 2 {
                    text += &statement(kind, other);
                }
            }
            text += "\n";
        }
        let _ = writeln!(text, "config S{option}\n\tbool \"s\"");
        for &(of, kind, other) in said {
            let member = (first..last).contains(&option);
            if of == option && !(member && kind > 3) {
                text += &statement(kind, other);
            }
        }
        if option + 1 == last && first < last {
            text += "endchoice\n";
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// An order means that the search is silent.
    #[test]
    fn where_there_is_an_order_the_search_finds_nothing(
        first in 0u8..6,
        last in 0u8..6,
        said in prop::collection::vec((0u8..7, 0u8..7, 0u8..6), 0..6),
        halves: bool,
    ) {
        let text = tree(first, last, &said);
        let model = model(&text);
        if order::exists(&model, halves) {
            prop_assert!(!recursive(&model), "{}", text);
        }
    }
}

#[test]
fn both_are_seen() {
    let count = |said: &[(u8, u8, u8)]| {
        let model = model(&tree(0, 0, said));
        (order::exists(&model, false), recursive(&model))
    };
    assert_eq!(count(&[(1, 0, 2), (2, 0, 3)]), (true, false));
    assert_eq!(count(&[(1, 0, 2), (2, 0, 1)]), (false, true));
    assert_eq!(count(&[(1, 2, 2), (1, 0, 2)]), (false, true));
    // A choice in an order, and one whose members depend on each other.
    let choice = |said: &[(u8, u8, u8)]| {
        let model = model(&tree(1, 4, said));
        (order::exists(&model, false), recursive(&model))
    };
    assert_eq!(choice(&[(1, 0, 5), (6, 0, 0)]), (true, false));
    assert_eq!(choice(&[(1, 0, 2)]), (false, true));
}
