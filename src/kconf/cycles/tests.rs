//! The quick answer against the search that tells as `conf` does, on made-up trees.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::{quick, told};
use crate::kconf::build::build;
use crate::kconf::dialect::Dialect;
use crate::kconf::model::Model;
use crate::kconf::probe::Probe;
use crate::kconf::syntax::parse;

fn model(text: &str, dialect: Dialect) -> Model {
    let sources = |name: &str| {
        Ok(Arc::new(parse(name.to_owned(), PathBuf::from(name), text.into(), dialect)))
    };
    build(&sources, "Kconfig", &|_| None, &mut Probe::Never, dialect)
}

/// What is written of a symbol.
type Written = (u8, usize, usize, usize);

/// A tree of symbols `S0`, `S1`, …, of which those in `choice` are members of one, the lines of each made of
/// numbers.
fn tree(written: &[Vec<Written>], choice: &std::ops::Range<usize>) -> String {
    let mut text = "mainmenu \"m\"\n".to_owned();
    let count = written.len();
    for (number, lines) in written.iter().enumerate() {
        if number == choice.start && !choice.is_empty() {
            text += "choice\n\tprompt \"c\"\n";
            let first = lines.first().map_or(0, |line| line.1 % (3 * count));
            if first < count {
                let _ = writeln!(text, "\tdepends on S{first}");
            }
        }
        let _ = writeln!(text, "config S{number}\n\tbool \"s{number}\"");
        for &(kind, a, b, c) in lines {
            let (a, b, c) = (a % count, b % count, c % count);
            let _ = match kind {
                0 => writeln!(text, "\tdepends on S{a}"),
                1 => writeln!(text, "\tdepends on S{a} || !S{b} && S{c} = y"),
                2 => writeln!(text, "\tselect S{a} if S{b}"),
                3 => writeln!(text, "\timply S{a}"),
                4 if !choice.contains(&number) => writeln!(text, "\tdefault S{a} if S{b}"),
                _ => Ok(()),
            };
        }
        if number + 1 == choice.end && !choice.is_empty() {
            text += "endchoice\n";
        }
    }
    text
}

fn written() -> impl Strategy<Value = Vec<Vec<Written>>> {
    let line = (0u8..6, 0usize..99, 0usize..99, 0usize..99);
    prop::collection::vec(prop::collection::vec(line, 0..3), 2..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn what_is_quickly_clean_is_clean(
        written in written(),
        from in 0usize..9,
        members in 0usize..4,
        version in prop::sample::select(vec![(4, 14), (5, 10), (6, 6), (6, 12)]),
    ) {
        let from = from.min(written.len());
        let choice = from..(from + members).min(written.len());
        let text = tree(&written, &choice);
        let model = model(&text, Dialect::new(version.0, version.1));
        // What is wrong otherwise is not looked at for cycles.
        prop_assume!(!model.messages.iter().any(|message| message.text.contains("syntax")));
        let said = told(&model);
        let clean = quick::is_clean(&model);
        prop_assert!(!clean || said.is_empty(), "{text}\n{said:?}");
        // Of choices, it need not know everything.
        prop_assert!(clean || !said.is_empty() || !choice.is_empty(), "{text}");
    }
}
