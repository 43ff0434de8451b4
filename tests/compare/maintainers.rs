//! The kernel's own `scripts/get_maintainer.pl` says which sections of MAINTAINERS a file belongs to, the most
//! specific first.

use std::path::PathBuf;
use std::process::Command;

use hmmsize::source::maintainers;

use crate::support::{have, linux_tree};

/// Files that must have been compared.
const MINIMUM: usize = 30;

/// The sections the script names, in its order.
fn sections(tree: &PathBuf, file: &str) -> Vec<String> {
    let mut command = Command::new("perl");
    let words = ["--no-git", "--no-git-fallback", "--no-keywords", "--sections", "-f", file];
    command.current_dir(tree).arg("scripts/get_maintainer.pl").args(words);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_title = |line: &&str| !line.is_empty() && line.as_bytes().get(1) != Some(&b':');
    text.lines().filter(is_title).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn a_file_belongs_where_the_script_says() {
    let Some(tree) = linux_tree() else { return };
    if !have("perl") || !tree.join("scripts/get_maintainer.pl").is_file() {
        return;
    }
    let bytes = std::fs::read(tree.join("MAINTAINERS")).unwrap();
    let is_dir = |path: &str| tree.join(path).is_dir();
    let (ours, diags) =
        maintainers::parse("MAINTAINERS", &String::from_utf8_lossy(&bytes), &is_dir);
    assert_eq!(diags, []);
    let mut files: Vec<String> = Vec::new();
    for dir in [
        "mm",
        "kernel",
        "fs/ext4",
        "drivers/base",
        "arch/x86/kernel",
        "arch/arm/mach-omap2",
        "net/core",
        "lib",
        "drivers/gpu/drm/i915",
        "init",
    ] {
        let mut here: Vec<String> = std::fs::read_dir(tree.join(dir))
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter(|name| name.strip_suffix(".c").is_some())
            .map(|name| format!("{dir}/{name}"))
            .collect();
        here.sort();
        files.extend(here.iter().step_by(here.len() / 4 + 1).cloned());
    }
    let mut first = 0;
    for file in &files {
        let theirs = sections(&tree, file);
        let our = ours.section_of(file).unwrap_or("(nobody)");
        assert!(theirs.iter().any(|section| section == our), "{file}: {our} is none of {theirs:?}");
        // Of equally specific sections the script takes any.
        first += usize::from(theirs[0] == our);
    }
    println!("{} files compared, {first} of them in the script's first section", files.len());
    assert!(files.len() >= MINIMUM, "only {} files compared", files.len());
    assert!(first * 10 >= files.len() * 8, "{first} of {} files", files.len());
}
