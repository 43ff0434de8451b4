//! Small trees, evaluated. What `conf` does with trees like these is checked in `tests/kconf_micro.rs`
//! against the real one; here is what only a library can be asked for.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::{State, Tristate, with_stack};
use crate::kconf::build::build;
use crate::kconf::dialect::Dialect;
use crate::kconf::model::{Model, PropKind, SymbolId};
use crate::kconf::modes::{Goal, Settings, Written, run};
use crate::kconf::output::Stream;
use crate::kconf::probe::Probe;
use crate::kconf::read::Reading;
use crate::kconf::syntax::parse;

const NEW: Dialect = Dialect::new(6, 12);
const OLD: Dialect = Dialect::new(6, 1);

fn model(text: &str, dialect: Dialect) -> Model {
    let sources = |name: &str| {
        let text = text.as_bytes().to_vec();
        Ok(Arc::new(parse(name.to_owned(), PathBuf::from(name), text, dialect)))
    };
    let model = build(&sources, "Kconfig", &|_| None, &mut Probe::Never, dialect);
    assert!(!model.failed(), "{:?}", model.messages);
    model
}

fn symbol(state: &State, name: &str) -> SymbolId {
    state.find(name.as_bytes()).unwrap()
}

fn value(state: &mut State, name: &str) -> String {
    let symbol = symbol(state, name);
    String::from_utf8(state.value(symbol).to_vec()).unwrap()
}

const CHOICE: &str = "\
choice
\tprompt \"one\"
\tdefault A
config A
\tbool \"a\"
config B
\tbool \"b\"
config C
\tbool \"c\"
endchoice
";

#[test]
fn a_default_that_is_turned_off_differs_between_the_generations() {
    for (dialect, on) in [(NEW, "A"), (OLD, "A")] {
        let model = model(CHOICE, dialect);
        let mut state = State::new(&model);
        state.read(b"c", b"# CONFIG_B is not set\n", Reading::default());
        assert_eq!(value(&mut state, on), "y", "{dialect:?}");
    }
    // Nothing is asked for but that the default is off: 6.12 takes the first that was not mentioned,
    // 6.1 the default all the same.
    for (dialect, on) in [(NEW, "B"), (OLD, "A")] {
        let model = model(CHOICE, dialect);
        let mut state = State::new(&model);
        state.read(b"c", b"# CONFIG_A is not set\n", Reading::default());
        assert_eq!(value(&mut state, on), "y", "{dialect:?}");
    }
}

#[test]
fn a_set_value_can_be_taken_back() {
    for dialect in [NEW, OLD] {
        let model = model(CHOICE, dialect);
        let mut state = State::new(&model);
        state.recompute();
        let (a, b) = (symbol(&state, "A"), symbol(&state, "B"));
        let snapshot = state.set(b, b"y").unwrap();
        assert_eq!((state.tristate(a), state.tristate(b)), (Tristate::No, Tristate::Yes));
        state.undo(snapshot);
        assert_eq!((state.tristate(a), state.tristate(b)), (Tristate::Yes, Tristate::No));
        assert_eq!(state.user_value(b), None);
        assert!(state.set(b, b"maybe").is_none());
    }
}

const QUERIES: &str = "\
config MODULES
\tmodules
\tbool \"modules\"
\tdefault y
config DEP
\ttristate \"dep\"
config X
\ttristate \"x\" if DEP
\tdefault m if DEP = n
\tdefault y
config S
\tbool \"s\"
\tselect X if MODULES
config N
\tint \"n\"
\trange 1 9
\tdefault 42
";

