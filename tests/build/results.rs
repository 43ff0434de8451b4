//! Builds that succeed.

use super::*;
use hmmsize::model::run::Target;
use hmmsize::model::size::{Berkeley, PayloadKind};

const OPTIONS: &str = "--option=ZONE_DEVICE,DEVICE_PRIVATE";

/// What GNU `size` says.
fn size(file: &Path) -> Berkeley {
    let output = support::run(Path::new("/"), "size", [file]);
    let text = String::from_utf8(output.stdout).unwrap();
    let row: Vec<u64> =
        text.lines().nth(1).unwrap().split_whitespace().map_while(|w| w.parse().ok()).collect();
    Berkeley { text: row[0], data: row[1], bss: row[2] }
}

#[test]
fn with_and_without_are_built_measured_and_compared() {
    let Some(place) = Place::new() else { return };
    let tree = fixtures("tree");
    let before = snapshot(&tree);
    let output = place.build(&[OPTIONS]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(snapshot(&tree), before, "the source tree is never written");
    let run = place.result();
    assert_eq!(run.cells.len(), 2, "{:?}", ids(&run));
    assert_eq!(run.baseline_variant.as_deref(), Some("without"));
    for cell in &run.cells {
        assert_eq!(cell.status, Status::Built, "{}", cell.id);
        let measured = cell.measured.as_ref().unwrap();
        let vmlinux = place.out().join(measured.file.as_ref().unwrap());
        assert_eq!(measured.size, size(&vmlinux), "the oracle is size");
        let payload = measured.payload.unwrap();
        assert_eq!(payload.kind, PayloadKind::Map, "the link was asked for a map");
        assert!(payload.bytes <= measured.size.dec());
        assert_eq!(measured.classes.values().sum::<u64>(), measured.size.dec());
        assert!(measured.prelink.is_some() && cell.objects.unwrap() > 5 && cell.cpu_s > 0.0);
        for file in [&measured.map, &measured.config, &measured.prelink_file, &cell.log] {
            assert!(place.out().join(file.as_ref().unwrap()).is_file(), "{file:?}");
        }
        let config = fs::read_to_string(place.out().join(measured.config.as_ref().unwrap()));
        assert!(!config.unwrap().contains("CONFIG_VMLINUX_MAP=y"), "measuring changes nothing");
        assert!(cell.requests.iter().all(|request| request.holds));
    }
    let with = cell(&run, "with");
    let dragged: Vec<&str> = with.dragged_in.iter().map(|change| change.symbol.as_str()).collect();
    assert!(!dragged.contains(&"ZONE_DEVICE"), "{dragged:?}");
    assert!(dragged.contains(&"DEVICE_MIGRATION"), "{dragged:?}");
    assert!(cell(&run, "without").dragged_in.is_empty());
    let payload = |name: &str| cell(&run, name).measured.as_ref().unwrap().payload.unwrap().bytes;
    assert!(payload("with") > payload("without"));
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("   text\t   data\t    bss\t    dec\t    hex\tfilename\n"), "{table}");
}

#[test]
fn what_is_built_is_not_built_again_unless_an_input_changes() {
    let Some(place) = Place::new() else { return };
    let first = place.run(0, &[OPTIONS]);
    let second = place.run(0, &[OPTIONS]);
    for (old, new) in first.cells.iter().zip(&second.cells) {
        assert_eq!(new.status, Status::Reused, "{}", new.id);
        assert_eq!(old.measured, new.measured);
        assert!((old.cpu_s - new.cpu_s).abs() < 1e-6, "what it cost when it was built");
    }
    let third = place.run(0, &[OPTIONS, "KCFLAGS=-O0"]);
    for (old, new) in first.cells.iter().zip(&third.cells) {
        assert_eq!(new.status, Status::Built, "{}: another compiler flag", new.id);
        assert_ne!(old.identity, new.identity);
        let text = |cell: &Cell| cell.measured.as_ref().unwrap().size.text;
        assert_ne!(text(old), text(new), "and it reached the compiler");
    }
    // A finished cell whose files are gone is not finished.
    let gone = place.out().join(third.cells[0].measured.as_ref().unwrap().file.as_ref().unwrap());
    fs::remove_file(gone).unwrap();
    let fourth = place.run(0, &[OPTIONS, "KCFLAGS=-O0"]);
    assert_eq!(fourth.cells[0].status, Status::Built);
    assert_eq!(fourth.cells[0].measured, third.cells[0].measured, "the same bytes again");
    assert_eq!(fourth.cells[1].status, Status::Reused);
}

