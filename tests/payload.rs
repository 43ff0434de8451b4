//! Payload, padding, classes and measuring, held against real linkers: GNU ld and, where it is
//! installed, ld.lld link small programs here, and their maps must account for every byte.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The `ld.lld` to test with: the one on PATH, else the one that comes with Rust; `None`, which
/// fails under CI, where there is neither.
fn lld() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|dir| dir.join("ld.lld")).find(|file| file.is_file())
    });
    let found = on_path.or_else(|| {
        let out = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
        let root = Path::new(String::from_utf8(out.stdout).ok()?.trim()).join("lib/rustlib");
        let hosts = std::fs::read_dir(root).ok()?;
        hosts
            .filter_map(|host| Some(host.ok()?.path().join("bin/gcc-ld/ld.lld")))
            .find(|file| file.is_file())
    });
    if found.is_none() {
        support::have("ld.lld");
    }
    found
}

/// GNU ld, and `ld.lld` where there is one.
fn linkers() -> Vec<(&'static str, PathBuf)> {
    let gnu = ("ld", PathBuf::from("ld"));
    std::iter::once(gnu).chain(lld().map(|path| ("ld.lld", path))).collect()
}

#[path = "payload/kallsyms.rs"]
mod kallsyms;
#[path = "payload/linked.rs"]
mod linked;
#[path = "payload/measure.rs"]
mod measure;
#[path = "payload/mutate.rs"]
mod mutate;
#[path = "payload/prelink.rs"]
mod prelink;
