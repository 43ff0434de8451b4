//! Small trees whose answers are known by hand; every "possible" is shown by the evaluator, and every
//! "impossible" is tried against all configurations.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::circuit::Lit;
use super::{Answer, Logic, probes};
use crate::kconf::build::build;
use crate::kconf::dialect::Dialect;
use crate::kconf::eval::{State, Tristate};
use crate::kconf::model::{Model, SymbolId, Type};
use crate::kconf::probe::Probe;
use crate::kconf::read::Reading;
use crate::kconf::syntax::parse;
use crate::model::formula::{Atom, Formulas};

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

/// `A`, `!A`, `A=m`, `A>=m`: what is asked of a symbol.
fn ask(logic: &mut Logic<'_>, words: &str) -> Answer {
    let mut lits = Vec::new();
    for word in words.split(' ') {
        let (name, wanted) = word.split_once('=').unwrap_or((word, "y"));
        let (name, off) = name.strip_prefix('!').map_or((name, false), |name| (name, true));
        let symbol = logic.find(name).unwrap_or_else(|| panic!("{name}"));
        let (m, y) = (
            logic.value_at_least(symbol, Tristate::Mod),
            logic.value_at_least(symbol, Tristate::Yes),
        );
        match (off, wanted) {
            (true, _) => lits.push(!m),
            (_, "y") => lits.push(y),
            (_, "m") => lits.extend([m, !y]),
            _ => panic!("{word}"),
        }
    }
    logic.possible(&lits)
}

#[track_caller]
fn expect(text: &str, dialect: Dialect, possible: &[&str], impossible: &[&str]) {
    let model = model(text, dialect);
    check_all(&model);
    let mut logic = Logic::new(&model);
    for words in possible {
        assert_eq!(ask(&mut logic, words), Answer::Possible, "{words}");
    }
    for words in impossible {
        assert_eq!(ask(&mut logic, words), Answer::Impossible, "{words}");
    }
}

/// What simulation and search say of many questions at once is what the solver says of each.
fn check_many(model: &Model) {
    let (mut many, mut single) = (Logic::new(model), Logic::new(model));
    let symbols = (3..model.symbols.len() as u32).map(SymbolId::new);
    let levels = symbols.flat_map(|id| [Tristate::Mod, Tristate::Yes].map(|level| (id, level)));
    let lits: Vec<Lit> = levels.map(|(id, level)| many.value_at_least(id, level)).collect();
    let lits: Vec<Lit> = lits.into_iter().flat_map(|lit| [lit, !lit]).collect();
    let pairs: Vec<Vec<Lit>> =
        lits.iter().flat_map(|a| lits.iter().map(|b| vec![*a, *b])).collect();
    let answers = many.each(&pairs);
    for (pair, answer) in pairs.iter().zip(answers) {
        assert_eq!(single.possible(pair), answer, "{pair:?}");
    }
}

/// Every combination of user values, evaluated, satisfies the clauses; and every combination of
/// values that the clauses allow is one that was evaluated.
fn check_all(model: &Model) {
    check_many(model);
    let mut logic = Logic::new(model);
    let logical = |data: &crate::kconf::model::Symbol| {
        matches!(data.ty, Type::Bool | Type::Tristate) && !data.constant && !data.is_choice
    };
    let symbols: Vec<SymbolId> = (3..model.symbols.len() as u32)
        .map(SymbolId::new)
        .filter(|id| logical(model.symbol(*id)) && !model.symbol(*id).menus.is_empty())
        .collect();
    assert!(symbols.len() <= 7, "too many to try all");
    let mut reached = std::collections::BTreeSet::new();
    // Nothing, n, m or y from the user, for each.
    for number in 0..4_u32.pow(symbols.len() as u32) {
        let mut config = String::new();
        for (at, symbol) in symbols.iter().enumerate() {
            let value = number / 4_u32.pow(at as u32) % 4;
            if value > 0 {
                let name = String::from_utf8_lossy(&model.symbol(*symbol).name).into_owned();
                let value = ["n", "m", "y"][value as usize - 1];
                writeln!(config, "CONFIG_{name}={value}").unwrap();
            }
        }
        let mut state = State::new(model);
        state.read(b".config", config.as_bytes(), Reading::default());
        if let Some((reason, text)) = logic.contradiction(&mut state) {
            let values: Vec<_> = symbols.iter().map(|s| state.tristate(*s)).collect();
            panic!("{values:?} breaks {reason:?}: {text}");
        }
        reached.insert(symbols.iter().map(|s| state.tristate(*s)).collect::<Vec<_>>());
    }
    let mut allowed = 0;
    for number in 0..3_u32.pow(symbols.len() as u32) {
        let values: Vec<Tristate> = (0..symbols.len() as u32)
            .map(|at| {
                [Tristate::No, Tristate::Mod, Tristate::Yes][(number / 3_u32.pow(at) % 3) as usize]
            })
            .collect();
        let mut lits = Vec::new();
        for (symbol, value) in symbols.iter().zip(&values) {
            let is = |level| logic.value_at_least(*symbol, level);
            let (m, y) = (is(Tristate::Mod), is(Tristate::Yes));
            lits.push(if *value == Tristate::No { !m } else { m });
            lits.push(if *value == Tristate::Yes { y } else { !y });
        }
        let answer = logic.possible(&lits);
        assert_ne!(answer, Answer::Unknown);
        if answer == Answer::Possible {
            allowed += 1;
            assert!(reached.contains(&values), "{values:?} is allowed but never reached");
        }
    }
    assert_eq!(allowed, reached.len());
}

