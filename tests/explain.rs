//! `hmmsize explain` on the small tree: what it says, and that no answer is older than the tree.

#[path = "explain/bytes.rs"]
mod bytes;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use support::{fixtures, scratch};

/// A copy of the tree that may be changed, and a cache of its own.
struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new() -> Self {
        let dir = scratch();
        let copied = Command::new("cp")
            .arg("-r")
            .arg(fixtures("tree"))
            .arg(dir.path().join("tree"))
            .status()
            .expect("cp");
        assert!(copied.success());
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("tree").join(name)
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).expect("a file of the tree");
        assert!(text.contains(from), "{name}: {from}");
        fs::write(self.path(name), text.replace(from, to)).expect("written");
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let out = Command::new(env!("CARGO_BIN_EXE_hmmsize"))
            .arg("explain")
            .args(args)
            .arg("-C")
            .arg(self.path(""))
            .env("HMMSIZE_CACHE", self.dir.path().join("cache"))
            .env("COLUMNS", "80")
            .output()
            .expect("hmmsize runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.code().unwrap_or(-1), text(&out.stdout), text(&out.stderr))
    }

    /// The first answer as JSON, held against the schema.
    fn json(&self, name: &str) -> Value {
        let (code, out, err) = self.run(&[name, "--format", "json"]);
        assert_eq!(code, 0, "{err}");
        let report: Value = serde_json::from_str(&out).expect("JSON");
        support::schema::check("explain", &report);
        report["answers"][0].clone()
    }

    fn index(&self, ending: &str) -> PathBuf {
        let files = fs::read_dir(self.dir.path().join("cache/explain")).expect("an index");
        let mut files = files.map(|file| file.expect("a file").path());
        files.find(|file| file.extension().is_some_and(|have| have == ending)).expect(ending)
    }
}

fn list<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    let items = value.as_array().unwrap_or_else(|| panic!("no list: {value}"));
    items.iter().map(|item| item[key].as_str().unwrap_or_default()).collect()
}

/// One thread is enough: nobody waits for work that only the waiting thread could do. With several, the
/// index is the same. (nextest ends a test that hangs.)
#[test]
fn one_thread_is_enough() {
    let tree = Tree::new();
    let indexed = |jobs: &str| -> Vec<(String, Vec<u8>)> {
        let _ = fs::remove_dir_all(tree.dir.path().join("cache"));
        let (code, out, err) = tree.run(&["CONFIG_ZONE_DEVICE", "--witness", "--jobs", jobs]);
        assert_eq!(code, 0, "{err}");
        let kept = ["options", "objects", "names"]
            .map(|ending| (ending.to_owned(), fs::read(tree.index(ending)).expect("an index")));
        [("answer".to_owned(), out.into_bytes())].into_iter().chain(kept).collect()
    };
    assert!(indexed("1") == indexed("3"), "the index depends on the number of threads");
}

#[test]
fn an_option_with_everything_about_it() {
    let tree = Tree::new();
    let one = tree.json("CONFIG_ZONE_DEVICE");
    assert_eq!(one["kind"], "option");
    let facts = &one["facts"];
    assert_eq!(facts["definitions"][0]["menu"], serde_json::json!(["Memory"]));
    assert_eq!(facts["reach"]["yes"], serde_json::json!(["arm64", "powerpc", "riscv", "x86"]));
    assert_eq!(facts["reach"]["never"], serde_json::json!(["arm", "mips", "s390"]));
    assert_eq!(list(&one["rules"], "text"), ["obj-$(CONFIG_ZONE_DEVICE) += memremap.o"]);
    assert_eq!(one["guards"].as_array().map(Vec::len), Some(6));
    let functions = list(&one["functions"], "name");
    assert!(functions.contains(&"memremap_pages") && functions.contains(&"pagemap_insert"));
    // Who selects, and who is selected.
    let mirror = tree.json("HMM_MIRROR");
    assert!(list(&mirror["facts"]["selected_by"], "option").contains(&"HMM"));
    let witness = tree.run(&["ZONE_DEVICE", "--witness", "--arch", "x86,arm"]).1;
    assert!(witness.contains("On with allnoconfig of x86 and\n"), "{witness}");
    assert!(witness.contains("  CONFIG_ZONE_DEVICE=y\n"), "{witness}");
    assert!(witness.contains("No configuration of arm has it on"), "{witness}");
}

