//! `hmmsize gate` and `hmmsize compare run.json`, end to end: every exit code, every format, the
//! ratchet, waivers, and the rule that an option costs nothing where it is off, on real ELF files.

mod support;

#[path = "gate/baseline.rs"]
mod baseline;
#[path = "gate/formats.rs"]
mod formats;
#[path = "gate/input.rs"]
mod input;
#[path = "gate/leak.rs"]
mod leak;
#[path = "gate/report.rs"]
mod report;
#[path = "gate/revisions.rs"]
mod revisions;
#[path = "gate/verdicts.rs"]
mod verdicts;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What a run of the program left.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Runs `hmmsize` with `args` in `dir`.
fn run<S: AsRef<std::ffi::OsStr>>(dir: &Path, args: impl IntoIterator<Item = S>) -> Ran {
    let mut command = support::hmmsize();
    // The width of the terminal that the tests run in is nobody's business.
    let output =
        command.env_remove("COLUMNS").current_dir(dir).args(args).output().expect("hmmsize starts");
    Ran {
        code: output.status.code().expect("no signal"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Runs `hmmsize gate`.
fn gate(dir: &Path, args: &str) -> Ran {
    run(dir, std::iter::once("gate").chain(args.split_whitespace()))
}

/// A directory with a `run.json` that `change` made of the sample, and a `p.toml`.
struct Case {
    dir: tempfile::TempDir,
}

impl Case {
    /// The sample with a cell in every state.
    fn whole(policy: &str) -> Self {
        let case = Self { dir: support::scratch() };
        case.write("run.json", &sample().to_string());
        case.write("p.toml", policy);
        case
    }

    /// The architectures of the sample that have all results.
    fn complete(policy: &str, change: impl FnOnce(&mut Value)) -> Self {
        let case = Self::whole(policy);
        let mut run = complete();
        change(&mut run);
        case.write("run.json", &run.to_string());
        case
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn gate(&self, args: &str) -> Ran {
        gate(self.dir.path(), args)
    }
}

/// `tests/samples/run.v1.json`
fn sample() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/run.v1.json");
    serde_json::from_slice(&fs::read(file).expect("the sample")).expect("JSON")
}

/// The sample's `arm`, `arm64` and `x86_64`, which were all measured.
fn complete() -> Value {
    let mut run = sample();
    let cells = run["cells"].as_array_mut().expect("cells");
    cells.retain(|cell| ["arm", "arm64", "x86_64"].contains(&cell["arch"].as_str().unwrap()));
    run
}

/// The cell `arch`/`variant` of a run.
fn cell<'a>(run: &'a mut Value, arch: &str, variant: &str) -> &'a mut Value {
    let cells = run["cells"].as_array_mut().expect("cells");
    let found = cells.iter_mut().find(|cell| cell["arch"] == arch && cell["variant"] == variant);
    found.expect("a cell of that name")
}

/// A policy that the complete sample is within.
const WIDE: &str = "[[limit]]\nname = \"wide\"\nmax-growth = \"40 KiB\"\n";

/// A policy that arm64 of the sample (+38,304) is over.
const TIGHT: &str = "[[limit]]\nname = \"tight\"\nmax-growth = \"36 KiB\"\n";
