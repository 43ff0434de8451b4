//! What must hold of every child: its exit, its time, its silence after we are done with it.

use super::*;

fn sh(script: &str) -> Command {
    Command::new(["/bin/sh", "-c", script]).env("PATH", "/usr/bin:/bin")
}

fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|s| !s.rsplit(')').next().unwrap_or("").trim_start().starts_with('Z'))
}

#[test]
fn reports_exit_code_output_and_cpu_time() {
    let run = Runner::quiet();
    let spin = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done; exit 7";
    let done = run.run(&sh(&format!("sh -c '{spin}'; exit $?")).capture()).unwrap();
    assert_eq!(done.ended, Ended::Code(7));
    assert_eq!(done.text(), "done");
    assert!(done.cpu_s > 0.005, "the grandchild's time counts: {}", done.cpu_s);
}

#[test]
fn capture_is_bounded_and_does_not_block_the_child() {
    let mut command = sh("head -c 3000000 /dev/zero");
    command.capture = Some(1000);
    let error = Runner::quiet().run(&command).unwrap_err();
    assert!(error.to_string().contains("said more than 1000 bytes"), "{error}");
    command.capture = Some(3_000_000);
    assert_eq!(Runner::quiet().run(&command).unwrap().stdout.len(), 3_000_000);
}

#[test]
fn environment_is_exactly_what_was_given() {
    let done = Runner::quiet().run(&Command::new(["/usr/bin/env"]).env("A", "b").capture());
    assert_eq!(done.unwrap().text(), "A=b");
}

#[test]
fn log_gets_both_streams_and_is_appended() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let run = Runner::quiet();
    run.run(&sh("echo out; echo err >&2").log(&log)).unwrap();
    run.run(&sh("echo more").log(&log)).unwrap();
    assert_eq!(std::fs::read_to_string(log).unwrap(), "out\nerr\nmore\n");
}

#[test]
fn deadline_ends_the_whole_group() {
    let dir = tempfile::tempdir().unwrap();
    let pid = dir.path().join("pid");
    let mut command = sh(&format!("sleep 60 & echo $! >{}; wait", pid.display()));
    command.deadline = Some(Instant::now() + Duration::from_millis(300));
    let start = Instant::now();
    let done = Runner::quiet().run(&command).unwrap();
    assert_eq!(done.ended, Ended::TimedOut);
    assert!(start.elapsed() < Duration::from_secs(30));
    thread::sleep(Duration::from_millis(100));
    assert!(!alive(&std::fs::read_to_string(pid).unwrap()), "the grandchild lives on");
}

#[test]
fn group_that_ignores_sigterm_is_killed() {
    let mut command = sh("trap '' TERM; while :; do sleep 0.1; done");
    command.deadline = Some(Instant::now());
    assert_eq!(Runner::quiet().run(&command).unwrap().ended, Ended::TimedOut);
}

#[test]
fn what_a_leader_leaves_behind_is_killed() {
    let done = Runner::quiet().run(&sh("sleep 60 >/dev/null 2>&1 & echo $!").capture()).unwrap();
    thread::sleep(Duration::from_millis(100));
    assert!(done.ok() && !alive(&done.text()));
}

#[test]
fn a_stop_signal_ends_children_and_is_an_error() {
    let run = Runner::quiet();
    let start = Instant::now();
    let result = thread::scope(|scope| {
        let job = scope.spawn(|| run.run(&sh("sleep 60")));
        thread::sleep(Duration::from_millis(200));
        run.stop.store(15, Ordering::SeqCst);
        job.join().unwrap()
    });
    assert!(matches!(result, Err(Error::Signal(15))), "{result:?}");
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(matches!(run.run(&sh("true")), Err(Error::Signal(15))), "nothing new starts");
}

#[test]
fn guard_forgets_groups_that_ended_and_kills_those_that_did_not() {
    let mut sleeper = |_| {
        let mut c = std::process::Command::new("sleep");
        c.arg("60").process_group(0).spawn().unwrap()
    };
    let mut children: Vec<Child> = (0..3).map(&mut sleeper).collect();
    let mut guard = Guard::start().unwrap();
    let pids: Vec<Pid> = children.iter().map(|c| Pid::from_raw(c.id() as i32)).collect();
    for &pid in &pids {
        guard.tell('+', pid);
    }
    guard.tell('-', pids[1]);
    drop(guard);
    let ended: Vec<bool> = children
        .iter_mut()
        .map(|c| {
            thread::sleep(Duration::from_millis(50));
            let ended = c.try_wait().unwrap().is_some();
            let _ = c.kill();
            let _ = c.wait();
            ended
        })
        .collect();
    assert_eq!(ended, [true, false, true]);
}

#[test]
fn programs_and_directories_that_are_missing_are_named() {
    let run = Runner::quiet();
    let err = run.run(&Command::new(["/nonexistent/make"])).unwrap_err().to_string();
    assert!(err.starts_with("/nonexistent/make: no such program"), "{err}");
    let err = run.run(&sh("true").cwd("/nonexistent/dir")).unwrap_err().to_string();
    assert_eq!(err, "/nonexistent/dir: no such directory");
}

#[test]
fn words_are_quoted_for_a_shell() {
    assert_eq!(quote("ARCH=arm64"), "ARCH=arm64");
    assert_eq!(quote("CC=ccache gcc"), "'CC=ccache gcc'");
    assert_eq!(quote("it's"), r"'it'\''s'");
    assert_eq!(quote(""), "''");
}
