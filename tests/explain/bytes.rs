//! The bytes that `explain` counts in a kernel, held against what `nm` says of that kernel.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::small::Place;
use crate::support::{run, schema};

const ON: &str = "CONFIG_ZONE_DEVICE=y\nCONFIG_DEVICE_PRIVATE=y\n";
const BUILD: [&str; 6] = [
    "build",
    "-C",
    "linux",
    "--arch=x86_64",
    "--base-config=tinyconfig",
    "--fragment=reach.config",
];

/// The first answer about a name, for the images that these words give.
fn bytes(place: &Place, name: &str, images: &[&str]) -> Vec<Value> {
    let words = [&["explain", "-C", "linux", "--format=json", name], images].concat();
    let report: Value = serde_json::from_str(&place.ask(0, &words)).expect("JSON");
    schema::check("explain", &report);
    report["answers"][0]["bytes"].as_array().cloned().unwrap_or_default()
}

/// How many symbols of a name `nm` has in a linked kernel, and their bytes.
fn nm(kernel: &Path, name: &str) -> (usize, u64) {
    let output = run(Path::new("/"), "nm", ["-S".as_ref(), kernel.as_os_str()]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let sizes: Vec<u64> = lines
        .filter(|words| words.len() == 4 && words[3] == name)
        .map(|words| u64::from_str_radix(words[1], 16).expect("a size"))
        .collect();
    (sizes.len(), sizes.iter().sum())
}

#[test]
fn bytes_are_those_of_the_symbols() {
    let Some(place) = Place::new() else { return };
    fs::write(place.path("more.config"), ON).expect("written");
    place.ask(0, &[&BUILD[..], &["O=on", "--fragment=more.config"]].concat());
    place.ask(0, &[&BUILD[..], &["O=off"]].concat());
    let kernel = "on/x86_64/linux/default/vmlinux";
    // A function of its own, one that a header gives to whoever calls it, and a static one.
    let mut compared = 0;
    for name in ["device_private_fault", "memremap_pages", "put_page", "pagemap_insert"] {
        let (symbols, size) = nm(&place.path(kernel), name);
        for images in [["--run", "on/run.json"], ["--image", kernel]] {
            let said = bytes(&place, name, &images);
            assert_eq!(said.len(), 1, "{name}");
            assert_eq!(said[0]["bytes"], size, "{name} {images:?}");
            assert_eq!(said[0]["symbols"], symbols, "{name} {images:?}");
            compared += usize::from(size > 0);
        }
    }
    assert!(compared >= 6, "only {compared} had bytes");
    // What an option has: its one function, where it is on. The run knows what the value was.
    let (_, size) = nm(&place.path(kernel), "device_private_fault");
    for (run, value, size) in [("on/run.json", "y", size), ("off/run.json", "n", 0)] {
        let said = bytes(&place, "DEVICE_PRIVATE", &["--run", run]);
        assert_eq!(said[0]["value"], value, "{run}");
        assert_eq!(said[0]["bytes"], size, "{run}");
    }
    // Several images are told apart by their names.
    let both = ["--run", "on/run.json", "--image", "off/x86_64/linux/default/vmlinux"];
    let said = bytes(&place, "memremap_pages", &both);
    assert_eq!(said.len(), 2);
    for one in said {
        let is_off = one["image"].as_str().is_some_and(|image| image.starts_with("off/"));
        assert_eq!(one["bytes"] == 0, is_off, "{one:?}");
    }
}
