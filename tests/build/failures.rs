//! Builds that go wrong: each ends with its documented exit code and says why.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn a_cell_that_fails_does_not_stop_the_others() {
    let Some(place) = Place::new() else { return };
    let output = place.build(&["--option=BROKEN_DRIVER"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let run = place.result();
    assert_eq!(cell(&run, "without").status, Status::Built);
    let with = cell(&run, "with");
    assert!(is_failed(with, "drivers/bad/broken.c:6:"), "{:?}", with.status);
    assert!(is_failed(with, "error: "), "{:?}", with.status);
    assert!(with.measured.is_none());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("x86_64/tree/with: failed: drivers/bad/broken.c:6:"), "{stderr}");
    assert!(stderr.contains("1 of 2 cells have no result"), "{stderr}");
    let bisect = place.build(&["--option=BROKEN_DRIVER", "--bisect"]);
    assert_eq!(bisect.status.code(), Some(125), "{}", said(&bisect));
}

#[test]
fn the_linker_and_a_killed_compiler_are_quoted_too() {
    let Some(place) = Place::new() else { return };
    let run = place.run(3, &["--option=BROKEN_LINK", "--variant=with"]);
    let with = cell(&run, "with");
    assert!(is_failed(with, "undefined reference to `no_such_function'"), "{:?}", with.status);
    let run = place.run(3, &["--option=KILLED_DRIVER", "--variant=with"]);
    let with = cell(&run, "with");
    assert!(is_failed(with, "Killed"), "{:?}", with.status);
}

#[test]
fn a_dropped_request_ends_the_cell_before_anything_is_compiled() {
    let Some(place) = Place::new() else { return };
    fs::write(place.path("reach.config"), "").unwrap();
    let start = Instant::now();
    let output = place.build(&["--option=DEVICE_PRIVATE", "--variant=with"]);
    assert!(start.elapsed() < Duration::from_secs(60), "seconds, not a build");
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let run = place.result();
    let with = cell(&run, "with");
    assert!(
        matches!(&with.status, Status::Dropped { reason } if reason.contains("DEVICE_PRIVATE"))
    );
    assert!(!place.out().join(&with.id).join("build/vmlinux").exists());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("dropped: DEVICE_PRIVATE=y became n"), "{stderr}");
}

#[test]
fn a_missing_compiler_skips_the_cell_and_names_the_package() {
    let Some(place) = Place::new() else { return };
    let output = place.build(&["CROSS_COMPILE=no-such-"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let run = place.result();
    assert!(matches!(&run.cells[0].status, Status::Skipped { .. }), "{:?}", run.cells[0].status);
    assert!(said(&output).contains("no-such-gcc"), "{}", said(&output));
}

#[test]
fn a_cell_that_takes_too_long_is_ended_with_all_its_children() {
    let Some(place) = Place::new() else { return };
    let start = Instant::now();
    let words = ["--option=HANGING_DRIVER", "--variant=with", "--timeout=4s"];
    let run = place.run(3, &words);
    assert!(start.elapsed() < Duration::from_secs(120));
    let with = cell(&run, "with");
    assert!(is_failed(with, "not finished after 4 s (--timeout)"), "{:?}", with.status);
    assert!(!interrupt::is_busy(&place.out()), "no child lives on");
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error() {
    let Some(place) = Place::new() else { return };
    // Root may write anywhere but here.
    let mut command = hmmsize();
    command.env("XDG_CACHE_HOME", place.path("cache")).args(["build", "--arch=x86_64"]);
    command.args(["--base-config=tinyconfig", "O=/proc/hmmsize", "-C"]).arg(fixtures("tree"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("hmmsize: error: /proc/hmmsize: "), "{stderr}");
    if nix_is_root() {
        return;
    }
    fs::create_dir(place.out()).unwrap();
    fs::set_permissions(place.out(), fs::Permissions::from_mode(0o555)).unwrap();
    let output = place.build(&[]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("Permission denied"), "{}", said(&output));
}

fn nix_is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.starts_with("Uid:\t0"))
}

#[test]
fn the_time_limit_covers_configuring() {
    let Some(place) = Place::new() else { return };
    let bin = place.path("bin");
    fs::create_dir(&bin).unwrap();
    // A make that hangs where a configuration program would.
    let script = "#!/bin/sh\ncase \"$*\" in *olddefconfig*) sleep 100 ;; esac\n\
        PATH=${PATH#*:} exec make \"$@\"\n";
    fs::write(bin.join("make"), script).unwrap();
    fs::set_permissions(bin.join("make"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    for mode in [&[][..], &["--configure-only"]] {
        let mut command = place.command(&["--timeout=4s"]);
        command.args(mode).env("PATH", format!("{}:{path}", bin.display()));
        let start = Instant::now();
        let output = command.output().unwrap();
        assert!(start.elapsed() < Duration::from_secs(60));
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        let text = said(&output).replace("\n  ", " ");
        assert!(text.contains("not finished after 4 s (--timeout)"), "{text}");
    }
    assert!(!interrupt::is_busy(&place.out()), "no child lives on");
}

/// A copy of the fixture tree that a test may change.
fn copied_tree(place: &Place) -> PathBuf {
    let tree = place.path("tree");
    let original = fixtures("tree");
    let words = ["-r".as_ref(), original.as_os_str(), tree.as_os_str()];
    support::run(Path::new("/"), "cp", words);
    tree
}

#[test]
fn a_tree_that_was_built_in_place_is_refused() {
    let Some(place) = Place::new() else { return };
    let tree = copied_tree(&place);
    fs::write(tree.join(".config"), "CONFIG_64BIT=y\n").unwrap();
    fs::create_dir_all(tree.join("include/config")).unwrap();
    let output = place.command_in(&tree, &[]).output().unwrap();
    assert!(matches!(output.status.code(), Some(2 | 3)), "{}", said(&output));
    assert!(said(&output).contains("make mrproper"), "{}", said(&output));
}
