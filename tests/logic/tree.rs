//! A real kernel tree: what its own targets configure, and what is known to be possible or not.

use std::path::Path;
use std::time::Instant;

use hmmsize::kbuild::kconfenv::{TopMakefile, Versions};
use hmmsize::kconf::build::build;
use hmmsize::kconf::dialect::Dialect;
use hmmsize::kconf::eval::{State, Tristate, with_stack};
use hmmsize::kconf::model::{Model, SymbolId};
use hmmsize::kconf::modes::{self, Goal, Settings};
use hmmsize::kconf::probe::Probe;
use hmmsize::kconf::source::Sources;
use hmmsize::logic::sample::Sample;
use hmmsize::logic::{Answer, Logic, probes};
use hmmsize::model::words::MakeWords;

use super::support;

/// Random configurations for each architecture.
const SEEDS: u32 = 12;
/// Fewer configurations mean that something was left out.
const MIN_CONFIGURATIONS: usize = 40;

/// The model of one architecture, its probes open.
pub fn model(tree: &Path, dialect: Dialect, arch: &str) -> Model {
    let words = MakeWords::parse(&[format!("ARCH={arch}")]).unwrap();
    let variables = TopMakefile::read(tree).environment(&words, &Versions::default()).unwrap();
    let get =
        |name: &str| variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let sources = Sources::new(tree, dialect);
    let model = build(&|name: &str| sources.get(name), "Kconfig", &get, &mut Probe::Never, dialect);
    assert!(!model.failed(), "{arch}: {:?}", model.messages);
    model
}

/// The dialect of the tree's Makefile.
fn dialect(tree: &Path) -> Dialect {
    let makefile = std::fs::read_to_string(tree.join("Makefile")).unwrap();
    let number = |name: &str| {
        let line = makefile.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches([' ', '=']).trim().parse().unwrap()
    };
    Dialect::new(number("VERSION"), number("PATCHLEVEL"))
}

#[test]
fn every_configuration_of_a_real_tree_satisfies_the_clauses() {
    let Some(tree) = support::linux_tree() else { return };
    let dialect = dialect(&tree);
    let mut checked = 0;
    for arch in ["x86", "arm64", "s390"] {
        let model = model(&tree, dialect, arch);
        checked += with_stack(|| configurations(&tree, &model, arch)).unwrap();
    }
    assert!(checked >= MIN_CONFIGURATIONS, "only {checked} configurations");
}

fn configurations(tree: &Path, model: &Model, arch: &str) -> usize {
    let start = Instant::now();
    let mut logic = Logic::new(model);
    eprintln!(
        "{arch}: {} symbols, {} nodes, {} clauses in {} groups, {:?}",
        model.symbols.len(),
        logic.gates().len(),
        logic.clauses().len(),
        logic.clauses().groups(),
        start.elapsed()
    );
    // Probes that say y, as most do with a good compiler, and probes that say n.
    let yes = probes::decided(model, |symbol| {
        let says_yes = logic.model().symbol(symbol).name.starts_with(b"<probe");
        Tristate::from_bool(says_yes && agrees(model, symbol))
    });
    let open = |path: &Path| Ok(std::fs::read(tree.join(path)).ok());
    let configs = tree.join("arch").join(arch).join("configs");
    let mut defconfigs: Vec<_> = std::fs::read_dir(configs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with("defconfig"))
        .collect();
    defconfigs.sort();
    let mut goals = vec![Goal::AllYes, Goal::AllMod, Goal::AllNo, Goal::AllDef];
    goals.extend(defconfigs.into_iter().map(Goal::Defconfig));
    let random = (0..SEEDS).map(|seed| (Goal::Random, seed));
    let mut checked = 0;
    for (goal, seed) in goals.into_iter().map(|goal| (goal, 0)).chain(random) {
        let probability = Some("40:20".to_owned()).filter(|_| seed % 2 == 1);
        let settings = Settings { seed, probability, ..Settings::default() };
        let mut state = State::new(&yes);
        modes::run(&mut state, &goal, &settings, &open).unwrap();
        let wrong = logic.contradiction(&mut state);
        assert!(wrong.is_none(), "{arch}, {goal:?}, seed {seed}: {wrong:?}");
        assert!(logic.learn(&mut state));
        checked += 1;
    }
    eprintln!("{arch}: {checked} configurations");
    checked
}

