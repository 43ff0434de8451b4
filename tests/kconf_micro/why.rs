//! What `hmmsize config why` proposes and calls impossible, held against the real `conf`: with the
//! changes the option has the value, and no single one of them can be left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hmmsize::kconf::dialect::Dialect;
use hmmsize::kconf::eval::State;
use hmmsize::kconf::model::SymbolId;
use hmmsize::kconf::probe::Probe;
use hmmsize::kconf::read::Reading;
use hmmsize::kconf::why::Why;
use hmmsize::kconf::{build, merge, syntax, why};
use hmmsize::model::why::{Answer, Change, Outcome};

use super::case::{Case, Run};
use super::{conf, support};

const TREE: &str = "\
config MODULES
	bool \"modules\"
	modules

config NET
	bool \"net\"

config BUS
	tristate \"bus\"
	depends on NET || HOST

config HOST
	bool

config BOARD
	bool \"board\"
	select HOST

config DEV
	tristate \"dev\"
	depends on BUS && !TINY
	select LIB

config TINY
	bool \"tiny\"
	default y

config LIB
	tristate

config AUTO
	def_bool DEV && NET

config GONE
	bool \"gone\"
	depends on NOWHERE

choice
	prompt \"speed\"

config SLOW
	bool \"slow\"

config FAST
	bool \"fast\"
	depends on NET

endchoice

config CPUS
	int \"cpus\"
	depends on NET
	range 1 64 if FAST
	range 1 8
	default 4

config NAME
	string \"name\"
	depends on !NET

config TICKS
	int
	default 1000 if FAST
	default 100
";

/// Configuration, option, value, and how many changes it takes at most.
const QUESTIONS: &[(&str, &str, &str, usize)] = &[
    ("", "DEV", "y", 4),
    ("", "DEV", "m", 5),
    ("", "LIB", "y", 4),
    ("", "AUTO", "y", 4),
    ("CONFIG_NET=y\nCONFIG_BUS=y\n# CONFIG_TINY is not set\nCONFIG_DEV=y\n", "LIB", "n", 1),
    ("CONFIG_NET=y\nCONFIG_BUS=y\n# CONFIG_TINY is not set\nCONFIG_DEV=y\n", "AUTO", "n", 1),
    ("", "FAST", "y", 2),
    ("", "CPUS", "6", 2),
    ("", "CPUS", "32", 3),
    ("CONFIG_NET=y\n", "NAME", "\"a b\"", 2),
    ("", "TICKS", "1000", 2),
    ("CONFIG_NET=y\nCONFIG_FAST=y\n", "TICKS", "100", 1),
    ("", "HOST", "y", 1),
    ("CONFIG_BOARD=y\n", "HOST", "n", 1),
];

/// The answer of ours.
fn ask(version: Dialect, config: &str, symbol: &str, wanted: &str) -> Answer {
    let sources = |name: &str| {
        let file = syntax::parse(name.into(), PathBuf::from(name), TREE.into(), version);
        Ok(Arc::new(file))
    };
    let model = build::build(&sources, "Kconfig", &|_| None, &mut Probe::Never, version);
    assert!(!model.failed(), "{:?}", model.messages);
    let fresh = State::new(&model);
    let apply = |changes: &BTreeMap<SymbolId, Box<[u8]>>| {
        let lines = why::fragment(&model, changes);
        let (text, _) = merge::merge(config.as_bytes(), &[(Vec::new(), lines)], true);
        let mut state = fresh.fresh();
        state.read(b".config", &text, Reading::default());
        state
    };
    Why::new(&apply, "arm").ask(symbol, wanted)
}

/// What the real `conf` makes of `symbol` with these changes, as `.config` has it.
fn made(program: &Path, config: &str, changes: &[&Change], symbol: &str) -> String {
    let mut text = config.as_bytes().to_vec();
    for change in changes {
        let line = change.assignment().line() + "\n";
        text = merge::merge(&text, &[(Vec::new(), line.into_bytes())], true).0;
    }
    let files = vec![("Kconfig".to_owned(), TREE.as_bytes().to_vec())];
    let case = Case { versions: Vec::new(), files, runs: Vec::new() };
    let run = Run {
        line: 0,
        target: "olddefconfig".to_owned(),
        env: Vec::new(),
        config: Some(text),
        claims: Vec::new(),
    };
    let written = conf::conf(program, &case, &run).config.expect("conf writes");
    let written = String::from_utf8(written).expect("text");
    let prefix = format!("CONFIG_{symbol}=");
    let line = written.lines().find_map(|line| line.strip_prefix(&prefix));
    line.unwrap_or("n").to_owned()
}

#[test]
fn what_is_proposed_works_with_conf_and_nothing_of_it_can_be_left_out() {
    let mut confirmed = 0;
    for (version, program) in conf::programs() {
        let Some((major, minor)) = version.split_once('.') else { continue };
        let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) else { continue };
        if !matches!((major, minor), (6, 1 | 12)) {
            continue;
        }
        for (config, symbol, wanted, most) in QUESTIONS {
            let answer = ask(Dialect::new(major, minor), config, symbol, wanted);
            let Outcome::Possible { changes, .. } = &answer.outcome else {
                panic!("{version}: {symbol}={wanted}: {:?}", answer.outcome);
            };
            assert!(changes.len() <= *most, "{version}: {symbol}={wanted}: {changes:?}");
            let all: Vec<&Change> = changes.iter().collect();
            let value = made(&program, config, &all, symbol);
            assert_eq!(value, *wanted, "{version}: {changes:?}");
            confirmed += 1;
            for left_out in 0..all.len() {
                let mut fewer = all.clone();
                let change = fewer.remove(left_out);
                let value = made(&program, config, &fewer, symbol);
                assert_ne!(value, *wanted, "{version}: {symbol}: without {change:?}");
                confirmed += 1;
            }
        }
    }
    assert!(confirmed >= 2 * 40 || !support::ci(), "only {confirmed} answers of conf");
    if confirmed == 0 {
        eprintln!("SKIPPED: no conf in the cache (cargo xtask setup builds them)");
    }
}

#[test]
fn impossible_is_only_what_structure_rules_out() {
    let answer = ask(Dialect::new(6, 12), "", "GONE", "y");
    let Outcome::Impossible { chain } = &answer.outcome else { panic!("{:?}", answer.outcome) };
    assert_eq!(chain[0].says, "needs NOWHERE");
    assert_eq!(chain[1].says, "is not defined on arm");
    // Out of range is nothing that structure shows: no claim.
    let answer = ask(Dialect::new(6, 12), "", "CPUS", "65");
    assert!(matches!(answer.outcome, Outcome::NoWayFound { .. }), "{:?}", answer.outcome);
    let answer = ask(Dialect::new(6, 12), "", "NET", "m");
    assert!(matches!(answer.outcome, Outcome::NoValue { .. }), "{:?}", answer.outcome);
}
