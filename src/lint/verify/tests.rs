//! Judges on small trees: they agree with what is so, and take away what is planted and is not.

use std::path::PathBuf;
use std::sync::Arc as Shared;

use super::super::{claim_key, context, rules, run};
use super::*;
use crate::kconf::build::build;
use crate::kconf::dialect::Dialect;
use crate::kconf::model::Model;
use crate::kconf::probe::Probe;
use crate::kconf::syntax::parse;
use crate::model::formula::Formulas;
use crate::source::guards::tree as guards;

const KCONFIG: &str = "
config MODULES
	bool \"modules\"
	modules

config DEAD
	bool \"dead\"
	depends on LIVE && !LIVE

config LIVE
	bool \"live\"

config RARE
	tristate \"rare\"
	depends on LIVE && MODULES && COMPILER

config COMPILER
	def_bool $(success,test -x cc)
";

fn model() -> Model {
    let dialect = Dialect::new(6, 12);
    let macros = "success = $(shell,{ $(1); } >/dev/null 2>&1 && echo \"y\" || echo \"n\")\n";
    let sources = |name: &str| {
        let text = format!("{macros}{KCONFIG}").into_bytes();
        Ok(Shared::new(parse(name.to_owned(), PathBuf::from(name), text, dialect)))
    };
    let model = build(&sources, "Kconfig", &|_| None, &mut Probe::Never, dialect);
    assert!(!model.failed(), "{:?}", model.messages);
    model
}

fn tree() -> Tree {
    let arch = context::Arch::new(String::new(), model(), None);
    let read = (Formulas::default(), guards::Tree::default());
    Tree::new(PathBuf::new(), vec![arch], &[], read)
}

fn dead_symbol() -> Vec<&'static Rule> {
    rules::find("dead-symbol").into_iter().collect()
}

/// What the rule would say of a symbol.
fn planted(symbol: &str) -> Finding {
    let test = Some(Test::Claim(claim_key("K102", (symbol, 0))));
    Finding { code: "K102".into(), symbol: Some(symbol.into()), test, ..Finding::default() }
}

fn judges(configurations: u32) -> Judges<'static> {
    Judges { configurations, seed: 1, external: None }
}

#[test]
fn what_is_so_is_confirmed_and_what_is_planted_is_refuted() {
    let (tree, rules) = (tree(), dead_symbol());
    let (found, _) = run(&tree, &rules).unwrap();
    let names: Vec<_> = found.iter().filter_map(|finding| finding.symbol.as_deref()).collect();
    assert_eq!(names, ["DEAD"]);
    let findings: Vec<Finding> = found
        .into_iter()
        .chain(["LIVE", "RARE"].map(planted))
        .chain([Finding::default()])
        .collect();
    let judged = universal(&tree, &rules, &findings, &judges(200)).unwrap();
    assert_eq!(judged.contradictions, [""; 0]);
    assert_eq!(judged.outcomes[0], Some(Outcome::Confirmed(Verified::Solver2)));
    for outcome in &judged.outcomes[1..3] {
        assert!(matches!(outcome, Some(Outcome::Refuted(_))), "{outcome:?}");
    }
    let solver = universal(&tree, &rules, &[planted("LIVE")], &judges(0)).unwrap();
    let why = "a second solver finds it possible".to_owned();
    assert_eq!(solver.outcomes, [Some(Outcome::Refuted(why))]);
    assert_eq!(judged.outcomes[3], None, "it is not universal");
    // What no rule claims, nobody can be asked about.
    let judged = universal(&tree, &rules, &[planted("GONE")], &judges(1)).unwrap();
    assert!(matches!(judged.outcomes[0], Some(Outcome::Undecided(_))));
}

#[test]
fn random_configurations_alone_find_what_is_wrong_and_say_the_seed() {
    // A solver that says what one would like to hear.
    let liar = |_: &str| Ok(Said::Unsat);
    let (tree, rules) = (tree(), dead_symbol());
    let findings = ["DEAD", "LIVE", "RARE"].map(planted);
    let judges = Judges { external: Some(&liar), ..judges(200) };
    let judged = universal(&tree, &rules, &findings, &judges).unwrap();
    assert_eq!(judged.outcomes[0], Some(Outcome::Confirmed(Verified::Solver2)));
    for (at, name) in [(1, "LIVE"), (2, "RARE")] {
        let Some(Outcome::Refuted(why)) = &judged.outcomes[at] else {
            panic!("{name}: {:?}", judged.outcomes[at]);
        };
        assert!(why.starts_with("the random configuration with seed "), "{why}");
    }
    let again = universal(&tree, &rules, &findings, &judges).unwrap();
    assert_eq!(again.outcomes, judged.outcomes, "the same seeds say the same");
}

#[test]
fn another_solver_is_asked_until_nothing_is_left() {
    let (tree, rules) = (tree(), dead_symbol());
    let findings = ["DEAD", "LIVE", "RARE"].map(planted);
    // batsat, as a program would be asked; it shows its models.
    let program = |text: &str| {
        let (variables, clauses) = crate::logic::dimacs::read(text).unwrap();
        let mut sat = crate::logic::solver::Sat::new(1000);
        (0..variables).for_each(|_| sat.variable(true));
        for clause in clauses {
            sat.clause(clause);
        }
        Ok(match sat.solve(&[]) {
            crate::logic::solver::Verdict::Unsat => Said::Unsat,
            _ => Said::Sat((0..variables).filter(|node| sat.value(*node)).map(|n| n + 1).collect()),
        })
    };
    let judges = Judges { external: Some(&program), ..judges(0) };
    let judged = universal(&tree, &rules, &findings, &judges).unwrap();
    let refuted = Some(Outcome::Refuted("a second solver finds it possible".to_owned()));
    let confirmed = Some(Outcome::Confirmed(Verified::Solver2));
    assert_eq!(judged.outcomes, [confirmed, refuted.clone(), refuted]);
    // One that says nothing decides nothing.
    let silent = |_: &str| Ok(Said::Nothing);
    let judges = Judges { external: Some(&silent), ..judges };
    let judged = universal(&tree, &rules, &findings, &judges).unwrap();
    assert!(judged.outcomes.iter().all(|one| matches!(one, Some(Outcome::Undecided(_)))));
}
