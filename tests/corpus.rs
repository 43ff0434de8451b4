//! What the fuzzers kept, through the same code: no panic, and bounded time and memory.
//!
//! The corpora are packed (`fuzz/corpus/NAME.tar.xz`), beside them are inputs that once were findings.
//! Limits are those of the project: 5 s and 512 MB for any input of 10 MB.

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use support::{have, run, scratch};

#[path = "../fuzz/drivers.rs"]
mod drivers;

/// Inputs of a target, with their names: first the plain files, then what is packed, each in order.
fn inputs(name: &str, into: &Path) -> [Vec<(String, Vec<u8>)>; 2] {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let packed = corpus.join(format!("{name}.tar.xz"));
    if packed.is_file() {
        run(into, "tar", ["-xJf", packed.to_str().unwrap()]);
    }
    [corpus.join(name), into.join(name)].map(|dir| {
        let mut inputs = Vec::new();
        for entry in fs::read_dir(&dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            inputs.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
        inputs.sort();
        inputs
    })
}

#[test]
fn what_the_fuzzers_kept_is_read_again() {
    if !have("xz") {
        return;
    }
    let mut read = 0;
    for (name, driver) in drivers::ALL {
        let dir = scratch();
        let all = inputs(name, dir.path()).concat();
        assert!(!all.is_empty(), "no corpus of {name}");
        for (file, data) in &all {
            let start = Instant::now();
            driver(data);
            let took = start.elapsed();
            assert!(took < Duration::from_secs(5), "{file}: {took:?}");
        }
        read += all.len();
    }
    assert!(read >= 40, "only {read} inputs");
}

/// The largest input that the promise is about, in bytes. Without optimisation all takes ten times as
/// long, so a tenth is read then, in the same time; `cargo test --release --test corpus` reads it all.
const LARGE: usize = if cfg!(debug_assertions) { 1 << 20 } else { 10 << 20 };
/// How long an input may take. CI's machines are shared: what is linear needs a fraction of it.
const LIMIT: Duration = Duration::from_secs(5);

/// What opens something and never closes it, in one or another language.
const OPEN: [&str; 18] = [
    "(",
    "\n",
    "\0",
    "a",
    "#if A\n",
    "#ifdef CONFIG_A\n#endif\n",
    "#endif\n",
    "ifdef A\n",
    "$(",
    "A \\\n",
    "\"",
    "[[a]]\n",
    "{\"a\":",
    "[",
    "/*",
    " *fill* 0x1 0x1\n",
    "a := $(a)\n",
    "obj-$(CONFIG_A) += a.o\n",
];

/// Large inputs, one at a time: all plain files and some of what is packed, again and again, or with its
/// head only; and what opens something and never closes it, also behind the byte that some targets take
/// for themselves.
fn each_large(kept: &[Vec<(String, Vec<u8>)>; 2], mut each: impl FnMut(&str, Vec<u8>)) {
    let fill = |what: &[u8]| what.iter().copied().cycle().take(LARGE).collect::<Vec<u8>>();
    let [plain, packed] = kept;
    let kept = plain.iter().chain(packed.iter().take(4));
    for (name, data) in kept.filter(|(_, data)| !data.is_empty()) {
        each(&format!("{name} again and again"), fill(data));
        let mut head = data.clone();
        head.resize(LARGE, 0xff);
        each(&format!("{name} and ones"), head);
    }
    for what in OPEN {
        let mut data = fill(what.as_bytes());
        each(what, data.clone());
        data.insert(0, 0);
        each(&format!("0 {what}"), data);
    }
}

/// Peak resident memory of this process so far, in MB.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() / 1024
}

/// Processor time of this process so far: how busy the machine is says nothing about an input.
fn processor_time() -> Duration {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).unwrap();
    let of = |time: nix::sys::time::TimeVal| {
        Duration::from_micros((time.tv_sec() * 1_000_000 + time.tv_usec()).unsigned_abs())
    };
    of(usage.user_time()) + of(usage.system_time())
}

/// A large input takes 5 s and 512 MB at most.
fn bounded(name: &str) {
    if !have("xz") {
        return;
    }
    let (_, driver) = drivers::ALL.into_iter().find(|(known, _)| *known == name).unwrap();
    // Memory is a process's, and only nextest gives each test one of its own.
    let alone = std::env::var_os("NEXTEST").is_some();
    let dir = scratch();
    let kept = inputs(name, dir.path());
    let mut read = 0;
    each_large(&kept, |what, data| {
        let start = processor_time();
        driver(&data);
        let took = processor_time().saturating_sub(start);
        eprintln!("{name}: {:.60}: {} ms, {} MB", what.escape_debug(), took.as_millis(), peak());
        assert!(took < LIMIT, "{name}: {what:?}: {took:?}");
        assert!(!alone || peak() < 512, "{name}: {what:?}: {} MB", peak());
        read += 1;
    });
    assert!(read >= 2 * OPEN.len() + 2, "only {read} inputs");
}

#[test]
fn a_large_archive_is_bounded() {
    bounded("archive");
}

#[test]
fn large_debug_information_is_bounded() {
    bounded("dwarf");
}

#[test]
fn a_large_elf_file_is_bounded() {
    bounded("elf");
}

#[test]
fn a_large_source_file_is_bounded() {
    bounded("guards");
}

#[test]
fn large_json_is_bounded() {
    bounded("json");
}

#[test]
fn a_large_linker_map_is_bounded() {
    bounded("linkmap");
}

#[test]
fn a_large_makefile_is_bounded() {
    bounded("makefile");
}

#[test]
fn large_toml_is_bounded() {
    bounded("toml");
}
