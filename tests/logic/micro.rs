//! The micro-cases of `conf`, in both dialects: what each run configures, and random ones.

use std::path::{Path, PathBuf};

use hmmsize::kconf::build::build;
use hmmsize::kconf::dialect::Dialect;
use hmmsize::kconf::eval::State;
use hmmsize::kconf::model::{Model, Type};
use hmmsize::kconf::modes::{self, Goal, Settings};
use hmmsize::kconf::probe::Probe;
use hmmsize::kconf::read::Reading;
use hmmsize::kconf::source::Sources;
use hmmsize::logic::Logic;

use super::case::Case;
use super::support;

/// Fewer configurations mean that cases were lost.
const MIN_CONFIGURATIONS: usize = 16_000;

#[test]
fn every_configuration_of_the_micro_cases_satisfies_the_clauses() {
    let mut checked = 0;
    let mut names: Vec<PathBuf> = std::fs::read_dir(support::fixtures("kconf/micro"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    for path in names {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case = Case::read(&name, &std::fs::read_to_string(&path).unwrap());
        for dialect in [Dialect::new(6, 1), Dialect::new(6, 12), Dialect::new(4, 14)] {
            let version = format!("{}.{}", dialect.version, dialect.patchlevel);
            let meant = case.versions.is_empty() || case.versions.contains(&version);
            if meant {
                checked += configurations(&name, &case, dialect);
            }
        }
    }
    eprintln!("{checked} configurations of micro-cases");
    assert!(checked >= MIN_CONFIGURATIONS, "only {checked} configurations");
}

fn configurations(name: &str, case: &Case, dialect: Dialect) -> usize {
    let dir = support::scratch();
    for (file, bytes) in &case.files {
        let file = dir.path().join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    let sources = Sources::new(dir.path(), dialect);
    let get = |key: &str| {
        let run = case.runs.first()?;
        let given = run.env.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
        given.or_else(|| (key == "srctree").then(|| dir.path().to_string_lossy().into_owned()))
    };
    let sources = |name: &str| sources.get(name);
    // A probe says whatever its command says as a text.
    let mut probe = Probe::Run(Box::new(|command: &[u8]| {
        Ok(command.strip_prefix(b"echo ").unwrap_or(b"y").to_vec())
    }));
    let model = build(&sources, "Kconfig", &get, &mut probe, dialect);
    drop(probe);
    if model.failed() {
        return 0;
    }
    let mut logic = Logic::new(&model);
    let mut checked = 0;
    let mut check = |state: &mut State<'_>, what: &str| {
        let wrong = logic.contradiction(state);
        assert!(wrong.is_none(), "{name} ({dialect:?}), {what}: {wrong:?}");
        checked += 1;
    };
    for run in &case.runs {
        let mut state = State::new(&model);
        state.read(b".config", run.config.as_deref().unwrap_or_default(), Reading::default());
        check(&mut state, &format!("line {}", run.line));
    }
    for goal in [Goal::AllYes, Goal::AllMod, Goal::AllNo, Goal::AllDef] {
        let mut state = State::new(&model);
        let _ = modes::run(&mut state, &goal, &Settings::default(), &nothing);
        check(&mut state, &format!("{goal:?}"));
    }
    for seed in 0..40 {
        let mut state = State::new(&model);
        let settings = Settings { seed, ..Settings::default() };
        let _ = modes::run(&mut state, &Goal::Random, &settings, &nothing);
        check(&mut state, &format!("seed {seed}"));
        let config = wild(&model, seed);
        let mut state = State::new(&model);
        state.read(b".config", &config, Reading::default());
        check(&mut state, &String::from_utf8_lossy(&config));
    }
    checked
}

#[allow(clippy::unnecessary_wraps, reason = "the type is that of a reader")]
fn nothing(_: &Path) -> Result<Option<Vec<u8>>, String> {
    Ok(None)
}

/// A `.config` that sets anything to anything, whether or not it is allowed.
fn wild(model: &Model, seed: u32) -> Vec<u8> {
    let mut state = u64::from(seed) * 2 + 1;
    let mut draw = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut config = Vec::new();
    for symbol in &model.symbols {
        if symbol.constant || symbol.is_choice || symbol.menus.is_empty() || draw(4) == 0 {
            continue;
        }
        let value = match symbol.ty {
            Type::Bool | Type::Tristate => ["n", "m", "y", "y"][draw(4) as usize].to_owned(),
            Type::Int => (draw(300) as i64 - 20).to_string(),
            Type::Hex => format!("{:#x}", draw(300)),
            _ => ["\"\"", "\"a\"", "\"x\"", "\"12\""][draw(4) as usize].to_owned(),
        };
        config.extend_from_slice(
            &[b"CONFIG_", &*symbol.name, b"=", value.as_bytes(), b"\n"].concat(),
        );
    }
    config
}
