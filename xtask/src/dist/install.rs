//! `cargo install --locked --path .`, tried: from a clone into an empty root, and run without the clone.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process::{cargo, command, output, run};

/// Installs what is committed into `dir/install`, takes the clone away, and has the program do what
/// needs something that is kept beside the sources: the matrix, the rules' pages, the report's script.
pub fn try_it(dir: &Path) -> Result<()> {
    let dir = dir.join("install");
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("{}", dir.display()))?;
    }
    fs::create_dir_all(dir.join("home"))?;
    let (clone, root) = (dir.join("clone"), dir.join("root"));
    run(command("git")
        .args(["clone", "--quiet", "--no-hardlinks"])
        .arg(crate::root())
        .arg(&clone))?;
    let mut install = cargo();
    install.args(["install", "--locked", "--path", ".", "--root"]).arg(&root);
    run(install.current_dir(&clone).env_remove("CARGO_TARGET_DIR"))?;
    let tree = dir.join("tree");
    fs::rename(clone.join("fixtures/tree"), &tree)?;
    fs::remove_dir_all(&clone).with_context(|| format!("{}", clone.display()))?;
    works(&root.join("bin/hmmsize"), &tree, &dir.join("home"))?;
    let size = fs::metadata(root.join("bin/hmmsize"))?.len();
    eprintln!("xtask: dist: cargo install --locked: {size} bytes, works without the repository");
    fs::remove_dir_all(&dir).with_context(|| format!("{}", dir.display()))
}

/// Whether the program does its work in `home`, with an environment of its own.
fn works(program: &Path, tree: &Path, home: &Path) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let hmmsize = |words: &[&str]| -> Command {
        let mut hmmsize = command(program);
        hmmsize.args(words).current_dir(home).env_clear();
        hmmsize.env("PATH", &path).env("HOME", home);
        hmmsize
    };
    let said = output(&mut hmmsize(&["--version"]))?;
    let version = concat!("hmmsize ", env!("CARGO_PKG_VERSION"));
    ensure!(said.trim() == version, "the installed program says {said:?}, not {version}");
    let ours = output(hmmsize(&["compare", "--format", "berkeley"]).args([program; 2]))?;
    let theirs = output(command("size").args([program; 2]))?;
    ensure!(ours == theirs, "the installed program says\n{ours}and size says\n{theirs}");
    let pages = fs::read_to_string(crate::root().join("src/lint/rules.md"))?;
    let said = output(&mut hmmsize(&["lint", "--explain", "all"]))?;
    ensure!(said == pages, "the pages of the rules are not src/lint/rules.md");
    let words =
        ["build", "--dry-run", "--arch", "x86_64", "--option", "HMM", "--quiet-config", "-C"];
    let plan = output(hmmsize(&words).arg(tree))?;
    let line = "# CONFIG_HMM is not set";
    ensure!(plan.contains("2 cells") && plan.contains(line), "no plan:\n{plan}");
    run(hmmsize(&["compare", "--format", "json", "-o", "compare.json"]).args([program; 2]))?;
    run(&mut hmmsize(&["report", "compare.json", "-o", "report.html"]))?;
    let page = fs::read_to_string(home.join("report.html"))?;
    ensure!(page.contains("<script") && page.contains("</style>"), "the report has no script");
    run(hmmsize(&["lint", "--deny", "never", "--format", "json", "-o", "lint.json", "-C"])
        .arg(tree))?;
    let lint = fs::read_to_string(home.join("lint.json"))?;
    ensure!(lint.contains("\"B007\""), "lint finds nothing in the fixtures");
    Ok(())
}