#[test]
fn values_say_where_they_come_from() {
    let model = model(QUERIES, NEW);
    let mut state = State::new(&model);
    state.recompute();
    let x = symbol(&state, "X");
    assert_eq!(state.visibility(x), Tristate::No);
    assert_eq!(state.direct_dependency(x), Tristate::Yes);
    assert_eq!(state.prompt_values(x)[0].visible, Tristate::No);
    let defaults = state.default_values(x);
    assert_eq!(defaults.len(), 2);
    assert_eq!((defaults[0].condition, defaults[0].value.as_slice()), (Tristate::Yes, &b"m"[..]));
    assert_eq!((defaults[1].place.line, defaults[1].value.as_slice()), (10, &b"y"[..]));
    assert_eq!(value(&mut state, "X"), "m");
    let selectors = state.selectors(x, PropKind::Select);
    assert_eq!(selectors.len(), 1);
    assert_eq!((selectors[0].by, selectors[0].value), (symbol(&state, "S"), Tristate::No));
    let s = symbol(&state, "S");
    assert!(state.set(s, b"y").is_some());
    assert_eq!(state.selectors(x, PropKind::Select)[0].value, Tristate::Yes);
    assert_eq!(state.reverse_dependency(x), Tristate::Yes);
    assert_eq!(value(&mut state, "X"), "y");
    // Out of range by default, so it is clamped; out of range by the user, so it is refused.
    assert_eq!(value(&mut state, "N"), "9");
    let n = symbol(&state, "N");
    assert!(state.set(n, b"10").is_none());
    assert!(state.set(n, b"5").is_some());
    assert_eq!(value(&mut state, "N"), "5");
    assert!(state.is_written(n) && state.is_changeable(n));
}

#[test]
fn evaluations_of_one_model_do_not_touch_each_other() {
    let model = model(QUERIES, NEW);
    let first = State::new(&model);
    let all = |goal: Goal| {
        let mut state = first.fresh();
        run(&mut state, &goal, &Settings::default(), &|_| Ok(None)).unwrap()
    };
    let (yes, no) = std::thread::scope(|scope| {
        let yes = scope.spawn(|| all(Goal::AllYes));
        let no = scope.spawn(|| all(Goal::AllNo));
        (yes.join().unwrap(), no.join().unwrap())
    });
    let text = |written| match written {
        Written::DotConfig(text) => String::from_utf8(text).unwrap(),
        other => panic!("{other:?}"),
    };
    assert!(text(yes).contains("CONFIG_DEP=y\nCONFIG_X=y\nCONFIG_S=y\n"));
    assert!(text(no).contains("# CONFIG_DEP is not set\nCONFIG_X=y\n# CONFIG_S is not set\n"));
}

#[test]
fn long_chains_are_followed() {
    // Each depends on the one before: evaluating the last goes through all of them.
    let mut text = String::from("config S0\n\tbool \"s\"\n\tdefault y\n");
    for number in 1..10_000 {
        let before = number - 1;
        let _ =
            writeln!(text, "config S{number}\n\tbool \"s\"\n\tdepends on S{before}\n\tdefault y");
    }
    for dialect in [NEW, OLD] {
        let model = model(&text, dialect);
        let (value, deep) = with_stack(|| {
            let mut state = State::new(&model);
            let last = symbol(&state, "S9999");
            (state.tristate(last), state.too_deep())
        })
        .unwrap();
        assert_eq!((value, deep), (Tristate::Yes, false));
    }
}

#[test]
fn hundreds_of_selectors_warn_in_their_order() {
    let mut text = String::from("config T\n\tbool\n\tdepends on NO\nconfig NO\n\tbool\n");
    for number in 0..600 {
        let _ = writeln!(text, "config S{number}\n\tbool \"s\"\n\tselect T");
    }
    for dialect in [NEW, OLD] {
        let model = model(&text, dialect);
        let mut state = State::new(&model);
        let t = symbol(&state, "T");
        let s7 = symbol(&state, "S7");
        let s599 = symbol(&state, "S599");
        assert!(state.assign(s599, b"y") && state.assign(s7, b"y"));
        state.recompute();
        assert_eq!(state.tristate(t), Tristate::Yes);
        let said = String::from_utf8(state.output.text(Stream::Err)).unwrap();
        let expected = "\nWARNING: unmet direct dependencies detected for T\n  \
            Depends on [n]: NO [=n]\n  Selected by [y]:\n  - S7 [=y]\n  - S599 [=y]\n";
        assert_eq!(said, expected, "{dialect:?}");
        state.forget(s7);
        state.forget(s599);
        state.recompute();
        assert_eq!(state.tristate(t), Tristate::No);
    }
}
