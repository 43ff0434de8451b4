//! `hmmsize plan`: the cells of a matrix dealt out to jobs.

use std::collections::BTreeSet;

use hmmsize::model::shards::{Origin, Shards};
use serde_json::Value;

use super::support::schema;
use super::support::small::{Place, said};

const MATRIX: &[&str] = &["-C", "linux", "--option=ZONE_DEVICE", "--base-config=tinyconfig"];

fn ask(place: &Place, code: i32, words: &[&str]) -> String {
    place.ask(code, &[&["plan"], MATRIX, words].concat())
}

fn cells(entries: &[Value], key: &str) -> BTreeSet<String> {
    let lists = entries.iter().map(|entry| entry[key].as_str().unwrap().to_owned());
    let cells: Vec<String> =
        lists.flat_map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
    let set: BTreeSet<String> = cells.iter().cloned().collect();
    assert_eq!(set.len(), cells.len(), "no cell twice");
    set
}

#[test]
fn json_says_what_each_cell_is_expected_to_cost() {
    let Some(place) = Place::new() else { return };
    let fragment = "--fragment=reach.config";
    let text = ask(&place, 0, &["--arch=x86_64", fragment]);
    let value: Value = serde_json::from_str(&text).unwrap();
    let rules: Value =
        serde_json::from_str(include_str!("../../src/schema/plan.schema.json")).unwrap();
    schema::valid(&rules, &rules, &value, "$").unwrap();
    let plan: Shards = serde_json::from_value(value).unwrap();
    assert_eq!(plan.shards.len(), 2, "a cell each");
    assert!(
        plan.costs
            .iter()
            .all(|cost| cost.from == Origin::Measured && (cost.cpu_s - 174.0).abs() < 0.1)
    );
    // Without the fragment ZONE_DEVICE is n in both: foreseen to be one.
    let text = ask(&place, 0, &["--arch=x86_64"]);
    let plan: Shards = serde_json::from_str(&text).unwrap();
    assert_eq!(plan.shards.len(), 1, "{text}");
    assert_eq!(plan.costs[1].same_as.as_deref(), Some("x86_64/linux/without"));
    assert_eq!((plan.costs[1].from, plan.costs[1].cpu_s), (Origin::Same, 0.0));
    // What was counted before is known by its objects.
    let build = ["build", "--arch=x86_64", fragment, "O=out"];
    let output = place.command(&[&build, MATRIX].concat()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let run: hmmsize::model::run::Run =
        serde_json::from_slice(&std::fs::read(place.path("out/run.json")).unwrap()).unwrap();
    let forecasts = place.path("cache/hmmsize/forecasts");
    std::fs::create_dir_all(&forecasts).unwrap();
    for (cell, objects) in run.cells.iter().zip(["100", "200"]) {
        let digest = &cell.config_digest.as_ref().unwrap()[..32];
        std::fs::write(forecasts.join(format!("x86_64-{digest}-vmlinux")), objects).unwrap();
    }
    let text = ask(&place, 0, &["--arch=x86_64", fragment]);
    let plan: Shards = serde_json::from_str(&text).unwrap();
    let costs = plan.costs.iter().map(|cost| (cost.from, cost.objects, cost.cpu_s));
    // 174 CPU seconds for 531 objects.
    let want = [(Origin::Counted, Some(100), 32.8), (Origin::Counted, Some(200), 65.5)];
    assert_eq!(costs.collect::<Vec<_>>(), want, "the engine foresees the very configuration");
}

#[test]
fn github_and_gitlab_get_all_cells_and_no_more_jobs_than_they_run() {
    let Some(place) = Place::new() else { return };
    let matrix = ["--arch=x86_64,arm", "--fragment=reach.config"];
    let text = ask(&place, 0, &[&matrix[..], &["--format=github", "--shards=3"]].concat());
    assert_eq!(text.lines().count(), 1, "fits into $GITHUB_OUTPUT");
    let value: Value = serde_json::from_str(&text).unwrap();
    let entries = value["include"].as_array().unwrap();
    let all: BTreeSet<String> = ["arm", "x86_64"]
        .iter()
        .flat_map(|arch| ["with", "without"].map(|variant| format!("{arch}/linux/{variant}")))
        .collect();
    assert_eq!(cells(entries, "cells"), all);
    assert!(entries.len() <= 3 && entries[0]["shard"].as_str().unwrap().starts_with("1-of-"));
    let text = ask(&place, 0, &[&matrix[..], &["--format=gitlab"]].concat());
    assert!(text.starts_with(
        "hmmsize:\n  extends: .hmmsize\n  parallel:\n    matrix:\n      - SHARD: \"1-of-"
    ));
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("CELLS: "));
    let lists: Vec<Value> =
        lines.map(|list| serde_json::json!({"cells": list.trim_matches('"')})).collect();
    assert_eq!(cells(&lists, "cells"), all);
    for (words, most) in
        [(["--format=github", "--shards=257"], 256), (["--format=gitlab", "--shards=201"], 200)]
    {
        let output = place.command(&[&["plan"], MATRIX, &words].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains(&format!("runs at most {most} jobs")), "{}", said(&output));
    }
}

#[test]
fn the_shards_of_a_plan_are_merged_into_what_one_build_writes() {
    let Some(place) = Place::new() else { return };
    let matrix = ["--arch=x86_64", "--fragment=reach.config"];
    let text = ask(&place, 0, &[&matrix[..], &["--format=github", "--shards=2"]].concat());
    let value: Value = serde_json::from_str(&text).unwrap();
    let build = |words: &[&str]| {
        let output =
            place.command(&[&["build"], MATRIX, &matrix, words].concat()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    };
    build(&["O=whole"]);
    for entry in value["include"].as_array().unwrap() {
        let cells = format!("--cells={}", entry["cells"].as_str().unwrap());
        build(&["O=shards", &cells]);
    }
    let entries = std::fs::read_dir(place.path("shards")).unwrap().flatten();
    let parts: Vec<String> = entries
        .map(|entry| entry.path().display().to_string())
        .filter(|path| path.contains("/part-"))
        .collect();
    assert_eq!(parts.len(), 2);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    place.ask(0, &[&["merge", "-o", "shards/run.json"], &parts[..]].concat());
    let read = |name: &str| {
        let text = std::fs::read(place.path(name)).unwrap();
        let mut run: hmmsize::model::run::Run = serde_json::from_slice(&text).unwrap();
        run.command.retain(|word| !word.starts_with("O="));
        for cell in &mut run.cells {
            (cell.wall_s, cell.cpu_s) = (0.0, 0.0);
            // How it was built: a part has no other variant's tree to build on.
            (cell.forecast, cell.objects) = (None, None);
        }
        run
    };
    assert_eq!(read("shards/run.json"), read("whole/run.json"));
}
