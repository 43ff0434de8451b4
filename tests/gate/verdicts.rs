//! Every outcome and its exit code, and which wins.

use serde_json::json;

use super::{Case, TIGHT, WIDE, cell};

#[test]
fn a_run_within_its_limits_passes() {
    let ran = Case::complete(WIDE, |_| ()).gate("run.json --policy p.toml");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.starts_with("gate: PASS\n"), "{}", ran.out);
    assert!(ran.out.contains("3 judgements: 3 pass"), "{}", ran.out);
}

#[test]
fn a_run_over_a_limit_fails_with_1_and_names_the_cell() {
    let ran = Case::complete(TIGHT, |_| ()).gate("run.json --policy p.toml");
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("over: tight: arm64 with: payload +38,304, limit +36,864"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("over: tight: x86_64"));
}

#[test]
fn each_trouble_of_a_cell_is_3_and_with_bisect_125_and_never_a_pass() {
    for status in [
        json!({"state": "failed", "reason": "cc1 died"}),
        json!({"state": "skipped", "reason": "no gcc", "package": null}),
        json!({"state": "dropped", "reason": "ZONE_DEVICE is n"}),
        json!({"state": "pending"}),
        // Claims to be built and has no sizes.
        json!({"state": "built"}),
        // Claims to equal a cell that does not exist.
        json!({"state": "identical", "of": "nowhere"}),
    ] {
        let case = Case::complete(WIDE, |run| {
            let cell = cell(run, "x86_64", "with");
            cell["status"] = status.clone();
            cell["measured"] = json!(null);
        });
        for (args, code) in [("", 3), (" --bisect", 125)] {
            let ran = case.gate(&format!("run.json --policy p.toml{args}"));
            assert_eq!(ran.code, code, "{status}\n{}", ran.out);
            assert!(ran.out.contains("missing: x86_64 with"), "{status}\n{}", ran.out);
        }
    }
}

#[test]
fn a_cell_that_no_rule_asks_about_may_not_have_failed_either() {
    let policy = "[[limit]]\narch = \"arm64\"\nvariant = \"with\"\nmax-growth = \"1 MiB\"\n";
    let case = Case::complete(policy, |run| {
        let cell = cell(run, "x86_64", "without");
        cell["status"] = json!({"state": "failed", "reason": "x"});
    });
    assert_eq!(case.gate("run.json --policy p.toml").code, 3);
    assert_eq!(case.gate("run.json --policy p.toml --arch arm64").code, 0);
}

#[test]
fn a_cell_without_its_counterpart_is_missing() {
    let case = Case::complete(WIDE, |run| {
        let cells = run["cells"].as_array_mut().unwrap();
        cells.retain(|cell| !(cell["arch"] == "arm64" && cell["variant"] == "without"));
    });
    let ran = case.gate("run.json --policy p.toml");
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(ran.out.contains("no cell of variant without"), "{}", ran.out);
}

#[test]
fn what_differs_in_more_than_the_code_is_not_comparable() {
    for (key, value) in [
        ("compiler", json!("gcc (Debian 14.1.0-5) 14.1.0")),
        ("linker", json!("LLD 18.1.0")),
        ("base_config", json!("defconfig")),
        ("target", json!({"kind": "scope", "path": "mm/"})),
        ("labels", json!(["quiet"])),
    ] {
        let case = Case::complete(WIDE, |run| cell(run, "x86_64", "with")[key] = value.clone());
        let ran = case.gate("run.json --policy p.toml");
        assert_eq!(ran.code, 2, "{key}\n{}", ran.out);
        assert!(ran.out.starts_with("gate: NOT COMPARABLE"), "{key}\n{}", ran.out);
    }
}

#[test]
fn a_compiler_called_by_another_name_is_the_same_compiler() {
    let case = Case::complete(WIDE, |run| {
        cell(run, "x86_64", "with")["compiler"] =
            json!("x86_64-linux-gnu-gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0");
    });
    assert_eq!(case.gate("run.json --policy p.toml").code, 0);
}