const MODULES: &str = "config MODULES\n\tbool \"modules\"\n\tmodules\n";

#[test]
fn dependencies_bound_what_the_user_can_set() {
    let text = format!(
        "{MODULES}config A\n\ttristate \"a\"\nconfig B\n\ttristate \"b\"\n\tdepends on A\n\
         config C\n\tbool \"c\"\n\tdepends on B\nconfig D\n\ttristate\n\tdefault B\n"
    );
    expect(
        &text,
        NEW,
        &["A=m MODULES", "B C", "A=m C MODULES", "A B=m MODULES"],
        &["A=m !MODULES", "B A=m", "C !B", "D=m B", "D !B"],
    );
}

#[test]
fn select_beats_everything_and_imply_only_defaults() {
    let text = format!(
        "{MODULES}config T\n\ttristate\n\tdepends on X\nconfig X\n\tbool \"x\"\n\
         config S\n\ttristate \"s\"\n\tselect T\n\timply I\n\
         config I\n\ttristate \"i\"\n\tdepends on X\n\
         config J\n\tbool\n\tdefault y if S && !X\n"
    );
    expect(
        &text,
        NEW,
        &["T !X", "I=m S", "S X !I", "J S"],
        &["S !T", "S T=m", "I !X", "J X", "T !S"],
    );
}

#[test]
fn the_first_default_counts() {
    let text = "config A\n\tbool \"a\"\nconfig D\n\tbool\n\tdefault n if A\n\tdefault y\n\
                config E\n\tbool \"e\" if A\n\tdefault y\n";
    expect(text, NEW, &["A !D", "D !A", "A !E", "A E"], &["A D", "!A !D", "!A !E"]);
    expect(text, OLD, &["A !D", "D !A", "A !E", "A E"], &["A D", "!A !D", "!A !E"]);
}

const CHOICE: &str = "config V\n\tbool \"v\"\nchoice\n\tprompt \"one\"\n\tdepends on V\n\
config A\n\tbool \"a\"\nconfig B\n\tbool \"b\"\nconfig C\n\tbool \"c\" if X\nendchoice\n\
config X\n\tbool \"x\"\n";

#[test]
fn a_choice_has_exactly_one_visible_member() {
    for dialect in [NEW, OLD] {
        expect(
            CHOICE,
            dialect,
            &["V A", "V B", "V C X", "V A X", "!V !A !B !C"],
            &["V !A !B !C", "A B", "A !V", "C !X", "A C"],
        );
    }
}

#[test]
fn older_choices_may_be_optional_and_tristate() {
    let text = format!(
        "{MODULES}choice\n\ttristate \"one\"\nconfig A\n\ttristate \"a\"\nconfig B\n\ttristate \"b\"\n\
         endchoice\n"
    );
    expect(
        &text,
        OLD,
        &["A=m B=m MODULES", "A !B", "!A !B MODULES"],
        &["A B", "A B=m", "!A !B !MODULES"],
    );
    let text = "choice\n\tbool \"one\"\n\toptional\nconfig A\n\tbool \"a\"\nconfig B\n\tbool \"b\"\n\
                endchoice\n";
    expect(text, OLD, &["!A !B", "A", "B"], &["A B"]);
}

