//! Sources: nothing of the user's is written, equal contents are equal, and everything unpacked is
//! built at one path.

use std::fs;
use std::path::PathBuf;

use hmmsize::kbuild::matrix::SourceSpec;
use hmmsize::kbuild::process::Runner;
use hmmsize::kbuild::source::{Source, Sources};

use super::{Place, err, out, run, snapshot};

fn rev(label: &str, rev: &str) -> SourceSpec {
    SourceSpec { label: Some(label.into()), path: None, rev: Some(rev.into()) }
}

fn prepare(place: &Place, runner: &Runner, specs: &[SourceSpec]) -> Vec<Source> {
    let mut sources = Sources::new(runner, place.path("cache"), place.tree());
    specs.iter().flat_map(|spec| sources.prepare(spec).unwrap()).collect()
}

#[test]
fn revisions_take_turns_at_one_path_and_the_repository_is_not_touched() {
    let place = Place::new();
    place.commit_all("first: the tree");
    let hmm = place.tree().join("mm/hmm.c");
    let text = fs::read_to_string(&hmm).unwrap();
    fs::write(&hmm, format!("{text}\nint planted_leak;\n")).unwrap();
    place.git(&["commit", "-q", "-a", "-m", "second: a leak"]);
    // An uncommitted change is in no revision.
    fs::write(&hmm, "not C at all\n").unwrap();
    let before = snapshot(&place.tree());

    let runner = Runner::quiet();
    let sources = prepare(
        &place,
        &runner,
        &[rev("base", "HEAD~1"), rev("head", "HEAD"), rev("same", "main")],
    );
    let [base, head, same] = sources.as_slice() else { panic!("three sources") };
    assert_eq!(base.tree, head.tree, "one path");
    assert_ne!(base.digest, head.digest);
    assert_eq!(head.digest, same.digest, "two names of one commit are one source");
    assert_eq!(base.revision.as_ref().unwrap().subject, "first: the tree");
    assert_eq!(base.kernel.as_deref(), Some("6.12.0-fixture"));

    let content = |source: &Source| {
        source.enter(&runner).unwrap();
        fs::read_to_string(source.tree.join("mm/hmm.c")).unwrap()
    };
    assert_eq!(content(base), text);
    assert!(content(head).contains("planted_leak"));
    assert_eq!(content(base), text, "and back, from where it was parked");
    assert!(!base.tree.join(".git").exists());
    assert_eq!(before, snapshot(&place.tree()), "the repository was written");
}

