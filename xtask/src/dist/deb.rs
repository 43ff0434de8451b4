//! The Debian package: made by cargo-deb of what Cargo.toml says, looked into with `dpkg-deb`, installed
//! into an empty directory, run from there, and removed again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::pages::Made;
use crate::process::{self, cargo, command, output, run, which};

/// Builds the package into `dir` and tries it.
pub fn build(dir: &Path, made: &Made) -> Result<()> {
    cargo_deb()?;
    for program in ["dpkg-deb", "dpkg"] {
        ensure!(which(program).is_some(), "{program} is needed to look into the package");
    }
    // Of an earlier version there must be none left.
    for old in packages(dir)? {
        fs::remove_file(&old).with_context(|| format!("{}", old.display()))?;
    }
    process::hmmsize()?;
    run(cargo().args(["deb", "--no-build", "--locked", "-p", "hmmsize", "-o"]).arg(dir))?;
    let package = match packages(dir)?.as_slice() {
        [package] => package.clone(),
        others => bail!("{} packages in {}", others.len(), dir.display()),
    };
    let files = listed(&output(command("dpkg-deb").arg("-c").arg(&package))?)?;
    let wrong = problems(&files, &expected(made));
    ensure!(wrong.is_empty(), "{}:\n  {}", package.display(), wrong.join("\n  "));
    try_it(&package, &dir.join("root"))?;
    let size = fs::metadata(&package)?.len();
    eprintln!("xtask: dist: {} ({size} bytes, {} files)", package.display(), files.len());
    Ok(())
}

/// Cargo-deb, installed where it is missing; otherwise what to do.
fn cargo_deb() -> Result<()> {
    if which("cargo-deb").is_some() {
        return Ok(());
    }
    run(cargo().args(["install", "--locked", "cargo-deb"])).context(
        "the package is made by cargo-deb, which is not installed and could not be: \
         `cargo install --locked cargo-deb` needs the crates registry",
    )
}

fn packages(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("{}", dir.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            found.push(path);
        }
    }
    Ok(found)
}

/// A line of `dpkg-deb -c`.
#[derive(Debug, PartialEq, Eq)]
struct File {
    mode: String,
    owner: String,
    /// From the root, without `./`.
    path: String,
}

/// The files of a listing; directories are left out.
fn listed(text: &str) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(mode), Some(owner)) = (words.next(), words.next()) else {
            bail!("dpkg-deb -c: cannot read {line:?}");
        };
        let path = words.nth(3).with_context(|| format!("dpkg-deb -c: cannot read {line:?}"))?;
        if !mode.starts_with('d') {
            let path = path.trim_start_matches("./").to_owned();
            files.push(File { mode: mode.to_owned(), owner: owner.to_owned(), path });
        }
    }
    Ok(files)
}

/// What has to be in it: the program, every page and completion, the licences and the documents.
fn expected(made: &Made) -> Vec<String> {
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut paths: Vec<String> = ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "copyright"]
        .iter()
        .map(|name| format!("usr/share/doc/hmmsize/{name}"))
        .collect();
    paths.push("usr/bin/hmmsize".into());
    paths.push("usr/share/bash-completion/completions/hmmsize".into());
    paths.push("usr/share/zsh/vendor-completions/_hmmsize".into());
    paths.push("usr/share/fish/vendor_completions.d/hmmsize.fish".into());
    paths.extend(made.pages.iter().map(|page| format!("usr/share/man/man1/{}.gz", name(page))));
    paths
}

/// What is wrong with a package of these files.
fn problems(files: &[File], expected: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    for path in expected {
        if !files.iter().any(|file| file.path == *path) {
            wrong.push(format!("{path} is missing"));
        }
    }
    for file in files {
        let mode = if file.path == "usr/bin/hmmsize" { "-rwxr-xr-x" } else { "-rw-r--r--" };
        if file.mode != mode {
            wrong.push(format!("{} has mode {}, not {mode}", file.path, file.mode));
        }
        if !matches!(file.owner.as_str(), "0/0" | "root/root") {
            wrong.push(format!("{} belongs to {}", file.path, file.owner));
        }
        if !file.path.starts_with("usr/") {
            wrong.push(format!("{} is outside of usr/", file.path));
        }
    }
    wrong
}