#[test]
fn comparisons_are_decided_as_far_as_they_can_be() {
    let text = "config N\n\tint\n\tdefault 4 if A\n\tdefault 2\nconfig A\n\tbool \"a\"\n\
                config BIG\n\tbool\n\tdefault y if N > 2\nconfig TWO\n\tbool\n\tdefault y if N = 2\n\
                config M\n\tint \"m\"\n\trange 1 8\n\tdefault 3\n\
                config ZERO\n\tbool\n\tdefault y if M = 0\nconfig FIVE\n\tbool\n\tdefault y if M >= 5\n\
                config S\n\tstring\n\tdefault \"x\" if A\n\tdefault \"y\"\n\
                config X\n\tbool\n\tdefault y if S = \"x\"\n";
    let model = model(text, NEW);
    let mut logic = Logic::new(&model);
    for words in ["A BIG", "!A TWO", "FIVE", "!FIVE", "A X"] {
        assert_eq!(ask(&mut logic, words), Answer::Possible, "{words}");
    }
    for words in ["A TWO", "!A BIG", "BIG TWO", "ZERO", "A !X", "!A X"] {
        assert_eq!(ask(&mut logic, words), Answer::Impossible, "{words}");
    }
    for number in ["1", "5", "8", "9", "0"] {
        let mut state = State::new(&model);
        state.assign(logic.find("M").unwrap(), number.as_bytes());
        state.assign(logic.find("A").unwrap(), b"y");
        state.recompute();
        assert_eq!(logic.contradiction(&mut state), None, "{number}");
    }
}

#[test]
fn open_probes_are_free_but_agree_with_themselves() {
    let shell = |yes: &str, no: &str| {
        format!("$(shell,{{ cc; }} >/dev/null 2>&1 && echo \"{yes}\" || echo \"{no}\")")
    };
    let text = format!(
        "config A\n\tdef_bool {}\nconfig B\n\tdef_bool {}\nconfig N\n\tint\n\tdefault $(shell,version)\n\
         config NEW\n\tbool\n\tdefault y if N >= 10\nconfig NEWER\n\tbool\n\tdefault y if N >= 20\n",
        shell("y", "n"),
        shell("n", "y")
    );
    let model = model(&text, NEW);
    let mut logic = Logic::new(&model);
    for words in ["A !B", "B !A", "NEW !NEWER", "NEWER", "!NEW"] {
        assert_eq!(ask(&mut logic, words), Answer::Possible, "{words}");
    }
    for words in ["A B", "!A !B", "NEWER !NEW"] {
        assert_eq!(ask(&mut logic, words), Answer::Impossible, "{words}");
    }
    // The evaluator needs to be told what the probes say.
    let decided = probes::decided(&model, |symbol| {
        let open: Vec<SymbolId> = probes::open(&model).collect();
        Tristate::from_bool(open.first() == Some(&symbol))
    });
    let mut state = State::new(&decided);
    state.recompute();
    assert_eq!(state.tristate(logic.find("A").unwrap()), Tristate::Yes);
    assert_eq!(logic.contradiction(&mut state), None);
    assert!(logic.learn(&mut state));
}

#[test]
fn proofs_name_the_facts_that_are_needed_and_no_others() {
    let text = "config A\n\tbool \"a\"\n\tdepends on B\nconfig B\n\tbool\n\tselect C\nconfig C\n\tbool\n\
                config OTHER\n\tbool \"other\"\n\tdepends on A\nconfig S\n\tbool \"s\"\n\tselect B\n";
    let model = model(text, NEW);
    let mut logic = Logic::new(&model);
    let lit =
        |logic: &Logic<'_>, name| logic.value_at_least(logic.find(name).unwrap(), Tristate::Yes);
    let (a, c, s) = (lit(&logic, "A"), lit(&logic, "C"), lit(&logic, "S"));
    let proof = logic.proof(&[a, !c]).unwrap();
    let told: Vec<(&str, u32)> = proof
        .iter()
        .map(|fact| (fact.text.as_str(), fact.place.map_or(0, |place| place.line)))
        .collect();
    assert_eq!(told, [("A depends on B", 1), ("C is selected by B", 6)]);
    let proof = logic.proof(&[a, !s]).unwrap();
    let told: Vec<&str> = proof.iter().map(|fact| fact.text.as_str()).collect();
    assert_eq!(told, ["A depends on B", "B has neither prompt nor default, and only S selects it"]);
    assert_eq!(logic.proof(&[a, c]), None);
}