#[test]
fn a_function_with_its_stub_and_who_calls_it() {
    let tree = Tree::new();
    let one = tree.json("hmm_mm_init");
    assert_eq!(one["kind"], "function");
    assert_eq!(list(&one["definitions"], "place"), ["mm/hmm.c:36"]);
    let chain = &one["definitions"][0]["chain"];
    assert_eq!(list(&chain["guards"], "text"), ["#ifdef CONFIG_HMM"]);
    let way = &chain["objects"][0]["ways"][0];
    assert_eq!(way["rules"][0]["text"], "obj-$(CONFIG_HMM_MIRROR) += hmm.o");
    assert_eq!(list(&one["stubs"], "place"), ["include/linux/hmm.h:15"]);
    assert_eq!(list(&one["prototypes"], "place"), ["include/linux/hmm.h:12"]);
    assert_eq!(list(&one["callers"], "place"), ["init/main.c:39", "kernel/fork.c:41"]);
    let exported = tree.json("hmm_range_fault");
    assert_eq!(exported["exported"], serde_json::json!(["mm/hmm.c:31"]));
    let inner = list(&exported["callers"], "within");
    assert!(inner.contains(&"hmm_mm_destroy"), "{inner:?}");
}

#[test]
fn a_line_and_a_file() {
    let tree = Tree::new();
    let line = tree.json("mm/hmm.c:37");
    assert_eq!((&line["within"], &line["line"]), (&"hmm_mm_init".into(), &37.into()));
    assert_eq!(list(&line["chain"]["guards"], "place"), ["mm/hmm.c:33"]);
    let file = tree.json("mm/hmm.c");
    assert_eq!(file["functions"].as_array().map(Vec::len), Some(4));
    assert_eq!(file["functions"][3]["options"], serde_json::json!(["HMM"]));
}

