//! Small trees, through the real parser and builder: the reasons, the proposals, the proofs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::Why;
use crate::kconf::dialect::Dialect;
use crate::kconf::eval::State;
use crate::kconf::model::{Model, SymbolId};
use crate::kconf::probe::Probe;
use crate::kconf::read::Reading;
use crate::kconf::{build, syntax};
use crate::model::why::{Answer, Decided, Outcome};

/// A model of one file.
fn model(text: &str) -> Model {
    let dialect = Dialect::new(6, 12);
    let sources = |name: &str| {
        let text = if name == "Kconfig" { text } else { "" };
        Ok(Arc::new(syntax::parse(name.into(), PathBuf::from(name), text.into(), dialect)))
    };
    let model = build::build(&sources, "Kconfig", &|_| None, &mut Probe::Never, dialect);
    assert!(!model.failed(), "{:?}", model.messages);
    model
}

/// What is said of `symbol` in the configuration `config`, and of its becoming `wanted`.
fn ask(text: &str, config: &str, symbol: &str, wanted: &str) -> Answer {
    let model = model(text);
    let apply = |changes: &BTreeMap<SymbolId, Box<[u8]>>| {
        let mut state = State::new(&model);
        state.read(b".config", config.as_bytes(), Reading::default());
        for (symbol, value) in changes {
            assert!(state.assign(*symbol, value));
        }
        state.recompute();
        state
    };
    Why::new(&apply, "arm").ask(symbol, wanted)
}

/// `A=y B=n`, or what else the outcome is.
fn outcome(answer: &Answer) -> String {
    match &answer.outcome {
        Outcome::Possible { changes, .. } => {
            let changes: Vec<String> = changes
                .iter()
                .map(|change| format!("{}={}", change.symbol, change.value))
                .collect();
            changes.join(" ")
        }
        Outcome::Impossible { chain } => {
            let hops: Vec<String> =
                chain.iter().map(|hop| format!("{} {}", hop.symbol, hop.says)).collect();
            format!("impossible: {}", hops.join("; "))
        }
        Outcome::NoWayFound { .. } => "no way found".to_owned(),
        Outcome::NoValue { reason } => format!("no value: {reason}"),
        Outcome::Holds => "holds".to_owned(),
        Outcome::NotAsked => "not asked".to_owned(),
    }
}

const DEPS: &str = "\
config MODULES
	bool \"modules\"
	modules

config NET
	bool \"net\"

config BUS
	tristate \"bus\"
	depends on NET

config DEV
	tristate \"dev\"
	depends on BUS
	select LIB

config LIB
	tristate

config FAR
	bool
	depends on GONE

config OLD
	bool \"old\"
	depends on FAR && NET
";

#[test]
fn a_chain_of_dependencies_is_turned_on() {
    let answer = ask(DEPS, "", "DEV", "y");
    assert_eq!(outcome(&answer), "NET=y BUS=y DEV=y");
    assert_eq!(answer.decided, Decided::Nothing);
    assert_eq!(answer.prompts[0].visible, "n");
    assert_eq!(outcome(&ask(DEPS, "CONFIG_NET=y\nCONFIG_BUS=y\n", "DEV", "y")), "DEV=y");
    assert_eq!(outcome(&ask(DEPS, "CONFIG_NET=y\nCONFIG_BUS=y\n", "DEV", "m")), "MODULES=y DEV=m");
}

#[test]
fn what_has_no_prompt_is_turned_on_and_off_by_its_selector() {
    assert_eq!(outcome(&ask(DEPS, "", "LIB", "y")), "NET=y BUS=y DEV=y");
    let on = "CONFIG_NET=y\nCONFIG_BUS=y\nCONFIG_DEV=y\n";
    let answer = ask(DEPS, on, "LIB", "n");
    assert_eq!(answer.decided, Decided::Selected);
    assert_eq!(answer.selected_by[0].symbol, "DEV");
    assert_eq!(answer.selected_by[0].place, "Kconfig:15");
    assert_eq!(outcome(&answer), "DEV=n");
}

#[test]
fn what_nothing_selects_is_impossible() {
    let answer = ask(DEPS, "", "OLD", "y");
    assert_eq!(outcome(&answer), "impossible: OLD needs FAR; FAR nothing on arm selects");
    let answer = ask(DEPS, "", "NOWHERE", "y");
    assert_eq!(outcome(&answer), "impossible: NOWHERE is not defined on arm");
    assert_eq!(outcome(&ask(DEPS, "", "NOWHERE", "n")), "holds");
    assert_eq!(outcome(&ask(DEPS, "", "NET", "m")), "no value: it is a bool: y or n, never m");
}
