//! A patch series of the shape of the one that merged HMM, in `fixtures/series`: eight patches for the
//! small tree, each with a commit message that says what it costs. `hmmsize audit --base` builds what
//! is before and after, and must say the same.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use hmmsize::model::audit::{Cost, Growth, Lacks, Report, Verdict, Why};
use support::{fixtures, have, hmmsize, scratch};

/// The small tree as a git repository, and patches that are applied one by one.
struct Series {
    dir: tempfile::TempDir,
    patches: Vec<PathBuf>,
}

impl Series {
    /// `None` where a tool is missing.
    fn new() -> Option<Self> {
        if !["make", "gcc", "ld", "git"].iter().all(|tool| have(tool)) {
            return None;
        }
        let dir = scratch();
        let (from, to) = (fixtures("tree"), dir.path().join("linux"));
        support::run(Path::new("/"), "cp", ["-r".as_ref(), from.as_os_str(), to.as_os_str()]);
        let mut patches: Vec<PathBuf> =
            fs::read_dir(fixtures("series")).unwrap().map(|entry| entry.unwrap().path()).collect();
        patches.sort();
        let series = Self { dir, patches };
        series.git(&["init", "-q"]);
        series.git(&["add", "-A", "-f"]);
        series.git(&["commit", "-qm", "A small tree"]);
        Some(series)
    }

    fn git(&self, args: &[&str]) {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
        support::run(&self.dir.path().join("linux"), "git", identity.iter().chain(args));
    }

    /// Applies the patch whose name begins with `number`, and says what it costs.
    fn audit(&self, number: &str, options: &str, code: i32) -> Report {
        let is_it = |path: &&PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(number))
        };
        let patch = self.patches.iter().find(is_it).expect("the patch");
        self.git(&["am", "-q", patch.to_str().unwrap()]);
        let mut command = hmmsize();
        command.env("XDG_CACHE_HOME", self.dir.path().join("cache")).env_remove("MAKEFLAGS");
        command.current_dir(self.dir.path());
        command.args(["audit", "-C", "linux", "--base", "HEAD~1", "--option", options, "-q"]);
        command.args(["--arch", "x86_64", "--base-config", "defconfig", "--format", "json"]);
        let output = command.arg(format!("O={number}")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{number}: {said}");
        let value = serde_json::from_slice(&output.stdout).expect("JSON");
        support::schema::check("audit", &value);
        serde_json::from_value(value).unwrap()
    }
}

fn on(report: &Report) -> &Cost {
    report.arches[0].on.as_ref().expect("with and without")
}

fn off(report: &Report) -> &Cost {
    report.arches[0].off.as_ref().expect("before and after, the option off")
}

/// Symbols that grew or came, sorted.
fn grown(cost: &Cost) -> Vec<&str> {
    let is_symbol = |name: &&str| !name.starts_with('(');
    let up = cost.rows.iter().filter(|row| row.delta > 0);
    let mut names: Vec<&str> = up.map(|row| row.name.as_str()).filter(is_symbol).collect();
    names.sort_unstable();
    names
}

/// Bytes of one reason, option and kind of growth.
fn bytes(cost: &Cost, why: Why, option: &str, growth: Option<Growth>) -> i64 {
    let groups = cost.groups.iter().filter(|group| {
        group.why == why && group.option.as_deref() == Some(option) && group.growth == growth
    });
    groups.map(|group| group.bytes).sum()
}

/// The function has a stub, and its prototype is where it should be.
fn has_stub(report: &Report, name: &str) {
    let function = report.functions.iter().find(|one| one.name == name);
    let function = function.unwrap_or_else(|| panic!("{name} is gated"));
    assert_eq!(function.lacks, Lacks::Nothing, "{name}");
    assert!(!function.stubs.is_empty() && !function.prototypes.is_empty(), "{name}");
}

