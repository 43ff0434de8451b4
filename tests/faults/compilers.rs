//! Compilers that fail, hang, talk without end, and are killed.

use std::fmt::Write as _;

use wait4::Wait4;

use super::*;

#[test]
fn compiler_fails() {
    let Some(site) = Site::new() else { return };
    site.fault("set -- \"$@\" -include no-such-header.h");
    let output = site.run(3, &[]);
    let reason = site.reason("with");
    assert!(reason.contains("fatal error: no-such-header.h: No such file"), "{reason}");
    assert!(said(&output).contains("2 of 2 cells have no result"), "{}", said(&output));
    site.no_fault();
    site.resumes("out");
}

#[test]
fn compiler_hangs() {
    let Some(site) = Site::new() else { return };
    // It does not even end when it is asked to.
    site.fault("trap '' TERM; while :; do sleep 1; done");
    let start = Instant::now();
    site.run(3, &["--timeout=8s"]);
    assert!(start.elapsed() < Duration::from_secs(60));
    site.is_idle("out");
    let reason = site.reason("with");
    assert!(reason.contains("not finished after 8 s (--timeout), while building"), "{reason}");
    site.no_fault();
    // The words of the run are those of the run that is gone on with.
    let output = site.command("out", &["--resume"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let run = site.result("out");
    for (cell, calm) in run["cells"].as_array().unwrap().iter().zip(site.cells()) {
        assert_eq!(cell["measured"], calm["measured"]);
    }
}

#[test]
fn compiler_prints_gigabytes() {
    const SAID: u64 = 2_000_000_000;
    let Some(site) = Site::new() else { return };
    let script = format!(
        "case $PWD in *without*) ;; *) yes {} | head -c {SAID} >&2 ;; esac",
        "and-so-on-".repeat(10)
    );
    site.fault(&script);
    let mut command = site.build("out", &[]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ended = child.wait4().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    // Its own, and that of the largest program that it waited for.
    let memory = ended.rusage.maxrss;
    assert!(memory < 300 << 20, "{memory} bytes of memory");
    let log = fs::metadata(site.cell("out", "with").join("build.log")).unwrap().len();
    assert!((64 << 20..65 << 20).contains(&log), "a log of {log} bytes");
    let text = fs::read(site.cell("out", "with").join("build.log")).unwrap();
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains("bytes are left out here\n"));
    let end = &text[text.rfind("left out here").unwrap()..];
    assert!(end.contains("  NM      System.map\n"), "the end is kept: {end}");
    // The sizes are right; what was counted in the log is not known.
    let run = site.result("out");
    let (with, calm) = (&run["cells"][1], &site.cells()[1]);
    assert_eq!(with["measured"], calm["measured"]);
    assert!(with["objects"].is_null() && calm["objects"].is_u64(), "{with}");
}

#[test]
fn compiler_is_killed() {
    let Some(site) = Site::new() else { return };
    site.fault("kill -9 $$");
    site.run(3, &[]);
    let reason = site.reason("with");
    assert!(reason.contains("mm/gup.o: Error 137: killed (out of memory?)"), "{reason}");
    site.no_fault();
    site.resumes("out");
}

#[test]
fn compiler_has_no_memory() {
    let Some(site) = Site::new() else { return };
    // A string of 256 MB, and less than that to write it into.
    let mut hungry = "#define M0 \"0123456789abcdef\"\n".to_owned();
    for n in 0..24 {
        writeln!(hungry, "#define M{} M{n} M{n}", n + 1).unwrap();
    }
    hungry += "static const char hungry[] __attribute__((used)) = M24;\n";
    fs::write(site.path("hungry.h"), hungry).unwrap();
    let include = format!("set -- \"$@\" -include {}", site.path("hungry.h").display());
    site.fault(&format!("{include}; ulimit -v 300000"));
    site.run(3, &[]);
    let reason = site.reason("with");
    assert!(reason.contains("memory"), "{reason}");
    site.no_fault();
    site.resumes("out");
    // And ended by the kernel, where it lets us set a limit.
    let Some(group) = Limited::new(100 << 20) else {
        eprintln!("SKIPPED in part: no memory limit can be set here (cgroup)");
        return;
    };
    fs::remove_dir_all(site.path("out")).unwrap();
    site.fault(&format!("{include}; echo $$ > {}", group.0.join("cgroup.procs").display()));
    site.run(3, &[]);
    let reason = site.reason("with");
    assert!(reason.contains("Killed signal terminated program cc1"), "{reason}");
    site.no_fault();
    site.resumes("out");
}

/// A control group of processes that get no more than so many bytes together.
struct Limited(PathBuf);

impl Limited {
    fn new(bytes: u64) -> Option<Self> {
        let name = format!("hmmsize-test-{}", std::process::id());
        [("memory", "memory.limit_in_bytes"), ("", "memory.max")].into_iter().find_map(|way| {
            let dir = Path::new("/sys/fs/cgroup").join(way.0).join(&name);
            fs::create_dir(&dir).ok()?;
            let group = Self(dir);
            fs::write(group.0.join(way.1), bytes.to_string()).ok()?;
            // Where there is swap, it would be used instead.
            for (file, limit) in [("memory.memsw.limit_in_bytes", bytes), ("memory.swap.max", 0)] {
                let _ = fs::write(group.0.join(file), limit.to_string());
            }
            Some(group)
        })
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

impl Site {
    /// The cells of the undisturbed run.
    fn cells(&self) -> &[Value] {
        self.calm["cells"].as_array().unwrap()
    }
}