#[test]
fn payloads_of_two_kinds_or_none_are_not_compared() {
    for payload in [json!({"bytes": 3_282_335, "kind": "estimated"}), json!(null)] {
        let case = Case::complete(WIDE, |run| {
            cell(run, "x86_64", "with")["measured"]["payload"] = payload.clone();
        });
        let ran = case.gate("run.json --policy p.toml");
        assert_eq!(ran.code, 2, "{payload}\n{}", ran.out);
    }
    // dec does not mind.
    let dec = "[[limit]]\nmeasure = \"dec\"\nmax-growth = \"40 KiB\"\n";
    let case = Case::complete(dec, |run| {
        cell(run, "x86_64", "with")["measured"]["payload"] = json!(null);
    });
    assert_eq!(case.gate("run.json --policy p.toml").code, 0);
}

#[test]
fn not_comparable_ranks_over_incomplete_over_budget() {
    let fail = |arch: &'static str| {
        move |run: &mut serde_json::Value| {
            cell(run, arch, "with")["status"] = json!({"state": "failed", "reason": "x"});
        }
    };
    let case = Case::complete(TIGHT, fail("x86_64"));
    let ran = case.gate("run.json --policy p.toml");
    assert_eq!(ran.code, 3, "incomplete over budget");
    assert!(
        ran.out.contains("over: tight: arm64"),
        "what is over is said all the same: {}",
        ran.out
    );

    let case = Case::complete(TIGHT, |run| {
        fail("x86_64")(run);
        cell(run, "arm", "with")["compiler"] = json!("gcc (other) 9");
        cell(run, "arm", "with")["status"] = json!({"state": "built"});
    });
    let ran = case.gate("run.json --policy p.toml");
    assert_eq!(ran.code, 2, "not comparable over incomplete\n{}", ran.out);
    assert_eq!(case.gate("run.json --policy p.toml --bisect").code, 2);
}

#[test]
fn an_empty_run_and_an_idle_rule_are_no_pass() {
    let case = Case::complete(WIDE, |run| run["cells"] = json!([]));
    let ran = case.gate("run.json --policy p.toml");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("has no cells"), "{}", ran.err);

    for (policy, code, words) in [
        ("off-costs-nothing = true\n", 2, "needs two sources"),
        ("[[limit]]\nvariant = \"wiht\"\nmax-growth = 1\n", 2, "no cell of variant wiht"),
        ("[[limit]]\narch = [\"arm64\", \"mips\"]\nmax-growth = \"1 MiB\"\n", 3, "no cell of mips"),
        ("[[limit]]\nagainst = \"source\"\nmax-growth = 1\n", 2, "judged nothing"),
    ] {
        let ran = Case::complete(policy, |_| ()).gate("run.json --policy p.toml");
        assert_eq!(ran.code, code, "{policy}\n{}", ran.out);
        assert!(ran.out.contains(words), "{policy}\n{}", ran.out);
    }
    let ran = Case::complete(WIDE, |_| ()).gate("run.json --policy p.toml --arch arm,s390");
    assert_eq!(ran.code, 3, "an architecture that --arch names is missing\n{}", ran.out);
}

#[test]
fn off_costs_nothing_insists_on_knowing_where_the_option_is_off() {
    let case = Case::complete("off-costs-nothing = true\n", |run| {
        run["baseline_variant"] = json!(null);
        let mut heads = run["cells"].as_array().unwrap().clone();
        for head in &mut heads {
            head["source"]["label"] = json!("head");
            head["id"] = json!(head["id"].as_str().unwrap().replace("linux", "head"));
            if head["status"]["state"] == "identical" {
                head["status"] = json!({"state": "built"});
            }
        }
        run["cells"].as_array_mut().unwrap().extend(heads);
    });
    let ran = case.gate("run.json --policy p.toml");
    assert_eq!(ran.code, 2, "{}", ran.out);
    case.write("p.toml", "[off-costs-nothing]\nvariant = \"without\"\n");
    let ran = case.gate("run.json --policy p.toml");
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("3 judgements: 3 pass"), "{}", ran.out);
}