/// Both kinds of costs are exact: the parts are the whole.
fn exact(report: &Report) {
    for cost in [on(report), off(report)] {
        assert_eq!(cost.groups.iter().map(|group| group.bytes).sum::<i64>(), cost.dec);
        assert_eq!(cost.rows.iter().map(|row| row.delta).sum::<i64>(), cost.payload);
    }
}

/// Nothing is larger without the option.
fn costs_nothing(report: &Report) {
    exact(report);
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.reasons);
    assert_eq!(grown(off(report)), [""; 0]);
}

#[test]
fn what_each_patch_says_it_costs_is_what_the_audit_says() {
    let Some(series) = Series::new() else { return };

    // A helper with its stub.
    let find = series.audit("0001", "DEVMEM", 0);
    costs_nothing(&find);
    has_stub(&find, "devmem_find");
    assert!(bytes(on(&find), Why::Direct, "DEVMEM", None) > 0);

    // A pair of get and put.
    let pair = series.audit("0002", "DEVMEM", 0);
    costs_nothing(&pair);
    has_stub(&pair, "devmem_get");
    has_stub(&pair, "devmem_put");

    // An argument that is threaded through costs everybody.
    let altmap = series.audit("0003", "DEVMEM", 1);
    exact(&altmap);
    assert_eq!(altmap.verdict, Verdict::Broken);
    assert_eq!(grown(off(&altmap)), ["add_memory"]);
    let leak = off(&altmap).rows[0].leak.as_ref().expect("a line");
    assert!(leak.place.starts_with("mm/memory_hotplug.c:"), "{leak:?}");

    // Guards that say no more than Kconfig does change no byte, on or off.
    let guards = series.audit("0004", "DEVMEM", 0);
    costs_nothing(&guards);
    assert_eq!(off(&guards).payload, 0);
    assert_eq!(on(&guards).groups, on(&altmap).groups);

    // A new kind of memory, behind an option of its own.
    let private = series.audit("0005", "DEVMEM,DEVMEM_PRIVATE", 0);
    costs_nothing(&private);
    has_stub(&private, "devmem_private_fault");
    assert!(bytes(on(&private), Why::Direct, "DEVMEM_PRIVATE", None) > 0);

    // A hot inline function: every caller grows, by what is behind the option.
    let inline = series.audit("0006", "DEVMEM,DEVMEM_PRIVATE", 0);
    costs_nothing(&inline);
    assert!(bytes(on(&inline), Why::Ungated, "DEVMEM_PRIVATE", Some(Growth::Inline)) > 0);
    let through: Vec<&str> = on(&inline)
        .rows
        .iter()
        .filter(|row| row.through.first().is_some_and(|name| name == "put_page"))
        .map(|row| row.name.as_str())
        .collect();
    assert!(through.len() >= 8 && through.contains(&"shrink_lru"), "{through:?}");

    // Another kind of memory, a field of struct page behind its option, and what everybody pays.
    let all = "DEVMEM,DEVMEM_PRIVATE,DEVMEM_COHERENT";
    let coherent = series.audit("0007", all, 1);
    exact(&coherent);
    assert_eq!(coherent.verdict, Verdict::Broken);
    assert_eq!(grown(off(&coherent)), ["devmem_report", "devmem_swapped"]);
    for row in off(&coherent).rows.iter().filter(|row| row.name.starts_with("devmem")) {
        let leak = row.leak.as_ref().expect("a line");
        assert!(leak.place.starts_with("mm/swap.c:"), "{leak:?}");
        assert_eq!(leak.guard, "#ifdef CONFIG_DEVMEM");
    }
    // 256 times a long.
    let pages = bytes(on(&coherent), Why::Ungated, "DEVMEM_COHERENT", Some(Growth::Data));
    assert_eq!(pages, 2048);

    // Moved behind the option: what everybody paid is gone.
    let behind = series.audit("0008", all, 0);
    costs_nothing(&behind);
    assert_eq!(off(&behind).payload, -off(&coherent).payload);
}