/// Of two probes of one command, one for y and one for n, only the first can say y; so can, of those
/// that compare one text with several, only one.
fn agrees(model: &Model, symbol: SymbolId) -> bool {
    let name = String::from_utf8_lossy(&model.symbol(symbol).name).into_owned();
    let number: usize = name["<probe ".len()..].split('>').next().unwrap().parse().unwrap();
    let command = &model.probes[number].command;
    let compared = |command: &str| {
        let (text, _) = command.strip_prefix("{ test ")?.split_once(" = ")?;
        Some(text.to_owned())
    };
    let text = compared(command);
    let first = model.probes.iter().position(|probe| compared(&probe.command) == text);
    !command.ends_with("echo \"n\" || echo \"y\"") && (text.is_none() || first == Some(number))
}

#[test]
fn what_is_known_of_a_real_tree_is_found_again() {
    let Some(tree) = support::linux_tree() else { return };
    let dialect = dialect(&tree);
    if !dialect.choices_are_menus() {
        eprintln!("SKIPPED: the tree is not as new as what is known of it");
        return;
    }
    let model = model(&tree, dialect, "x86");
    with_stack(|| {
        let mut logic = Logic::new(&model);
        let on = |logic: &Logic<'_>, name: &str| {
            let symbol = logic.find(name).unwrap_or_else(|| panic!("{name}"));
            logic.value_at_least(symbol, Tristate::Mod)
        };
        let (device, vmemmap) = (on(&logic, "ZONE_DEVICE"), on(&logic, "SPARSEMEM_VMEMMAP"));
        assert_eq!(logic.possible(&[device]), Answer::Possible);
        assert!(logic.implies(&[device], vmemmap), "seed: ZONE_DEVICE needs SPARSEMEM_VMEMMAP");
        let proof = logic.proof(&[device, !vmemmap]).unwrap();
        assert!((1..10).contains(&proof.len()), "{proof:?}");
        assert!(proof.iter().all(|fact| fact.place.is_some()), "{proof:?}");
        // The other way round there is no such thing.
        assert_eq!(logic.possible(&[vmemmap, !device]), Answer::Possible);
        let (smp, up) = (on(&logic, "X86_64"), on(&logic, "X86_32"));
        assert_eq!(logic.possible(&[smp, up]), Answer::Impossible);
    })
    .unwrap();
}

/// Random configurations of a real tree satisfy the clauses, and turn on most of what can be on: they
/// would refute most wrong claims.
#[test]
fn random_configurations_of_a_real_tree_are_against_most_wrong_claims() {
    let Some(tree) = support::linux_tree() else { return };
    let model = model(&tree, dialect(&tree), "arm64");
    let (seen, off, live, configurations) = with_stack(|| {
        let mut logic = Logic::new(&model);
        let symbols = (3..model.symbols.len() as u32).map(SymbolId::new);
        let on: Vec<_> = symbols
            .map(|symbol| logic.value_at_least(symbol, Tristate::Mod))
            .filter(|on| !on.is_constant())
            .collect();
        let each = |negated: bool| on.iter().map(move |on| vec![if negated { !*on } else { *on }]);
        let possible = |logic: &mut Logic<'_>, negated| {
            let answers = logic.each(&each(negated).collect::<Vec<_>>());
            answers.into_iter().filter(|answer| *answer == Answer::Possible).count()
        };
        let live = [possible(&mut logic, false), possible(&mut logic, true)];
        let sample = Sample::new(&mut logic, 1, 40);
        assert_eq!(sample.contradictions, []);
        let count = |negated| each(negated).filter(|lits| sample.refutes(lits).is_some()).count();
        (count(false), count(true), live, sample.len())
    })
    .unwrap();
    eprintln!(
        "{configurations} configurations: on {seen} of {}, off {off} of {}",
        live[0], live[1]
    );
    assert_eq!(configurations, 40);
    assert!(live[0] > 10_000 && seen <= live[0] && off <= live[1], "{live:?}");
    assert!(seen * 10 > live[0] * 8 && off * 10 > live[1] * 9, "too few options change");
}
