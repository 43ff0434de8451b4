//! Variants that are built on another's tree: what is compiled again, what was foreseen of it, and that
//! the kernels are those of builds from nothing.

use hmmsize::model::run::Way;

use super::*;

/// The objects that a log says were compiled in its last make.
fn compiled(place: &Place, variant: &str) -> usize {
    let log = place.out().join("x86_64/tree").join(variant).join("build.log");
    fs::read_to_string(log).unwrap().matches("  CC      ").count()
}

fn kernel(place: &Place, variant: &str) -> Vec<u8> {
    fs::read(place.out().join("x86_64/tree").join(variant).join("vmlinux")).unwrap()
}

#[test]
fn an_incremental_kernel_is_that_of_a_build_from_nothing() {
    let (Some(place), Some(clean)) = (Place::new(), Place::new()) else { return };
    let mut ways = Vec::new();
    for option in ["SMP", "DRIVER_A", "ZONE_DEVICE", "ZONE_DEVICE,DEVICE_PRIVATE,TEST_HMM"] {
        for place in [&place, &clean] {
            let _ = fs::remove_dir_all(place.out());
        }
        let option_word = format!("--option={option}");
        let run = place.run(0, &[&option_word, "--no-ccache"]);
        let whole = clean.run(0, &[&option_word, "--no-ccache", "--no-incremental"]);
        for variant in ["without", "with"] {
            let (a, b) = (cell(&run, variant), cell(&whole, variant));
            assert_eq!(a.measured, b.measured, "{option} {variant}");
            assert!(kernel(&place, variant) == kernel(&clean, variant), "{option} {variant}");
            assert_eq!(b.forecast.as_ref().unwrap().way, Way::Clean);
            // Few objects and no ccache: make knows exactly.
            for cell in [a, b] {
                let forecast = cell.forecast.as_ref().unwrap();
                assert_eq!(forecast.objects, cell.objects, "{option} {variant} {forecast:?}");
            }
        }
        let with = cell(&run, "with").forecast.as_ref().unwrap();
        let whole = compiled(&clean, "with");
        if with.way == Way::Incremental {
            assert!(compiled(&place, "with") * 2 <= whole, "{option}: less than half");
        }
        ways.push(with.way);
    }
    assert!(ways.contains(&Way::Incremental) && ways.contains(&Way::Clean), "{ways:?}");
}

#[test]
fn what_is_chosen_does_not_depend_on_who_looks_and_the_forecast_is_said_and_judged() {
    let Some(place) = Place::new() else { return };
    let words = ["--option=SMP", "--no-ccache"];
    let output = place.build(&words);
    let text = said(&output);
    assert!(text.contains("with: compile: about 1 objects and "), "{text}");
    assert!(text.contains(" CPU-seconds, incremental\n"), "{text}");
    let judged = text.lines().find(|line| line.contains("with: built in")).unwrap();
    assert!(judged.contains("1 objects") && judged.contains("(foreseen: 1 objects, "), "{text}");
    let loud = place.result();
    fs::remove_dir_all(place.out()).unwrap();
    let quiet = place.run(0, &["--option=SMP", "--no-ccache", "-q"]);
    let way = |run: &Run, variant| cell(run, variant).forecast.as_ref().unwrap().way;
    for variant in ["without", "with"] {
        assert_eq!(way(&loud, variant), way(&quiet, variant));
    }
    // Without the tree of the other there is nothing to build on.
    fs::remove_dir_all(place.out()).unwrap();
    let results = place.run(0, &["--option=SMP", "--no-ccache", "--keep=results"]);
    assert_eq!(way(&results, "with"), Way::Clean);
    assert_eq!(cell(&results, "with").measured, cell(&loud, "with").measured);
}

#[test]
fn a_tree_that_is_not_that_of_its_result_is_not_built_on() {
    let Some(place) = Place::new() else { return };
    place.run(0, &["--option=SMP", "--no-ccache", "--variant=without"]);
    let config = place.out().join("x86_64/tree/without/.config");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("CONFIG_MMU=y", "# CONFIG_MMU is not set")).unwrap();
    let run = place.run(0, &["--option=SMP", "--no-ccache"]);
    assert_eq!(cell(&run, "without").status, Status::Reused);
    assert_eq!(cell(&run, "with").forecast.as_ref().unwrap().way, Way::Clean);
}
