//! `hmmsize cost` from end to end, on the small Kbuild-shaped tree with real make, compilers and
//! linkers: what each option owns, what goes without it, and how far that was off.

mod support;

use std::fs;
use std::path::Path;

use hmmsize::model::cost::{Build, OptionCost, Report};
use hmmsize::model::run::{Cell, Run};
use support::small::Place;

/// Options that a kernel with everything in it has, beside those that make them reachable.
const OPTIONS: &str = "CONFIG_ZONE_DEVICE=y\nCONFIG_DEVICE_PRIVATE=y\nCONFIG_TEST_HMM=y\n";

/// A kernel of the small tree, built into `out`.
fn built() -> Option<Place> {
    let place = Place::new()?;
    fs::write(place.path("more.config"), OPTIONS).unwrap();
    let words = ["build", "-C", "linux", "O=out", "--arch=x86_64", "--base-config=tinyconfig"];
    let fragments = ["--fragment=reach.config", "--fragment=more.config"];
    place.ask(0, &[&words[..], &fragments].concat());
    Some(place)
}

fn report(place: &Place, words: &[&str]) -> Report {
    let words = [&["cost", "-C", "linux", "--format=json"], words].concat();
    let text = place.ask(0, &words);
    let value = serde_json::from_str(&text).expect("JSON");
    support::schema::check("cost", &value);
    serde_json::from_value(value).unwrap()
}

fn only(report: &Report) -> &Build {
    assert_eq!(report.builds.len(), 1);
    &report.builds[0]
}

fn of<'b>(build: &'b Build, name: &str) -> &'b OptionCost {
    let found = build.options.iter().find(|one| one.option == name);
    found.unwrap_or_else(|| panic!("no {name} in {:#?}", build.options))
}

/// All that is said sums to the payload.
fn is_exact(build: &Build) {
    let own: u64 = build.options.iter().map(|one| one.own).sum();
    assert_eq!(own + build.always + build.unknown, build.payload.bytes);
}

#[test]
fn options_own_what_their_gates_keep_and_take_along_what_kconfig_says() {
    let Some(place) = built() else { return };
    let all = report(&place, &["out/run.json"]);
    let build = only(&all);
    is_exact(build);
    assert_eq!(build.warnings, [""; 0]);
    // What the build itself has measured.
    let run: Run = serde_json::from_slice(&fs::read(place.path("out/run.json")).unwrap()).unwrap();
    let measured = run.cells[0].measured.as_ref().unwrap();
    assert_eq!(Some(build.payload), measured.payload);

    let zone = of(build, "ZONE_DEVICE");
    assert!(zone.own > 0 && zone.removes > Some(zone.own), "{zone:?}");
    assert_eq!((zone.value.as_str(), zone.kept.as_ref()), ("y", None));
    assert!(zone.place.as_ref().unwrap().starts_with("mm/Kconfig:"), "{zone:?}");
    assert!(zone.with.contains(&"DEVICE_PRIVATE".to_owned()), "{zone:?}");
    let mirror = of(build, "HMM_MIRROR");
    assert_eq!((mirror.removes, mirror.kept.as_deref()), (None, Some("selected by TEST_HMM")));
    assert_eq!(of(build, "MMU").kept.as_deref(), Some("no prompt"));
    // It has no code of its own, only what goes with it.
    assert_eq!(of(build, "RUNTIME_TESTING_MENU").own, 0);
    let sorted = |options: &[OptionCost]| options.is_sorted_by(|a, b| a.own >= b.own);
    assert!(sorted(&build.options));

    // Built without each of them.
    let exact = report(&place, &["out/run.json", "--removable", "--exact=20", "O=other"]);
    let exact = only(&exact);
    assert_eq!(exact.warnings, [""; 0]);
    let run = fs::read(place.path("other/exact/run.json")).unwrap();
    let run: Run = serde_json::from_slice(&run).unwrap();
    assert_eq!(run.cells.len(), exact.options.len() + 1);
    assert!(exact.options.len() >= 8, "{:#?}", exact.options);
    let payload = |cell: &Cell| cell.measured.as_ref().unwrap().payload.unwrap().bytes as i64;
    for one in &exact.options {
        let asked =
            |cell: &&Cell| cell.requests.first().is_some_and(|asked| asked.symbol == one.option);
        let cell = run.cells.iter().find(asked).unwrap_or_else(|| panic!("{one:?}"));
        // What make's own conf has changed.
        let mut changed: Vec<&str> =
            cell.dragged_in.iter().map(|change| change.symbol.as_str()).collect();
        changed.sort_unstable();
        let mut told: Vec<&str> = one.with.iter().chain(&one.instead).map(String::as_str).collect();
        told.sort_unstable();
        assert_eq!(told, changed, "{}", one.option);
        assert_eq!(one.exact, Some(build.payload.bytes as i64 - payload(cell)), "{}", one.option);
    }
    // Only objects and guarded functions go: nothing is left to estimate.
    let huge = of(exact, "TRANSPARENT_HUGEPAGE");
    assert_eq!(huge.removes.map(|bytes| bytes as i64), huge.exact);
    assert_eq!(huge.off_by(), Some(0.0));
    // 256 pages have two words less each, which no symbol's gate says.
    let zone = of(exact, "ZONE_DEVICE");
    assert!(zone.exact > zone.removes.map(|bytes| bytes as i64 + 2048), "{zone:?}");
}