#[test]
fn impossible_is_a_result_but_not_a_judgement() {
    let case = Case::complete(WIDE, |run| {
        let cell = cell(run, "arm", "with");
        cell["status"] = json!({"state": "impossible", "reason": "arm has no DEVMAP"});
        cell["measured"] = json!(null);
    });
    let ran = case.gate("run.json --policy p.toml");
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("impossible: arm has no DEVMAP"), "{}", ran.out);
    let ran = case.gate("run.json --policy p.toml --arch arm");
    assert_eq!(ran.code, 2, "an impossible cell alone judges nothing\n{}", ran.out);
}

#[test]
fn limits_are_bytes_percent_or_absolute_on_any_quantity() {
    for (limit, code) in [
        ("measure = \"text\"\nmax-growth = 29440", 0),
        ("measure = \"text\"\nmax-growth = 29439", 1),
        ("measure = \"bss\"\nmax-growth = \"1.33%\"", 0),
        ("measure = \"bss\"\nmax-growth = \"1.32%\"", 1),
        ("measure = \"dec\"\nmax = 6557100", 0),
        ("measure = \"dec\"\nmax = 6557099", 1),
        ("class = \"code\"\nmax-growth = 31868", 0),
        ("class = \"code\"\nmax-growth = 31867", 1),
        // Only without, which is nobody's head: absolute limits are about every cell.
        ("variant = \"without\"\nmeasure = \"bss\"\nmax = 1384447\narch = \"x86_64\"", 1),
    ] {
        let policy = format!("[[limit]]\n{limit}\n");
        let ran = Case::complete(&policy, |_| ()).gate("run.json --policy p.toml");
        assert_eq!(ran.code, code, "{limit}\n{}{}", ran.out, ran.err);
    }
}

#[test]
fn what_is_within_the_noise_is_marked_and_excused_only_where_the_policy_says_so() {
    let noisy = |run: &mut serde_json::Value| {
        cell(run, "arm64", "with")["measured"]["noise"] = json!(38_304);
    };
    let case = Case::complete(TIGHT, noisy);
    let ran = case.gate("run.json --policy p.toml");
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("~+38,304") && ran.out.contains("within the recorded noise"),
        "{}",
        ran.out
    );
    let case = Case::complete(&format!("{TIGHT}allow-noise = true\n"), noisy);
    assert_eq!(case.gate("run.json --policy p.toml").code, 0);
}

#[test]
fn another_variant_or_source_can_be_the_base() {
    let case = Case::complete(WIDE, |run| run["baseline_variant"] = json!(null));
    assert_eq!(case.gate("run.json --policy p.toml").code, 2, "nothing to hold against");
    let ran = case.gate("run.json --policy p.toml --against-variant without");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    // The other way round, everything shrank.
    let shrink = case.gate("run.json --policy p.toml --against-variant with");
    assert!(shrink.code == 0 && shrink.out.contains("-34,410"), "{}", shrink.out);
    let ran = case.gate("run.json --policy p.toml --against-variant wiht");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("there are without, with"), "{}", ran.err);
}

#[test]
fn a_scope_is_judged_as_such() {
    let scope = |run: &mut serde_json::Value| {
        for cell in run["cells"].as_array_mut().unwrap() {
            cell["target"] = json!({"kind": "scope", "path": "mm/"});
            cell["labels"] = json!(["scope mm/"]);
            if !cell["measured"].is_null() {
                cell["measured"]["payload"] = json!(null);
            }
        }
    };
    let ran = Case::complete(WIDE, scope).gate("run.json --policy p.toml");
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("scope mm/"), "{}", ran.out);
    let ran =
        Case::complete("[[limit]]\nmax-growth = 34387\n", scope).gate("run.json --policy p.toml");
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("dec of mm/ +34,388"), "{}", ran.out);
}