#[test]
fn ccache_changes_nothing() {
    let Some(place) = Place::new() else { return };
    if !have("ccache") {
        return;
    }
    let mut sizes = Vec::new();
    for words in [&["--no-ccache"][..], &["--rebuild"], &["--rebuild"]] {
        let mut command = place.command(&[OPTIONS]);
        command.args(words).env("CCACHE_DIR", place.path("ccache"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let run = place.result();
        let digest = |cell: &Cell| fs::read(place.out().join(&cell.id).join("vmlinux")).unwrap();
        sizes.push(
            run.cells.iter().map(|c| (c.config_digest.clone(), digest(c))).collect::<Vec<_>>(),
        );
    }
    assert!(place.path("ccache").is_dir(), "ccache was used");
    // What is built in one place is not preprocessed first, unless somebody wants it, or nothing of it stays.
    let preprocessed = |words: &[&str], name: &str, value: &str| {
        let log = place.path("ccache.log");
        let _ = fs::remove_file(&log);
        let mut command = place.command(&[OPTIONS, "--rebuild"]);
        command.args(words).env("CCACHE_DIR", place.path("cold")).env("CCACHE_LOGFILE", &log);
        assert!(
            command.env("CCACHE_RECACHE", "1").env(name, value).output().unwrap().status.success()
        );
        let log = fs::read_to_string(log).unwrap();
        assert!(log.contains("Running real compiler"), "{log}");
        log.contains("Running preprocessor")
    };
    assert!(!preprocessed(&[], "CCACHE_NOSTATS", "1"));
    assert!(preprocessed(&[], "CCACHE_NODEPEND", "1"));
    assert!(preprocessed(&["--keep=results"], "CCACHE_NOSTATS", "1"));
    assert!(sizes[0] == sizes[1] && sizes[1] == sizes[2], "byte for byte");
}

#[test]
fn identical_inputs_are_built_once() {
    let Some(place) = Place::new() else { return };
    if !have("arm-linux-gnueabihf-gcc") {
        return;
    }
    let matrix = "architectures = [\"arm\"]\nbase-config = \"tinyconfig\"\n\
        baseline-variant = \"without\"\n\
        [[variant]]\nname = \"without\"\noptions = [\"ZONE_DEVICE=n\"]\n\
        [[variant]]\nname = \"with\"\noptions = [\"ZONE_DEVICE=y\"]\n\
        [arch.arm.impossible]\nZONE_DEVICE = \"arm cannot\"\n";
    fs::write(place.path("matrix.toml"), matrix).unwrap();
    let file = format!("--matrix={}", place.path("matrix.toml").display());
    fs::write(place.path("reach.config"), "").unwrap();
    let run = place.run(0, &[&file]);
    let (without, with) = (cell(&run, "without"), cell(&run, "with"));
    assert_eq!(without.status, Status::Built);
    assert_eq!(with.status, Status::Identical { of: without.id.clone() });
    assert_eq!(with.measured, without.measured);
    assert_eq!(with.identity, without.identity);
    assert!(!place.out().join(&with.id).join("vmlinux").exists(), "nothing was compiled");
}

#[test]
fn a_scope_counts_what_vmlinux_contains() {
    let Some(place) = Place::new() else { return };
    let run = place.run(0, &[OPTIONS, "--target=mm/"]);
    for cell in &run.cells {
        assert_eq!(cell.target, Target::Scope("mm/".into()));
        assert!(cell.labels.contains(&"scope mm/".to_owned()));
        let measured = cell.measured.as_ref().unwrap();
        assert!(!measured.files.is_empty() && measured.payload.is_none());
        let build = place.out().join(&cell.id).join("build");
        let sum: u64 = measured.files.iter().map(|f| size(&build.join(&f.name)).dec()).sum();
        assert_eq!(measured.size.dec(), sum, "members of built-in.a");
        assert!(!build.join("vmlinux").exists(), "only the scope is built");
    }
    let files = |name: &str| cell(&run, name).measured.as_ref().unwrap().files.len();
    assert!(files("with") > files("without"));
}

#[test]
fn an_excluded_object_counts_nothing() {
    let Some(place) = Place::new() else { return };
    let words = ["--option=ZONE_DEVICE", "--target=mm/memremap.o"];
    let run = place.run(0, &words);
    let (without, with) = (cell(&run, "without"), cell(&run, "with"));
    let measured = without.measured.as_ref().unwrap();
    assert_eq!(measured.size.dec(), 0);
    assert_eq!(measured.not_built, ["mm/memremap.o"]);
    let measured = with.measured.as_ref().unwrap();
    assert!(measured.size.dec() > 0 && measured.not_built.is_empty());
    assert_eq!(measured.files.len(), 1);
}

#[test]
fn the_boot_image_is_measured_on_disk() {
    let Some(place) = Place::new() else { return };
    let run = place.run(0, &[OPTIONS, "--target=image"]);
    for cell in &run.cells {
        let measured = cell.measured.as_ref().unwrap();
        let [image] = &measured.files[..] else { panic!("{:?}", measured.files) };
        let name = image.name.rsplit('/').next().unwrap();
        let kept = place.out().join(&cell.id).join(name);
        assert_eq!(Some(kept.metadata().unwrap().len()), measured.bytes);
        assert!(measured.size.dec() > 0 && measured.payload.is_some(), "vmlinux stands beside it");
    }
}

#[test]
fn modules_are_measured_one_by_one() {
    let Some(place) = Place::new() else { return };
    let options = ["--option=MODULES=y,DRIVER_B=m", "--variant=with", "--target=modules"];
    let run = place.run(0, &options);
    let measured = cell(&run, "with").measured.as_ref().unwrap();
    assert_eq!(measured.files.len(), 1, "{:?}", measured.files);
    let build = place.out().join(&run.cells[0].id).join("build");
    let module = build.join(&measured.files[0].name);
    assert_eq!(measured.files[0].size, Some(size(&module)));
    assert_eq!(measured.size, size(&module));
    assert_eq!(measured.bytes, Some(module.metadata().unwrap().len()));
}

#[test]
fn reproduce_sh_repeats_the_cell() {
    let Some(place) = Place::new() else { return };
    let run = place.run(0, &[OPTIONS]);
    let with = cell(&run, "with");
    let script = place.out().join(with.reproduce.as_ref().unwrap());
    let again = place.path("again");
    let output = Command::new(&script)
        .env("OUT", &again)
        .env("KCFLAGS", "-O0")
        .env("KBUILD_BUILD_HOST", "elsewhere")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let cell = place.out().join(&with.id);
    let first = fs::read(cell.join("vmlinux")).unwrap();
    assert!(fs::read(again.join("vmlinux")).unwrap() == first, "byte for byte");
    // The script alone.
    let alone = place.path("reproduce.sh");
    fs::copy(&script, &alone).unwrap();
    let output = Command::new(&alone).current_dir("/").output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let again = place.path("reproduce");
    for (old, new) in [(cell.join("vmlinux"), "vmlinux"), (cell.join(".config"), ".config")] {
        assert!(fs::read(again.join(new)).unwrap() == fs::read(&old).unwrap(), "{new}");
    }
    // Another configuration is not passed over.
    fs::write(cell.join(".config"), "CONFIG_64BIT=y\n").unwrap();
    let output = Command::new(&script).env("OUT", place.path("other")).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(!place.path("other/vmlinux").exists());
}

#[test]
fn reproduce_sh_repeats_every_kind_of_base() {
    let Some(place) = Place::new() else { return };
    let file = place.path("base.config");
    fs::write(&file, "CONFIG_64BIT=y\nCONFIG_MMU=y\n# END\nEND\nCONFIG_SMP=y").unwrap();
    let from_file = format!("--base-config={}", file.display());
    for base in ["--base-config=allnoconfig", "--base-config=defconfig", &from_file] {
        let mut command = hmmsize();
        command.env("XDG_CACHE_HOME", place.path("cache")).args(["build", "--arch=x86_64", "-C"]);
        command.arg(fixtures("tree")).arg(format!("O={}", place.out().display()));
        command.args([base, "--option=SMP", "--variant=with", "--target=mm/"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{base}\n{}", said(&output));
        let script = place.out().join(place.result().cells[0].reproduce.as_ref().unwrap());
        let output = Command::new(script).env("OUT", place.path("again")).output().unwrap();
        assert!(output.status.success(), "{base}\n{}", said(&output));
        fs::remove_dir_all(place.path("again")).unwrap();
    }
}

#[test]
fn results_can_be_kept_without_build_trees() {
    let Some(place) = Place::new() else { return };
    for target in ["--target=vmlinux", "--target=mm/", "--target=image"] {
        let first = place.run(0, &[OPTIONS, target, "--keep=results"]);
        for cell in &first.cells {
            assert_eq!(cell.status, Status::Built);
            assert!(!place.out().join(&cell.id).join("build").exists(), "{target}");
            let measured = cell.measured.as_ref().unwrap();
            let file = place.out().join(measured.file.as_ref().unwrap());
            let read = hmmsize().args(["compare", "--format=berkeley", "-t"]).arg(&file).output();
            let read = said(&read.unwrap());
            let sum = read.lines().last().unwrap().split_whitespace().nth(3).unwrap();
            assert_eq!(sum, measured.size.dec().to_string(), "{target}\n{read}");
        }
        let second = place.run(0, &[OPTIONS, target, "--keep=results"]);
        assert!(second.cells.iter().all(|cell| cell.status == Status::Reused), "{target}");
        let third = place.run(0, &[OPTIONS, target, "--rebuild"]);
        for (old, new) in first.cells.iter().zip(&third.cells) {
            assert_eq!(new.status, Status::Built);
            assert_eq!(old.measured, new.measured, "{target}");
            assert!(place.out().join(&new.id).join("build").exists(), "all is the default");
        }
    }
}

#[test]
fn an_impossible_request_is_shown_as_such() {
    let Some(place) = Place::new() else { return };
    let matrix = |with: &str, without: &str| {
        format!(
            "architectures = [\"x86_64\"]\nbase-config = \"tinyconfig\"\n\
             baseline-variant = \"without\"\n\
             [[variant]]\nname = \"without\"\noptions = [{without}]\n\
             [[variant]]\nname = \"with\"\noptions = [{with}]\n\
             [arch.x86_64.impossible]\nZONE_DEVICE = \"no such hardware\"\n"
        )
    };
    let file = format!("--matrix={}", place.path("matrix.toml").display());
    fs::write(place.path("reach.config"), "").unwrap();
    let build = |with: &str, without: &str| {
        fs::write(place.path("matrix.toml"), matrix(with, without)).unwrap();
        let output = place.build(&[&file]);
        assert_eq!(output.status.code(), Some(0), "a result: {}", said(&output));
        (place.result(), said(&output).replace("\n  ", " "))
    };
    // Nothing of it can be had, and the configurations differ all the same: no number, no failure.
    let (run, text) = build("\"ZONE_DEVICE=y\"", "\"ZONE_DEVICE=n\", \"SMP=y\"");
    let with = cell(&run, "with");
    let reason = "ZONE_DEVICE: no such hardware".to_owned();
    assert_eq!(with.status, Status::Impossible { reason });
    assert!(with.measured.is_none() && !place.out().join(&with.id).join("vmlinux").exists());
    assert!(text.contains("impossible: ZONE_DEVICE: no such hardware"), "{text}");
    // Part of it can be had: measured, and said what is not in it.
    let (run, text) = build("\"ZONE_DEVICE=y\", \"SMP=y\"", "\"ZONE_DEVICE=n\", \"SMP=n\"");
    assert_eq!(cell(&run, "with").status, Status::Built);
    let note = "with: measured although ZONE_DEVICE=y is impossible here: no such hardware";
    assert!(text.contains(note), "{text}");
    // Nothing changes, whichever stands first: proven.
    let (run, _) = build("\"ZONE_DEVICE=y\"", "\"ZONE_DEVICE=n\"");
    let of = cell(&run, "without").id.clone();
    assert_eq!(cell(&run, "with").status, Status::Identical { of });
}

#[test]
fn noise_is_the_spread_of_builds_that_should_not_differ() {
    let Some(place) = Place::new() else { return };
    let run = place.run(0, &[OPTIONS, "--noise"]);
    let without = cell(&run, "without");
    // The version string itself grows by up to 64 bytes.
    let noise = without.measured.as_ref().unwrap().noise.expect("measured");
    assert!((1..=4096).contains(&noise), "{noise}");
    assert!(without.labels.contains(&"noise".to_owned()));
    assert_eq!(cell(&run, "with").measured.as_ref().unwrap().noise, None, "one cell is enough");
}
