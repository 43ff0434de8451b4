//! make is killed; two hmmsize work in one directory.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::*;

#[test]
fn make_is_killed() {
    let Some(site) = Site::new() else { return };
    // The one that hmmsize started, and one far below it.
    for (which, wanted) in [("top", "make was killed"), ("below", "Killed")] {
        let _ = fs::remove_dir_all(site.path("out"));
        let child = site.asleep(&["--variant=with"]);
        let makes: Vec<(i32, String)> = site.processes("out");
        let mut makes: Vec<i32> = makes
            .into_iter()
            .filter(|(_, words)| words.starts_with("make "))
            .map(|m| m.0)
            .collect();
        makes.sort_unstable();
        assert!(makes.len() > 1, "make calls make");
        let pid = if which == "top" { makes[0] } else { makes[makes.len() - 1] };
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        site.is_idle("out");
        let run = site.result("out");
        let reason = run["cells"][0]["status"]["reason"].as_str().unwrap();
        assert!(reason.contains(wanted), "{which}: {reason}");
        site.no_fault();
        // More than was asked for first: the whole matrix, the half cell gone on with.
        site.run(0, &[]);
        site.is_calm("out");
    }
}

#[test]
fn two_in_one_directory() {
    let Some(site) = Site::new() else { return };
    let start = || {
        let mut command = site.build("out", &[]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    // At once, without the one waiting for the other.
    let children = [start(), start(), start(), start()];
    let outputs = children.map(|child| child.wait_with_output().unwrap());
    let (won, lost): (Vec<_>, Vec<_>) =
        outputs.iter().partition(|output| output.status.code() == Some(0));
    assert!(!won.is_empty(), "{}", said(&outputs[0]));
    for output in lost {
        assert_eq!(output.status.code(), Some(2), "{}", said(output));
        assert!(said(output).contains("another hmmsize (process "), "{}", said(output));
    }
    if won.len() == 1 {
        site.is_calm("out");
    }
    // While one works, a second never gets in.
    let child = site.asleep(&["--rebuild"]);
    let output = site.run(2, &[]);
    assert!(said(&output).contains("another hmmsize (process "), "{}", said(&output));
    site.no_fault();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}
