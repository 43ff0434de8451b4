//! Locks, whole files, and which finished cells count.

use super::*;
use crate::model::run::{SourceInfo, Target};

fn cell(id: &str) -> Cell {
    Cell {
        id: id.into(),
        arch: "arm".into(),
        source: SourceInfo { label: "s".into(), kernel: None, digest: None, revision: None },
        variant: "with".into(),
        base_config: "tinyconfig".into(),
        labels: vec![],
        target: Target::Vmlinux,
        status: Status::Built,
        requests: vec![],
        dragged_in: vec![],
        ours: vec![],
        mispredicted: Vec::new(),
        config_digest: None,
        identity: Some("i1".into()),
        compiler: None,
        linker: None,
        make_words: vec![],
        measured: Some(Measured { file: Some("arm/s/with/vmlinux".into()), ..Measured::default() }),
        wall_s: 1.0,
        cpu_s: 2.0,
        objects: None,
        forecast: None,
        reproduce: None,
        log: None,
    }
}

#[test]
fn one_hmmsize_in_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = OutDir::open(dir.path()).unwrap();
    let err = OutDir::open(dir.path()).unwrap_err();
    let want = format!("another hmmsize (process {}) works here", std::process::id());
    assert!(err.to_string().ends_with(&want), "{err}");
    drop(first);
    OutDir::open(dir.path()).unwrap();
}

#[test]
fn a_finished_cell_counts_only_with_the_same_inputs_and_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let out = OutDir::open(dir.path()).unwrap();
    let home = out.cell_dir("arm/s/with").unwrap();
    assert!(out.finished("arm/s/with", "i1").is_none(), "nothing there yet");
    out.finish(&cell("arm/s/with")).unwrap();
    assert!(out.finished("arm/s/with", "i1").is_none(), "vmlinux is not there");
    fs::write(home.join("vmlinux"), "x").unwrap();
    assert!(out.finished("arm/s/with", "i1").is_some());
    assert!(out.finished("arm/s/with", "i2").is_none(), "other inputs");
    let text = fs::read_to_string(home.join("cell.json")).unwrap();
    for cut in [0, 1, text.len() / 2, text.len() - 3] {
        fs::write(home.join("cell.json"), &text[..cut]).unwrap();
        assert!(out.finished("arm/s/with", "i1").is_none(), "half-written, {cut} bytes");
    }
    out.finish(&cell("arm/s/with")).unwrap();
    out.forget("arm/s/with").unwrap();
    out.forget("arm/s/with").unwrap();
    assert!(out.finished("arm/s/with", "i1").is_none());
}

#[test]
fn a_failed_cell_is_built_again() {
    let dir = tempfile::tempdir().unwrap();
    let out = OutDir::open(dir.path()).unwrap();
    let home = out.cell_dir("arm/s/with").unwrap();
    fs::write(home.join("vmlinux"), "x").unwrap();
    let failed = Cell { status: Status::Failed { reason: "no".into() }, ..cell("arm/s/with") };
    out.finish(&failed).unwrap();
    assert!(out.finished("arm/s/with", "i1").is_none());
}

#[test]
fn files_are_whole_or_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.json");
    write_whole(&path, b"one").unwrap();
    write_whole(&path, b"two").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "two");
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "no temporary file stays behind");
    let err = write_whole(Path::new("/proc/run.json"), b"x").unwrap_err().to_string();
    assert!(err.starts_with("/proc: "), "{err}");
}

#[test]
fn kept_files_replace_older_ones() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a"), dir.path().join("b"));
    fs::write(&from, "new").unwrap();
    fs::write(&to, "old").unwrap();
    keep(&from, &to).unwrap();
    assert_eq!(fs::read_to_string(&to).unwrap(), "new");
}