#[test]
fn witnesses_are_small_and_confirmed() {
    let text = format!(
        "{MODULES}config NOISE\n\tbool \"noise\"\nconfig D\n\tbool \"d\"\n\tdefault y\n\
         config T\n\tbool\n\tdepends on D\nconfig S\n\ttristate \"s\"\n\tdepends on P\n\tselect T\n\
         config P\n\tbool \"p\"\n"
    );
    let model = model(&text, NEW);
    let mut logic = Logic::new(&model);
    let (t, s) = (logic.find("T").unwrap(), logic.find("S").unwrap());
    let direct = logic.expr(model.symbol(t).dir_dep, Tristate::Mod);
    let lits = [logic.value_at_least(s, Tristate::Mod), !direct];
    let found = logic.assignment(&lits).unwrap();
    let check = |state: &mut State<'_>| state.direct_dependency(t) < state.reverse_dependency(t);
    let witness = logic.witness(&found, &lits, &check).unwrap();
    let named: Vec<String> = witness
        .settings
        .iter()
        .map(|(symbol, value)| {
            let name = String::from_utf8_lossy(&model.symbol(*symbol).name).into_owned();
            format!("{name}={}", String::from_utf8_lossy(value))
        })
        .collect();
    let mut named: Vec<&str> = named.iter().map(String::as_str).collect();
    named.sort_unstable();
    assert!(
        // Without modules, m is y.
        named == ["D=n", "P=y", "S=y"] || named == ["D=n", "P=y", "S=m"],
        "{named:?}"
    );
    assert_eq!(logic.witness(&found, &lits, &|_| false), None, "a refuted alarm is none");
}

#[test]
fn formulas_are_gates_over_the_same_symbols() {
    let text = format!(
        "{MODULES}config A\n\ttristate \"a\"\nconfig B\n\tbool \"b\"\n\tdepends on A=y\n\
         config N\n\tint\n\tdefault 3\n"
    );
    let model = model(&text, NEW);
    let mut logic = Logic::new(&model);
    let mut f = Formulas::default();
    let (a, b, gone, m) = (f.yes("A"), f.yes("B"), f.enabled("GONE"), f.module("A"));
    let not_a = f.not(a);
    let b_without_a = f.and(b, not_a);
    let b_module = f.and(b, m);
    let opaque = f.opaque("X > 3");
    let not_opaque = f.not(opaque);
    let (three, four) = (f.equals("N", "3"), f.equals("N", "4"));
    let in_module = f.atom(Atom::InModule);
    let mut lowered = super::formula::Lowered::new(&f);
    let mut ask = |formulas: &[_]| {
        let lits: Vec<_> = formulas.iter().map(|id| logic.formula(&mut lowered, *id)).collect();
        logic.possible(&lits)
    };
    for possible in [&[a][..], &[b], &[m], &[opaque], &[not_opaque], &[in_module, b], &[three]] {
        assert_eq!(ask(possible), Answer::Possible);
    }
    for impossible in [&[b_without_a][..], &[b_module], &[gone], &[opaque, not_opaque], &[four]] {
        assert_eq!(ask(impossible), Answer::Impossible);
    }
}

#[test]
fn another_solver_can_read_the_clauses() {
    let model = model("config A\n\tbool \"a\"\n\tdepends on B\nconfig B\n\tbool \"b\"\n", NEW);
    let mut logic = Logic::new(&model);
    let lit = |name| logic.value_at_least(logic.find(name).unwrap(), Tristate::Yes);
    let (a, b) = (lit("A"), lit("B"));
    let text = logic.to_dimacs(&[a, !b]);
    let header = text.lines().next().unwrap();
    let clauses = text.lines().skip(1).count();
    assert_eq!(header, format!("p cnf {} {clauses}", logic.gates().len()));
    assert!(text.lines().skip(1).all(|line| line.ends_with(" 0")), "{text}");
}
