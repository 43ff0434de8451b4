//! Small Kconfig trees, each through the kernel's own `conf` of 6.1 and 6.12 and through ours.
//!
//! The cases are in fixtures/kconf/micro; nothing in them is an expected output. What a case claims
//! about `conf` is checked against the real one, and what `conf` writes, says and returns is what we
//! have to. `HMMSIZE_MICRO=name` runs only the cases whose names contain that.

#[path = "kconf_micro/case.rs"]
mod case;
#[path = "kconf_micro/conf.rs"]
mod conf;
#[path = "kconf_micro/ours.rs"]
mod ours;
#[path = "kconf_micro/parse.rs"]
mod parse;
mod support;
#[path = "kconf_micro/why.rs"]
mod why;

use std::fs;

use case::{Case, Run};
use conf::Outcome;

/// Fewer runs of a `conf` than this mean that cases or programs are missing.
const MIN_RUNS: usize = 700;

/// The cases, by name.
fn cases() -> Vec<(String, Case)> {
    let only = std::env::var("HMMSIZE_MICRO").unwrap_or_default();
    let mut cases = Vec::new();
    for entry in fs::read_dir(support::fixtures("kconf/micro")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.contains(&only) {
            let text = fs::read_to_string(&path).unwrap();
            cases.push((name.clone(), Case::read(&name, &text)));
        }
    }
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(!cases.is_empty());
    cases
}

/// A call of `conf`, and the version it is of.
struct Call<'a> {
    name: &'a str,
    case: &'a Case,
    run: &'a Run,
    version: &'a str,
    theirs: Outcome,
}

/// Runs every case with every `conf` it is meant for.
fn calls(work: &mut dyn FnMut(Call<'_>)) -> usize {
    let programs = conf::programs();
    for version in ["6.1", "6.12"] {
        if !programs.contains_key(version) {
            assert!(!support::ci(), "CI needs conf of {version} (cargo xtask setup builds it)");
            eprintln!("SKIPPED in part: no conf of {version} (cargo xtask setup builds it)");
        }
    }
    let mut runs = 0;
    for (name, case) in &cases() {
        for (version, program) in &programs {
            let meant = if case.versions.is_empty() {
                ["6.1", "6.12"].contains(&version.as_str())
            } else {
                case.versions.contains(version)
            };
            for run in case.runs.iter().filter(|_| meant) {
                let theirs = conf::conf(program, case, run);
                runs += 1;
                work(Call { name, case, run, version, theirs });
            }
        }
    }
    let filtered = std::env::var_os("HMMSIZE_MICRO").is_some();
    assert!(filtered || programs.len() < 2 || runs >= MIN_RUNS, "only {runs} runs");
    runs
}

/// What every case claims about `conf` is so.
#[test]
fn conf_does_what_the_cases_claim() {
    let show = std::env::var_os("HMMSIZE_MICRO_SHOW").is_some();
    let mut wrong = Vec::new();
    let runs = calls(&mut |call| {
        let Call { name, run, version, theirs, .. } = &call;
        if show {
            let config = theirs.config.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            println!("=== {name}:{} {} on {version}: {:?}", run.line, run.target, theirs.code);
            println!("{}{}{config}", theirs.stdout, theirs.stderr);
        }
        for claim in conf::refuted(&run.claims, version, theirs) {
            wrong.push(format!("{name}:{}: conf of {version}: not so: {claim}", run.line));
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("{runs} runs of conf");
}

/// What `conf` writes, says and returns is what we do.
#[test]
fn we_do_what_conf_does() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    calls(&mut |call| {
        let Call { name, case, run, version, theirs } = call;
        let ours = ours::ours(version, case, run);
        compared += 1;
        let place = format!("{name}:{} {} on {version}", run.line, run.target);
        wrong.extend(differences(&theirs, &ours).map(|text| format!("=== {place}: {text}")));
    });
    assert!(wrong.is_empty(), "{}\n{} of {compared} differ", wrong.join("\n"), wrong.len());
    eprintln!("{compared} runs compared");
}

/// What differs between what `conf` did and what we did.
fn differences(theirs: &Outcome, ours: &Outcome) -> Option<String> {
    let text = |config: &Option<Vec<u8>>| match config {
        Some(config) => String::from_utf8_lossy(config).into_owned(),
        None => "nothing was written".to_owned(),
    };
    // Where an input file is missing, conf shouts (`*** Can't …`) and we do not.
    let shouts = theirs.code == Some(1) && theirs.stderr.contains("***");
    let failed = |outcome: &Outcome| outcome.code != Some(0);
    if failed(theirs) != failed(ours) {
        Some(format!("exit {:?}, ours {:?}\n{}", theirs.code, ours.code, ours.stderr))
    } else if theirs.config != ours.config {
        Some(format!("wrote\n{}ours\n{}", text(&theirs.config), text(&ours.config)))
    } else if theirs.stderr != ours.stderr && !shouts {
        Some(format!("said\n{}ours\n{}", theirs.stderr, ours.stderr))
    } else if theirs.stdout != ours.stdout {
        Some(format!("printed\n{}ours\n{}", theirs.stdout, ours.stdout))
    } else {
        None
    }
}

/// Every tree that `conf` reads is read alike, and every tree that it rejects is rejected with its
/// messages.
#[test]
fn what_conf_says_while_parsing_is_what_we_say() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    calls(&mut |call| {
        let Call { name, case, run, version, theirs } = call;
        compared += 1;
        let difference = parse::difference(case, run, version, &theirs);
        wrong
            .extend(difference.map(|text| format!("=== {name}:{} on {version}\n{text}", run.line)));
    });
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    eprintln!("{compared} trees read like conf");
}