#[test]
fn the_sample_of_version_1_is_valid_and_readable() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/cost.v1.json");
    let sample: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    support::schema::check("cost", &sample);
    let report: Report = serde_json::from_value(sample.clone()).unwrap();
    assert!(only(&report).options.iter().any(|one| one.exact.is_some()));
    assert_eq!(serde_json::to_value(report).unwrap(), sample, "nothing is lost");
}

#[test]
fn every_format_says_the_same_and_fits() {
    let Some(place) = built() else { return };
    let words = |format: &'static str| ["cost", "-C", "linux", "out/run.json", "--format", format];
    let table = place.ask(0, &words("table"));
    let wide = table.lines().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None, "{table}");
    let all = report(&place, &["out/run.json"]);
    let build = only(&all);
    let [markdown, csv] = ["markdown", "csv"].map(|format| place.ask(0, &words(format)));
    assert_eq!(csv.lines().count(), build.options.len() + 1);
    for one in &build.options[..5] {
        let own = hmmsize::model::number::grouped(one.own);
        assert!(table.lines().any(|line| line.starts_with(&one.option) && line.contains(&own)));
        assert!(markdown.contains(&format!("| `{}` | {own} |", one.option)), "{markdown}");
        assert!(csv.contains(&format!(",{},y,{},", one.option, one.own)), "{csv}");
    }
    let first =
        |sort| report(&place, &["out/run.json", "--sort", sort]).builds[0].options[0].clone();
    assert_ne!(first("own"), first("removes"));
    assert_eq!(first("removes").option, "MEMORY_HOTPLUG");
    let asked = report(&place, &["out/run.json", "--option=CONFIG_SMP"]);
    assert_eq!(only(&asked).options.len(), 1);
    assert_eq!(only(&asked).always, build.always);

    // The image by itself is the same; without its map, nothing can be said.
    let file = "out/x86_64/linux/default/vmlinux";
    let image = report(&place, &[file]);
    assert_eq!(only(&image).options, build.options);
    fs::remove_file(place.path("out/x86_64/linux/default/vmlinux.map")).unwrap();
    let output = place.command(&["cost", "-C", "linux", file]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = support::small::said(&output);
    assert!(
        said.contains("vmlinux: of no byte it is known") && said.contains("no linker map"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_answered_is_said() {
    let Some(place) = built() else { return };
    let fails = |code: i32, words: &[&str], sentence: &str| {
        let words = [&["cost"], words].concat();
        let output = place.command(&words).output().unwrap();
        let said = support::small::said(&output);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        assert!(said.contains(sentence), "{words:?}: {said}");
        assert!(output.stdout.is_empty(), "{words:?}: {said}");
    };
    fails(2, &["out/run.json"], "no kernel tree here");
    fails(2, &["-C", "linux", "out/run.json", "--arch=arm64"], "has no kernel");
    fails(2, &["-C", "linux", "linux/Makefile"], "linux/Makefile");
    fails(2, &["-C", "linux", "a", "b"], "one run.json");
    let object = first_object(&place.path("out"));
    fails(2, &["-C", "linux", &object], "not a linked kernel");
    let nothing = report(&place, &["out/run.json", "--option=NOT_THERE"]);
    let build = only(&nothing);
    assert!(build.options.is_empty());
    assert!(build.warnings.iter().any(|text| text.contains("NOT_THERE is n")), "{build:?}");
}

/// Some object file that was built.
fn first_object(dir: &Path) -> String {
    let output = support::run(dir, "find", [".", "-name", "memory.o"]);
    let name = String::from_utf8(output.stdout).unwrap();
    let name = name.lines().next().expect("memory.o was built");
    dir.join(name.trim_start_matches("./")).display().to_string()
}