#[test]
fn what_has_two_meanings_has_two_answers_and_what_has_none_a_proposal() {
    let tree = Tree::new();
    fs::write(
        tree.path("mm/other.c"),
        "static int hmm_vma_walk(void) { return 0; }\nint HMM(void);\n",
    )
    .expect("written");
    let walk = tree.json("hmm_vma_walk");
    assert_eq!(list(&walk["definitions"], "place"), ["mm/hmm.c:5", "mm/other.c:1"]);
    let (code, out, err) = tree.run(&["hmm_mm_inti"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("did you mean hmm_mm_init"), "{err}");
    let (code, _, err) = tree.run(&["CONFIG_ZONE_DEVIC"]);
    assert_eq!(code, 2);
    assert!(
        err.contains("no option of the tree has that name; did you mean CONFIG_ZONE_DEVICE"),
        "{err}"
    );
    assert_eq!(tree.run(&["x", "--arch", "vax"]).0, 2);
}

#[test]
fn an_answer_is_never_older_than_the_tree() {
    let tree = Tree::new();
    let callers = |tree: &Tree| -> Vec<String> {
        let one = tree.json("hmm_mm_init");
        list(&one["callers"], "place").iter().map(|place| (*place).to_owned()).collect()
    };
    assert_eq!(callers(&tree), ["init/main.c:39", "kernel/fork.c:41"]);
    assert!(!tree.run(&["hmm_mm_init"]).2.contains("indexing"), "the index is used");
    // A caller more in a file that is there, one less, a file more, a file less.
    tree.edit("mm/gup.c", "	int i;\n\n", "	int i;\n\n	hmm_mm_init();\n");
    assert_eq!(callers(&tree), ["init/main.c:39", "kernel/fork.c:41", "mm/gup.c:9"]);
    tree.edit("init/main.c", "hmm_mm_init();", "");
    assert_eq!(callers(&tree), ["kernel/fork.c:41", "mm/gup.c:9"]);
    assert!(!tree.run(&["hmm_mm_init"]).2.contains("indexing"), "edits need no new index");
    fs::write(tree.path("mm/new.c"), "void f(void) { hmm_mm_init(); }\n").expect("written");
    assert_eq!(callers(&tree), ["kernel/fork.c:41", "mm/gup.c:9", "mm/new.c:1"]);
    fs::remove_file(tree.path("mm/gup.c")).expect("removed");
    assert_eq!(callers(&tree), ["kernel/fork.c:41", "mm/new.c:1"]);
    // Other contents of the same length, with the time that it had.
    let new = tree.path("mm/new.c");
    let time = fs::metadata(&new).and_then(|meta| meta.modified()).expect("a time");
    fs::write(&new, "void f(void) { hmm_mm_inid(); }\n").expect("written");
    fs::File::options().append(true).open(&new).and_then(|f| f.set_modified(time)).expect("set");
    assert_eq!(callers(&tree), ["kernel/fork.c:41"]);
    // A function that the index has never heard of, and who named it before.
    fs::write(tree.path("mm/late.c"), "int mirrors(void) { return 1; }\n").expect("written");
    let late = tree.json("mirrors");
    assert_eq!(list(&late["definitions"], "place"), ["mm/late.c:1"]);
    // Kconfig and makefiles.
    tree.edit("mm/Makefile", "obj-$(CONFIG_HMM_MIRROR) += hmm.o", "obj-$(CONFIG_MMU) += hmm.o");
    let rules = tree.json("mm/hmm.c")["chain"]["objects"][0]["ways"][0]["rules"].clone();
    assert_eq!(rules[0]["text"], "obj-$(CONFIG_MMU) += hmm.o");
    tree.edit("mm/Kconfig", "Device memory: pages", "Pages");
    let facts = tree.json("CONFIG_ZONE_DEVICE")["facts"].clone();
    assert_eq!(facts["definitions"][0]["prompt"], "Pages for memory of devices");
}

#[test]
fn an_old_time_does_not_hide_what_changed_long_ago() {
    let tree = Tree::new();
    let old = SystemTime::now() - Duration::from_secs(3600);
    let gup = tree.path("mm/gup.c");
    let set = |path: &Path| {
        fs::File::options().append(true).open(path).and_then(|f| f.set_modified(old)).expect("set");
    };
    set(&gup);
    // No longer racy, so that its times are believed.
    std::thread::sleep(Duration::from_millis(2200));
    assert_eq!(list(&tree.json("get_user_pages")["definitions"], "place"), ["mm/gup.c:5"]);
    let text = fs::read_to_string(&gup).expect("a file");
    fs::write(&gup, text.replace("get_user_pages", "get_used_pages")).expect("written");
    set(&gup);
    assert_eq!(tree.json("get_used_pages")["definitions"][0]["place"], "mm/gup.c:5");
    assert_eq!(tree.run(&["get_user_pages"]).0, 2);
}

#[test]
fn a_damaged_index_is_made_again_and_the_tree_is_not_written() {
    let tree = Tree::new();
    let before = tree.json("hmm_mm_init");
    for ending in ["names", "objects", "options"] {
        let file = tree.index(ending);
        let good = fs::read(&file).expect("an index");
        for (at, byte) in [(0, b'x'), (30, 0xff), (good.len() / 2, 0xff), (good.len() - 1, 0xff)] {
            let mut bad = good.clone();
            bad[at] ^= byte;
            fs::write(&file, &bad).expect("written");
            assert_eq!(tree.json("hmm_mm_init"), before, "{ending} {at}");
        }
        for cut in [0, 10, good.len() / 3, good.len() - 1] {
            fs::write(&file, &good[..cut]).expect("written");
            assert_eq!(tree.json("hmm_mm_init"), before, "{ending} cut at {cut}");
        }
    }
    // Stamps that claim anything.
    fs::write(tree.index("stamps"), b"1 2 3 4 5\0\xff\xff\0 9 9 9 9").expect("written");
    assert_eq!(tree.json("hmm_mm_init"), before);
    let same = Command::new("diff").args(["-r"]).arg(fixtures("tree")).arg(tree.path("")).output();
    assert!(same.expect("diff").stdout.is_empty(), "the tree was written");
}

#[test]
fn text_fits_the_width() {
    let tree = Tree::new();
    for name in ["ZONE_DEVICE", "put_page", "mm/hmm.c", "mm/hmm.c:37"] {
        let (code, out, _) = tree.run(&[name]);
        assert_eq!(code, 0);
        for line in out.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let (_, text, _) = tree.run(&[name, "--format", "markdown"]);
        assert!(text.starts_with("### ") && text.matches("```").count() == 2, "{text}");
    }
}