#[test]
fn revisions_whose_code_is_equal_give_equal_images() {
    let place = Place::new();
    let main = place.tree().join("init/main.c");
    let text = fs::read_to_string(&main).unwrap();
    fs::write(&main, format!("{text}\nconst char planted_path[] = __FILE__;\n")).unwrap();
    place.commit_all("first");
    fs::write(place.tree().join("notes.txt"), "not code\n").unwrap();
    place.git(&["add", "-A"]);
    place.git(&["commit", "-q", "-m", "second"]);
    let before = snapshot(&place.tree());
    let args = ["-C", "linux", "--base", "HEAD~1", "--head", "HEAD", "--arch", "x86_64"];
    let output = place.build(&[&args[..], &["--base-config", "tinyconfig", "O=out"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    let image =
        |source: &str| fs::read(place.path(&format!("out/x86_64/{source}/default/vmlinux")));
    let (base, head) = (image("base").unwrap(), image("head").unwrap());
    assert!(base.windows(12).any(|w| w == b"planted_path"), "the path is in the image");
    assert_eq!(base, head, "two revisions of the same code differ in the image");
    assert_eq!(before, snapshot(&place.tree()), "the repository was written");
}

#[test]
fn an_interrupted_unpacking_is_not_taken_for_a_tree() {
    let place = Place::new();
    place.commit_all("first");
    let runner = Runner::quiet();
    let sources = prepare(&place, &runner, &[rev("base", "HEAD")]);
    let source = &sources[0];
    source.enter(&runner).unwrap();
    let slot = source.tree.parent().unwrap().to_owned();
    fs::remove_file(source.tree.join("Makefile")).unwrap();
    fs::remove_file(slot.join("current")).unwrap();
    source.enter(&runner).unwrap();
    assert!(source.tree.join("Makefile").exists());
}

#[test]
fn two_at_a_time_get_two_slots() {
    let place = Place::new();
    place.commit_all("first");
    let runner = Runner::quiet();
    let first = prepare(&place, &runner, &[rev("a", "HEAD")]);
    let second = prepare(&place, &runner, &[rev("a", "HEAD")]);
    assert_ne!(first[0].tree, second[0].tree);
    let length = |source: &Source| source.tree.as_os_str().len();
    assert_eq!(length(&first[0]), length(&second[0]), "paths of one length");
    let tree = first[0].tree.clone();
    drop(first);
    assert_eq!(prepare(&place, &runner, &[rev("a", "HEAD")])[0].tree, tree, "given back");
}

#[test]
fn a_range_is_a_row_per_commit() {
    let place = Place::new();
    place.commit_all("zero");
    for name in ["one", "two", "three"] {
        place.git(&["commit", "-q", "--allow-empty", "-m", name]);
    }
    let runner = Runner::quiet();
    let spec = SourceSpec { rev: Some("HEAD~3..HEAD".into()), ..SourceSpec::default() };
    let sources = prepare(&place, &runner, &[spec]);
    let subjects: Vec<String> =
        sources.iter().map(|s| s.revision.as_ref().unwrap().subject.clone()).collect();
    assert_eq!(subjects, ["zero", "one", "two", "three"]);
    assert_eq!(sources[1].label, place.git(&["rev-parse", "--short", "HEAD~2"]));
    let output = place.build(&["-C", "linux", "--range", "HEAD..HEAD", "--dry-run"]);
    assert!(err(&output).contains("there are no commits in it"), "{}", err(&output));
    let output = place.build(&["-C", "linux", "--base", "nonsense", "--dry-run"]);
    assert!(err(&output).contains("unknown revision `nonsense`"), "{}", err(&output));
    let output = place.build(&["-C", "linux", "--base=--help", "--dry-run"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_tarball_and_the_tree_it_was_made_of_are_built_alike() {
    let place = Place::new();
    run(place.dir.path(), "tar", ["-cJf", "linux-6.12.tar.xz", "linux"]);
    let runner = Runner::quiet();
    let spec = SourceSpec { path: Some(place.path("linux-6.12.tar.xz")), ..SourceSpec::default() };
    let tarball = &prepare(&place, &runner, &[spec])[0];
    assert_eq!(tarball.label, "linux-6.12");
    assert_eq!(tarball.kernel.as_deref(), Some("6.12.0-fixture"));
    tarball.enter(&runner).unwrap();
    run(place.dir.path(), "diff", [PathBuf::from("-r"), place.tree(), tarball.tree.clone()]);
    let whole = fs::read(place.path("linux-6.12.tar.xz")).unwrap();
    fs::write(place.path("cut.tar.xz"), &whole[..whole.len() / 2]).unwrap();
    let output = place.build(&["-C", "cut.tar.xz", "--dry-run"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("cut.tar.xz: cannot be unpacked"), "{}", err(&output));
}

#[test]
fn a_tree_that_was_built_in_place_is_refused() {
    for built in [".config", "include/config/auto.conf", "arch/x86/include/generated/x.h"] {
        let place = Place::new();
        let file = place.tree().join(built);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
        let output = place.build(&["-C", "linux", "--dry-run"]);
        assert_eq!(output.status.code(), Some(2), "{built}");
        assert!(err(&output).contains("`make mrproper`"), "{built}: {}", err(&output));
    }
}

#[test]
fn a_dirty_tree_is_hashed_and_marked() {
    let place = Place::new();
    place.commit_all("first");
    let runner = Runner::quiet();
    let here = || prepare(&place, &runner, &[SourceSpec::default()]).remove(0);
    let clean = here();
    assert!(!clean.revision.as_ref().unwrap().dirty);
    fs::write(place.tree().join("mm/new.c"), "int x;\n").unwrap();
    let dirty = here();
    assert!(dirty.revision.as_ref().unwrap().dirty);
    assert_ne!(clean.digest, dirty.digest);
    let output = place.build(&["-C", "linux", "--dry-run"]);
    assert!(out(&output).contains("uncommitted changes"), "{}", out(&output));
}
