//! Planted alarms: whoever is asked refutes them, and they are not printed. `conf` is a small program
//! of ours here; tests/lint has the kernel's.

use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::cli::common::Color;
use crate::commands::lint::load::{What, load};
use crate::lint::{Needs, rules};

const KCONFIG: &str = "config CORE\n\tbool \"core\"\n\nconfig HELPER\n\tbool\n\tdepends on CORE\n\n\
                       config DRIVER\n\tbool \"driver\"\n\tselect HELPER\n";

/// A `conf` that warns if the configuration has `has`.
fn conf(has: &str) -> String {
    format!(
        r#"#include <stdio.h>
#include <string.h>
int main(void) {{
	char line[256];
	FILE *f = fopen(".config", "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strcmp(line, "{has}\n"))
			fprintf(stderr, "\nWARNING: unmet direct dependencies detected for HELPER\n"
				"  Depends on [n]: CORE [=n]\n  Selected by [y]:\n  - DRIVER [=y]\n");
	return 0;
}}
"#
    )
}

/// What stands of K101 in a tree with such a `conf`, where each finding's witness is `witness`.
fn stands(conf_c: &str, witness: &[(&str, &str)]) -> Vec<Verified> {
    let dir = tempfile::tempdir().unwrap();
    let sources = dir.path().join("scripts/kconfig");
    fs::create_dir_all(&sources).unwrap();
    fs::write(sources.join("conf.c"), conf_c).unwrap();
    fs::write(dir.path().join("Kconfig"), KCONFIG).unwrap();
    let args = Lint { tree: Some(dir.path().to_owned()), verify_limit: 1, ..Lint::default() };
    let what = (What::default(), Needs::KCONFIG);
    let tree = load(&args, false, what, &mut Vec::new()).unwrap();
    let rules: Vec<&'static Rule> = rules::find("K101").into_iter().collect();
    let (mut findings, _) = crate::lint::run(&tree, &rules).unwrap();
    assert_eq!(findings.len(), 1);
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    findings[0].witness = Some(witness.iter().map(owned).collect::<BTreeMap<_, _>>());
    let common =
        Common { quiet: 0, verbose: 0, color: Color::Never, time: false, jobs: None, output: None };
    let left = run(&common, &args, (&tree, &rules), findings).unwrap();
    assert!(!dir.path().join(".config").exists() && !sources.join("conf").exists());
    left.into_iter().map(|finding| finding.verified).collect()
}

#[test]
fn a_witness_that_conf_warns_about_is_confirmed() {
    assert_eq!(stands(&conf("CONFIG_DRIVER=y"), &[("DRIVER", "y")]), [Verified::Conf]);
}

#[test]
fn an_alarm_with_a_wrong_witness_is_refuted_and_not_printed() {
    let wrong = [("CORE", "y"), ("DRIVER", "y")];
    assert_eq!(stands(&conf("no such line"), &wrong), []);
}

#[test]
fn an_alarm_that_only_we_raise_is_refuted_and_not_printed() {
    assert_eq!(stands(&conf("no such line"), &[("DRIVER", "y")]), []);
}

#[test]
fn a_conf_that_cannot_be_built_or_fails_decides_nothing() {
    let witness = [("DRIVER", "y")];
    assert_eq!(stands("int main(void) { return x; }\n", &witness), [Verified::Evaluator]);
    assert_eq!(stands("int main(void) { return 3; }\n", &witness), [Verified::Evaluator]);
}
