//! Small Kconfig trees, each through the kernel's own `conf` of 6.1 and 6.12 and through ours.
//!
//! The cases are in fixtures/kconf/micro; nothing in them is an expected output. What a case claims
//! about `conf` is checked against the real one, and what `conf` writes, says and returns is what we
//! have to. `HMMSIZE_MICRO=name` runs only the cases whose names contain that.

#[path = "kconf_micro/case.rs"]
mod case;
#[path = "kconf_micro/conf.rs"]
mod conf;
mod support;

use std::fs;

use case::Case;

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

/// What every case claims about `conf` is so.
#[test]
fn conf_does_what_the_cases_claim() {
    let programs = conf::programs();
    for version in ["6.1", "6.12"] {
        if !programs.contains_key(version) {
            assert!(!support::ci(), "CI needs conf of {version} (cargo xtask setup builds it)");
            eprintln!("SKIPPED in part: no conf of {version} (cargo xtask setup builds it)");
        }
    }
    let show = std::env::var_os("HMMSIZE_MICRO_SHOW").is_some();
    let mut wrong = Vec::new();
    let mut runs = 0;
    for (name, case) in &cases() {
        for (version, program) in &programs {
            let meant = if case.versions.is_empty() {
                ["6.1", "6.12"].contains(&version.as_str())
            } else {
                case.versions.contains(version)
            };
            if !meant {
                continue;
            }
            for run in &case.runs {
                let outcome = conf::conf(program, case, run);
                runs += 1;
                if show {
                    let config = outcome.config.as_deref().map(String::from_utf8_lossy);
                    println!(
                        "=== {name}:{} {} on {version}: {:?}\n{}{}{}",
                        run.line,
                        run.target,
                        outcome.code,
                        outcome.stdout,
                        outcome.stderr,
                        config.unwrap_or_default()
                    );
                }
                for claim in conf::refuted(&run.claims, version, &outcome) {
                    wrong.push(format!("{name}:{}: conf of {version}: not so: {claim}", run.line));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let filtered = std::env::var_os("HMMSIZE_MICRO").is_some();
    assert!(filtered || programs.len() < 2 || runs >= MIN_RUNS, "only {runs} runs");
    eprintln!("{runs} runs of conf");
}
