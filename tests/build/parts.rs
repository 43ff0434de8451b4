//! A run in parts: what `build --cells` leaves out and `merge` joins.

use super::*;

const OPTIONS: &str = "--option=ZONE_DEVICE,DEVICE_PRIVATE";

/// Without what is different every time.
pub fn timeless(mut run: Run) -> Run {
    run.command.retain(|word| !word.starts_with("O="));
    for cell in &mut run.cells {
        (cell.wall_s, cell.cpu_s) = (0.0, 0.0);
        // How it was built: a part has no other variant's tree to build on.
        (cell.forecast, cell.objects) = (None, None);
    }
    run
}

fn parts(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let is_part = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("part-"))
    };
    let mut parts: Vec<PathBuf> = entries.filter(is_part).collect();
    parts.sort();
    parts
}

fn merge(code: i32, parts: &[PathBuf], to: &Path) -> String {
    let output = hmmsize().arg("merge").args(parts).arg("-o").arg(to).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    said(&output)
}

fn read(file: &Path) -> Run {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// Three variants of which two have one configuration, and one is impossible.
fn matrix(place: &Place) -> String {
    let arches = if have("arm-linux-gnueabihf-gcc") { "\"arm\", \"x86_64\"" } else { "\"x86_64\"" };
    let text = format!(
        "architectures = [{arches}]\nbaseline-variant = \"without\"\n\
         [[variant]]\nname = \"with\"\noptions = [\"ZONE_DEVICE=y\"]\n\
         [[variant]]\nname = \"without\"\noptions = [\"ZONE_DEVICE=n\"]\n\
         [[variant]]\nname = \"again\"\noptions = [\"ZONE_DEVICE=n\"]\n\
         [arch.arm.impossible]\nZONE_DEVICE = \"arm cannot\"\n\
         [arch.x86_64]\nfragments = [\"reach.config\"]\n"
    );
    fs::write(place.path("matrix.toml"), text).unwrap();
    format!("--matrix={}", place.path("matrix.toml").display())
}

/// As [`Place::command`], without the fragment for all architectures.
fn command(place: &Place, out: &str, words: &[&str]) -> Command {
    let mut command = hmmsize();
    command.env("XDG_CACHE_HOME", place.path("cache")).env_remove("MAKEFLAGS");
    command.args(["build", "--base-config=tinyconfig", "-C"]).arg(fixtures("tree"));
    command.arg(format!("O={}", place.path(out).display())).args(words);
    command
}

fn build(place: &Place, out: &str, code: i32, words: &[&str]) -> String {
    let output = command(place, out, words).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{words:?}\n{}", said(&output));
    said(&output)
}

#[test]
fn parts_are_merged_into_what_one_build_writes() {
    let Some(place) = Place::new() else { return };
    let matrix = matrix(&place);
    build(&place, "out", 0, &[&matrix]);
    let whole = place.result();
    let ids: Vec<String> = whole.cells.iter().map(|cell| cell.id.clone()).collect();
    // One directory for all, as on a shared file system; a cell a part.
    for id in &ids {
        build(&place, "shared", 0, &[&matrix, &format!("--cells={id}")]);
    }
    let shared = place.path("shared");
    assert_eq!(parts(&shared).len(), ids.len());
    let valid = |file: &Path| {
        schema::check("part", &serde_json::from_slice(&fs::read(file).unwrap()).unwrap())
    };
    for file in parts(&shared) {
        valid(&file).unwrap();
    }
    merge(0, &parts(&shared), &shared.join("run.json"));
    let merged = read(&shared.join("run.json"));
    assert_eq!(timeless(merged.clone()), timeless(whole.clone()));
    let identical = |cell: &&Cell| matches!(cell.status, Status::Identical { .. });
    assert!(merged.cells.iter().filter(identical).count() >= 1);
    for file in merged.cells.iter().flat_map(|c| c.measured.iter().flat_map(|m| &m.file)) {
        assert!(shared.join(file).is_file(), "{file}");
    }
    // A directory for each, as in a CI; files are named as seen from the merged run.
    let (first, rest) = ids.split_at(1);
    for (out, ids) in [("ci-1", first), ("ci-2", rest)] {
        build(&place, out, 0, &[&matrix, "--cells", &ids.join(",")]);
    }
    let files: Vec<PathBuf> =
        ["ci-2", "ci-1"].iter().flat_map(|out| parts(&place.path(out))).collect();
    merge(0, &files, &place.path("run.json"));
    let merged = read(&place.path("run.json"));
    for (cell, old) in merged.cells.iter().zip(&whole.cells) {
        let (new, old) = (cell.measured.as_ref().unwrap(), old.measured.as_ref().unwrap());
        assert_eq!((new.size, &new.classes, new.payload), (old.size, &old.classes, old.payload));
        assert!(place.path(new.file.as_ref().unwrap()).is_file(), "{:?}", new.file);
    }
    let table = |run: &Path| {
        let output = hmmsize().args(["compare", "--format=csv"]).arg(run).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    assert_eq!(table(&place.path("run.json")), table(&place.out().join("run.json")));
}

#[test]
fn what_is_built_elsewhere_with_the_same_inputs_is_not_built_again() {
    let Some(place) = Place::new() else { return };
    let matrix = matrix(&place);
    let said = build(&place, "out", 0, &[&matrix, "--cells=x86_64/tree/again"]);
    let run = read(&parts(&place.out())[0]);
    let of = "x86_64/tree/without".to_owned();
    assert_eq!(run.cells[0].status, Status::Identical { of }, "{said}");
    assert!(!place.path("out/x86_64/tree/again/build/vmlinux").exists());
    // What was dragged in is known although the baseline is built elsewhere.
    build(&place, "out", 0, &[&matrix, "--cells=x86_64/tree/with"]);
    let part =
        parts(&place.out()).iter().map(|file| read(file)).find(|r| r.cells[0].variant == "with");
    assert!(part.unwrap().cells[0].dragged_in.iter().any(|c| c.symbol == "DEVICE_MIGRATION"));
}

#[test]
fn an_incomplete_run_is_not_taken_for_a_whole_one() {
    let Some(place) = Place::new() else { return };
    let words = |cell: &'static str| [OPTIONS, cell];
    place.build(&words("--cells=x86_64/tree/with"));
    let part = parts(&place.out());
    let text = merge(3, &part, &place.path("some.json"));
    assert!(text.contains("x86_64/tree/without: in none of the parts"), "{text}");
    assert!(text.contains("1 of 2 cells have no result"), "{text}");
    let policy = place.path("policy.toml");
    fs::write(&policy, "[[limit]]\nmeasure = \"text\"\nmax = 100000000\n").unwrap();
    for words in [&["compare"][..], &["gate", "--policy", policy.to_str().unwrap()]] {
        let output = hmmsize().args(words).arg(place.path("some.json")).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{words:?}: {}", said(&output));
    }
    place.build(&words("--cells=x86_64/tree/without"));
    merge(0, &parts(&place.out()), &place.path("all.json"));
    // In two steps, too; twice is refused.
    let other: Vec<PathBuf> =
        parts(&place.out()).into_iter().filter(|file| !part.contains(file)).collect();
    let some = place.path("some.json");
    merge(0, &[std::slice::from_ref(&some), &other[..]].concat(), &place.path("steps.json"));
    assert_eq!(read(&place.path("steps.json")), read(&place.path("all.json")));
    let text = merge(2, &[std::slice::from_ref(&some), &part[..]].concat(), &place.path("no.json"));
    assert!(text.contains("cell x86_64/tree/with is in "), "{text}");
    assert!(!place.path("no.json").exists());
    let text = merge(2, &[place.path("all.json")], &place.path("no.json"));
    assert!(text.contains("is a whole run, not a part"), "{text}");
}

#[test]
fn parts_of_another_source_are_refused() {
    let Some(place) = Place::new() else { return };
    let tree = place.path("tree");
    support::run(
        Path::new("/"),
        "cp",
        ["-r".as_ref(), fixtures("tree").as_os_str(), tree.as_os_str()],
    );
    let one = |cell: &str| {
        let output = place.command_in(&tree, &[OPTIONS, cell]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    };
    one("--cells=x86_64/tree/with");
    fs::write(tree.join("mm/new.c"), "int x;\n").unwrap();
    one("--cells=x86_64/tree/without");
    let text = merge(2, &parts(&place.out()), &place.path("run.json"));
    assert!(text.contains("source tree is not the same there"), "{text}");
}

#[test]
fn a_slip_in_the_name_of_a_cell_is_told() {
    let Some(place) = Place::new() else { return };
    let output = place.build(&[OPTIONS, "--cells=x86_64/tree/wit"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("the matrix has no such cell, did you mean `x86_64/tree/with`?")
    );
    let output = place.build(&[OPTIONS, "--cells=x86_64/tree/with,x86_64/tree/with"]);
    assert!(said(&output).contains("is named twice"), "{}", said(&output));
}