/// Installs the package into `root` with a dpkg database of its own, runs the program there, removes it
/// again: nothing but directories of dpkg may stay.
fn try_it(package: &Path, root: &Path) -> Result<()> {
    if root.exists() {
        fs::remove_dir_all(root).with_context(|| format!("{}", root.display()))?;
    }
    let database = root.join("var/lib/dpkg");
    for below in ["updates", "info"] {
        fs::create_dir_all(database.join(below))?;
    }
    fs::write(database.join("status"), "")?;
    let dpkg = || {
        let mut dpkg = command("dpkg");
        // The C library that it depends on is not in there; and files may belong to whoever runs this.
        dpkg.arg(format!("--root={}", root.display()));
        dpkg.args(["--force-depends", "--force-not-root"]).arg("--log=/dev/null");
        dpkg
    };
    run(dpkg().arg("--install").arg(package))?;
    let program = root.join("usr/bin/hmmsize");
    let said = output(command(&program).arg("--version"))?;
    let version = concat!("hmmsize ", env!("CARGO_PKG_VERSION"));
    ensure!(said.trim() == version, "the installed program says {said:?}, not {version}");
    // It does its work: of itself it says what `size` says.
    let ours =
        output(command(&program).args(["compare", "--format", "berkeley"]).args([&program; 2]))?;
    let theirs = output(command("size").args([&program; 2]))?;
    ensure!(ours == theirs, "the installed program says\n{ours}and size says\n{theirs}");
    let page = root.join("usr/share/man/man1/hmmsize-compare.1.gz");
    if which("man").is_some() {
        let text = output(command("man").arg("-l").arg(&page))?;
        ensure!(text.contains("hmmsize compare [OPTIONS]"), "{}: no page", page.display());
    }
    run(dpkg().args(["--purge", "hmmsize"]))?;
    ensure!(!root.join("usr/bin/hmmsize").exists(), "the program stays after dpkg --purge");
    ensure!(!root.join("usr/share/doc/hmmsize").exists(), "documents stay after dpkg --purge");
    fs::remove_dir_all(root).with_context(|| format!("{}", root.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "\
drwxr-xr-x 0/0               0 2026-11-28 00:00 ./usr/
-rwxr-xr-x root/root  18551480 2026-11-28 00:00 ./usr/bin/hmmsize
-rw-r--r-- 0/0            1079 2026-11-28 00:00 ./usr/share/doc/hmmsize/LICENSE-MIT
-rw-r--r-- 0/0            2041 2026-11-28 00:00 ./usr/share/man/man1/hmmsize.1.gz
";

    #[test]
    fn a_package_is_held_against_what_has_to_be_in_it() {
        let files = listed(LISTING).unwrap();
        assert_eq!(files.len(), 3);
        let made = Made { pages: vec![PathBuf::from("man/hmmsize.1")], completions: Vec::new() };
        let wrong = problems(&files, &expected(&made));
        let missing = "usr/share/bash-completion/completions/hmmsize is missing".to_owned();
        assert!(wrong.contains(&missing), "{wrong:?}");
        assert!(!wrong.iter().any(|line| line.contains("hmmsize.1.gz")), "{wrong:?}");
        let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        assert_eq!(problems(&files, &paths), Vec::<String>::new());
        let bad = LISTING.replace("-rwxr-xr-x root/root", "-rw-r--r-- me/me");
        let bad = bad.replace("./usr/share/doc", "./opt/doc");
        assert_eq!(problems(&listed(&bad).unwrap(), &[]).len(), 3);
        assert!(listed("-rw-r--r-- 0/0\n").is_err());
    }

    #[test]
    fn the_files_of_the_package_are_in_the_repository() {
        let text =
            output(cargo().args(["metadata", "--no-deps", "--format-version", "1"])).unwrap();
        let metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let package = packages.iter().find(|package| package["name"] == "hmmsize").unwrap();
        let assets = package["metadata"]["deb"]["assets"].as_array().unwrap();
        let mut looked_at = 0;
        for asset in assets {
            let source = asset[0].as_str().unwrap();
            if source.starts_with("target/") {
                continue;
            }
            let path = crate::root().join(source.split('*').next().unwrap());
            assert!(path.exists(), "{source}");
            looked_at += 1;
        }
        assert!(looked_at >= 6, "{assets:?}");
    }
}
