//! The source changes while it is built.

use std::io::Write;

use super::*;

#[test]
fn source_is_edited() {
    let Some(site) = Site::new() else { return };
    let file = site.place.tree().join("mm/swap.c");
    let old = fs::read(&file).unwrap();
    let child = site.asleep(&[]);
    fs::File::options().append(true).open(&file).unwrap().write_all(b"/* edited */\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    for variant in ["without", "with"] {
        let reason = site.reason(variant);
        assert!(reason.contains("the source was changed during the run (mm/swap.c)"), "{reason}");
    }
    site.no_fault();
    fs::write(&file, old).unwrap();
    site.resumes("out");
}

#[test]
fn source_is_edited_and_put_back() {
    let Some(site) = Site::new() else { return };
    let file = site.place.tree().join("mm/mmap.c");
    let kept = site.path("mmap.c");
    fs::rename(&file, &kept).unwrap();
    fs::copy(&kept, &file).unwrap();
    let child = site.asleep(&[]);
    // As an editor does it, and `mv` with the old times afterwards.
    let text = fs::read_to_string(&kept).unwrap();
    fs::write(&file, format!("{text}int edited_meanwhile = 1;\n")).unwrap();
    sleep(Duration::from_millis(1500));
    fs::rename(&kept, &file).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let reason = site.reason("with");
    assert!(reason.contains("changed and changed back during the run (mm/mmap.c)"), "{reason}");
    site.no_fault();
    // Nothing that was compiled of the other text is left.
    let output = site.command("out", &["--resume"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let kernel = |out: &str| fs::read(site.cell(out, "with").join("vmlinux")).unwrap();
    assert!(kernel("out") == kernel("calm"), "the kernel of the text as it is");
}
