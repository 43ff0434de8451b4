//! Signals in the middle of a build, and going on afterwards.

use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::*;

const SLOW: &[&str] = &["--option=SLOW_DRIVER"];

/// Whether any process still works below `dir`.
pub fn is_busy(dir: &Path) -> bool {
    let name = dir.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|p| p.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()))
        .filter_map(|p| fs::read(p.path().join("cmdline")).ok())
        .any(|words| String::from_utf8_lossy(&words).contains(name))
}

/// Starts a build and waits until a compiler is at work on the slow driver.
fn start(place: &Place, words: &[&str]) -> Child {
    let mut command = place.command(words);
    // Relative to where the build is started.
    command.current_dir(place.dir.path()).arg("--fragment=reach.config");
    wait_for_compiler(place, command)
}

pub fn wait_for_compiler(place: &Place, mut command: Command) -> Child {
    let log = place.out().join("x86_64/tree/with/build.log");
    let compiled =
        || fs::read_to_string(&log).map_or(0, |text| text.matches("make: Entering").count());
    let before = compiled();
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    // One make for `prepare`, one that compiles.
    while compiled() < before + 2 {
        assert!(start.elapsed() < Duration::from_secs(60), "the build does not begin");
        sleep(Duration::from_millis(20));
    }
    sleep(Duration::from_millis(300));
    child
}

fn finish(child: Child) -> Output {
    let start = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(20), "it ends soon");
    output
}

fn vmlinux(place: &Place, run: &Run) -> Vec<Vec<u8>> {
    let file =
        |cell: &Cell| place.out().join(cell.measured.as_ref().unwrap().file.as_ref().unwrap());
    run.cells.iter().map(|cell| fs::read(file(cell)).unwrap()).collect()
}

#[test]
fn signals_end_every_child_and_resume_goes_on() {
    let (Some(place), Some(other)) = (Place::new(), Place::new()) else { return };
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let child = start(&place, SLOW);
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        let output = finish(child);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(!is_busy(&place.out()), "no child lives on after {signal}");
        let run = place.result();
        assert_eq!(cell(&run, "with").status, Status::Pending);
        assert!(cell(&run, "with").measured.is_none());
        assert!(!place.out().join("x86_64/tree/with/cell.json").exists());
    }
    // --resume alone, from another directory and more than once: the words come from the run that
    // was interrupted first.
    let resume = || {
        let mut command = hmmsize();
        command.env("XDG_CACHE_HOME", place.path("cache")).current_dir("/").arg("build");
        command.args([format!("O={}", place.out().display()), "--resume".to_owned()]);
        command
    };
    let child = wait_for_compiler(&place, resume());
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(finish(child).status.code(), Some(143));
    let output = resume().output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let resumed = place.result();
    let whole = other.run(0, SLOW);
    assert_eq!(ids(&resumed), ids(&whole));
    assert!(vmlinux(&place, &resumed) == vmlinux(&other, &whole), "the same bytes as in one go");
    let size =
        |run: &Run| run.cells.iter().map(|c| c.measured.as_ref().unwrap().size).collect::<Vec<_>>();
    assert_eq!(size(&resumed), size(&whole));
}

#[test]
fn a_hard_kill_leaves_no_children_and_no_half_result() {
    let Some(place) = Place::new() else { return };
    let mut child = start(&place, SLOW);
    child.kill().unwrap();
    child.wait().unwrap();
    let start = Instant::now();
    while is_busy(&place.out()) {
        assert!(start.elapsed() < Duration::from_secs(10), "children live on");
        sleep(Duration::from_millis(50));
    }
    assert!(!place.out().join("x86_64/tree/with/cell.json").exists());
    let run = place.run(0, SLOW);
    assert_eq!(cell(&run, "with").status, Status::Built);
}
