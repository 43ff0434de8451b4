//! Faults that are put into `hmmsize build` on purpose, with real make, compilers and linkers: what the
//! user sees, what is left on disk, and that going on comes to what an undisturbed run says, bit for bit.
//!
//! The table of the README has a row for each of them, under the name of its test.

mod support;

#[path = "faults/clock.rs"]
mod clock;
#[path = "faults/compilers.rs"]
mod compilers;
#[path = "faults/disk.rs"]
mod disk;
#[path = "faults/programs.rs"]
mod programs;
#[path = "faults/signals.rs"]
mod signals;
#[path = "faults/source.rs"]
mod source;
#[path = "faults/table.rs"]
mod table;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::small::{Place, said};

/// What is built: two cells, of some thirty objects each.
const MATRIX: &str = "-C linux --arch=x86_64 --base-config=tinyconfig --fragment=reach.config \
    --option=ZONE_DEVICE --no-ccache -j2";

/// The small tree, a compiler that can be told to go wrong, and what an undisturbed run comes to.
struct Site {
    place: Place,
    calm: Value,
}

impl Site {
    /// `None` where make or the native compiler is missing.
    fn new() -> Option<Self> {
        let place = Place::new()?;
        let bin = place.path("bin");
        fs::create_dir(&bin).unwrap();
        // `fault` is run in place of the compiler's first steps, for one file of each cell.
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *mm/gup.c*) [ ! -e {0} ] || . {0} ;; esac\nexec {1} \"$@\"\n",
            place.path("fault").display(),
            program("gcc").display()
        );
        fs::write(bin.join("gcc"), script).unwrap();
        fs::set_permissions(bin.join("gcc"), fs::Permissions::from_mode(0o755)).unwrap();
        let mut site = Self { place, calm: Value::Null };
        let output = site.build("calm", &[]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        site.calm = site.result("calm");
        Some(site)
    }

    /// `hmmsize build O=OUT` with the matrix and these further words.
    fn build(&self, out: &str, words: &[&str]) -> Command {
        let mut command = self.command(out, words);
        command.args(MATRIX.split(' '));
        command
    }

    /// `hmmsize build O=OUT` with these words only.
    fn command(&self, out: &str, words: &[&str]) -> Command {
        let path = std::env::var("PATH").unwrap();
        let mut command = self.place.command(&["build", &format!("O={out}")]);
        command.args(words).env("PATH", format!("{}:{path}", self.place.path("bin").display()));
        command.env("COLUMNS", "400");
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path(name)
    }

    /// What the compiler is made to do.
    fn fault(&self, script: &str) {
        fs::write(self.path("fault"), script).unwrap();
    }

    fn no_fault(&self) {
        fs::remove_file(self.path("fault")).unwrap();
    }

    /// Builds into `out` and expects this exit code.
    fn run(&self, code: i32, words: &[&str]) -> Output {
        let output = self.build("out", words).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}\n{}", said(&output));
        output
    }

    fn result(&self, out: &str) -> Value {
        let text = fs::read(self.path(out).join("run.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// The reason why a cell has no result.
    fn reason(&self, variant: &str) -> String {
        let run = self.result("out");
        let cell = &run["cells"][usize::from(variant == "with")];
        assert_eq!(cell["variant"], variant);
        assert!(cell["measured"].is_null(), "a failed cell has no sizes: {cell}");
        assert!(!self.cell("out", variant).join("cell.json").exists());
        cell["status"]["reason"].as_str().unwrap_or_default().to_owned()
    }

    fn cell(&self, out: &str, variant: &str) -> PathBuf {
        self.path(out).join("x86_64/linux").join(variant)
    }

    /// Goes on with what is in `out`, and expects what an undisturbed run says.
    fn resumes(&self, out: &str) {
        // What was ended before it knew what it had to do is started again.
        let begun = self.path(out).join("run.json").exists();
        let mut command =
            if begun { self.command(out, &["--resume"]) } else { self.build(out, &[]) };
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        self.is_calm(out);
    }

    /// Whether run.json is that of the undisturbed run but for times, and the kernels are the same.
    fn is_calm(&self, out: &str) {
        let text = |run: &Value| {
            let mut run = run.clone();
            for cell in run["cells"].as_array_mut().unwrap() {
                for time in ["/wall_s", "/cpu_s", "/forecast/cpu_s"] {
                    let time = cell.pointer_mut(time).unwrap();
                    assert!(time.is_number());
                    *time = Value::Null;
                }
            }
            serde_json::to_string_pretty(&run).unwrap()
        };
        let calm = text(&self.calm).replace("\"O=calm\"", &format!("\"O={out}\""));
        similar_asserts(&calm, &text(&self.result(out)));
        for cell in self.calm["cells"].as_array().unwrap() {
            let file = cell["measured"]["file"].as_str().unwrap();
            let kernel = |out: &str| fs::read(self.path(out).join(file)).unwrap();
            assert!(kernel("calm") == kernel(out), "{out}/{file}: other bytes");
        }
    }

    /// Starts a build whose compiler sleeps, and waits until it does.
    fn asleep(&self, words: &[&str]) -> Child {
        let mark = self.path("asleep");
        let _ = fs::remove_file(&mark);
        self.fault(&format!("touch {}; sleep 5", mark.display()));
        let mut command = self.build("out", words);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let start = Instant::now();
        while !mark.exists() {
            assert!(start.elapsed() < Duration::from_secs(60), "the build does not begin");
            sleep(Duration::from_millis(20));
        }
        child
    }

    /// The processes whose command line names `out`, with their command lines.
    fn processes(&self, out: &str) -> Vec<(i32, String)> {
        let place = self.path(out).display().to_string();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
            let Ok(words) = fs::read(entry.path().join("cmdline")) else { continue };
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            let below =
                fs::read_link(entry.path().join("cwd")).is_ok_and(|d| d.starts_with(&place));
            if words.contains(&place) || below {
                found.push((pid, words));
            }
        }
        found
    }

    /// Nothing that was started works on, at the latest after a moment.
    fn is_idle(&self, out: &str) {
        let start = Instant::now();
        loop {
            let left = self.processes(out);
            if left.is_empty() {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "children live on: {left:?}");
            sleep(Duration::from_millis(50));
        }
    }
}

/// Two texts that must be equal, with the first line that is not.
fn similar_asserts(expected: &str, got: &str) {
    let mut lines = expected.lines().zip(got.lines()).enumerate();
    let other = lines.find(|(_, (a, b))| a != b);
    assert!(expected == got, "line, (undisturbed, this run): {other:?}");
}

/// Where a program is.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let mut files = std::env::split_paths(&path).map(|dir| dir.join(name));
    files.find(|file| file.is_file()).unwrap()
}

/// Whether a file system may be mounted here: what to put before `sh -c` to be able to. Under
/// CI=true it must be.
fn mounting(dir: &Path) -> Option<&'static [&'static str]> {
    let probe = r#"mount -t tmpfs tmpfs "$0" && umount "$0""#;
    let ways: [&[&str]; 2] = [&["env"], &["unshare", "--map-root-user", "--mount"]];
    let found = ways.into_iter().find(|way| {
        let mut command = Command::new(way[0]);
        command.args(&way[1..]).args(["sh", "-c", probe]).arg(dir);
        command.output().is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        assert!(!support::ci(), "CI=true: mounting is not permitted");
        eprintln!("SKIPPED: mounting is not permitted here");
    }
    found
}
