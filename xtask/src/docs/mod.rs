//! `cargo xtask docs --check`: the README tried as a new user would, in an empty directory.
//!
//! Every `$ hmmsize …` of a console block is run as it stands, and must end and print as the README says.
//! What a block needs stands before it, in a comment that readers do not see: `<!-- docs: demo exact -->`.
//! Words are what it needs (tree, demo, debian, off: Linux 6.12, what `cargo xtask demo` built, Debian's
//! kernels, what `oracle off` built), `slow` (not in `cargo xtask test`), `in-tree` (run in the tree),
//! `builds` (never run here, but its options must be options), `exact` (else numbers may differ),
//! `exit-N` (the last command of the block) and `columns-N`. Nothing is left out without being counted.

mod readme;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::{dist, kernel, process};
use readme::{Example, NEEDS, differs, examples, outline};

/// The version whose lines and numbers the README shows; of another, only the shape is compared.
const VERSION: &str = "6.12.117";

/// Arguments of `cargo xtask docs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Run the commands of the README and hold their output against it
    #[arg(long, required = true)]
    check: bool,
    /// The program [default: built first]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Runs the check with the program that is asked for. Under CI nothing may be missing.
pub fn run(args: &Args) -> Result<()> {
    let program = match &args.program {
        Some(program) => std::path::absolute(program)?,
        None => process::hmmsize()?,
    };
    let tree = match kernel::named()? {
        Some(tree) => tree,
        None => kernel::cache()?.join("src").join(format!("linux-{VERSION}")),
    };
    let strict = std::env::var_os("CI").is_some_and(|value| value == "true");
    let must: &[&str] = if strict { NEEDS } else { &[] };
    check(&program, &tree, &Scope { needs: NEEDS, must, slow: true })
}

/// The part that `cargo xtask test` runs: what needs nothing or a source tree, and is not slow.
pub fn quick(program: &Path, tree: &Path) -> Result<()> {
    check(program, tree, &Scope { needs: &["tree"], must: &["tree"], slow: false })
}

/// Which commands are to be run.
struct Scope {
    /// Those that need only these.
    needs: &'static [&'static str],
    /// Of these, what has to be there.
    must: &'static [&'static str],
    /// Also slow ones.
    slow: bool,
}

/// Runs what can be run here.
fn check(program: &Path, tree: &Path, scope: &Scope) -> Result<()> {
    let readme = fs::read_to_string(crate::root().join("README.md"))?;
    let examples = examples(&readme)?;
    ensure!(examples.len() >= 20, "only {} commands in the README", examples.len());
    let dir = std::env::temp_dir().join(format!("hmmsize-docs-{}", std::process::id()));
    fs::create_dir_all(dir.join("bin")).with_context(|| format!("{}", dir.display()))?;
    symlink(program, dir.join("bin/hmmsize"))?;
    let result = in_directory(&dir, tree, &examples, scope);
    fs::remove_dir_all(&dir).with_context(|| format!("{}", dir.display()))?;
    result
}

fn in_directory(dir: &Path, tree: &Path, examples: &[Example], scope: &Scope) -> Result<()> {
    let place = place(dir, tree)?;
    for must in scope.must {
        ensure!(place.have.contains(must), "what the README needs as `{must}` is not there");
    }
    let (mut exact, mut shape, mut parsed, mut wrong) = (0, 0, 0, Vec::new());
    let mut left: Vec<(&str, usize)> = Vec::new();
    for example in examples {
        if example.marked("builds") {
            match dist::parses(&example.words()) {
                Ok(()) => parsed += 1,
                Err(said) => {
                    wrong.push(format!("README.md:{}: {}: {said}", example.line, example.command));
                }
            }
            continue;
        }
        let lacks = example.marks.iter().map(String::as_str).find(|&word| {
            let needs = NEEDS.contains(&word);
            (needs && !(scope.needs.contains(&word) && place.have.contains(&word)))
                || (word == "slow" && !scope.slow)
        });
        if let Some(word) = lacks {
            match left.iter_mut().find(|(other, _)| *other == word) {
                Some((_, count)) => *count += 1,
                None => left.push((word, 1)),
            }
            continue;
        }
        let start = Instant::now();
        match one(dir, example, place.version)? {
            Ok(true) => exact += 1,
            Ok(false) => shape += 1,
            Err(message) => wrong.push(message),
        }
        let seconds = start.elapsed().as_secs_f64();
        if seconds > 5.0 {
            eprintln!("xtask: docs: {seconds:.1} s: {}", example.command);
        }
    }
    for message in &wrong {
        eprintln!("{message}");
    }
    let left: Vec<String> = left.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let left = if left.is_empty() { "none".to_owned() } else { left.join(", ") };
    eprintln!(
        "xtask: docs: README.md: {} commands run, {exact} exactly as printed, {shape} in shape; \
         {parsed} that build, parsed only; not run here: {left}; {} wrong",
        exact + shape,
        wrong.len()
    );
    ensure!(wrong.is_empty(), "the README is not what {} commands do", wrong.len());
    // A mark that hides everything would be a check that cannot fail.
    ensure!(exact + shape >= 8, "only {} commands could be run", exact + shape);
    Ok(())
}

/// What is there.
struct Place {
    have: Vec<&'static str>,
    /// Whether the tree is of the README's version.
    version: bool,
}

/// Puts what is there where the README has it.
fn place(dir: &Path, tree: &Path) -> Result<Place> {
    let cache = kernel::cache()?;
    let mut place = Place { have: Vec::new(), version: false };
    if tree.join("Kconfig").is_file() {
        place.version = kernel::version(tree)? == VERSION;
        symlink(tree, dir.join(format!("linux-{VERSION}")))?;
        symlink(tree, dir.join("linux"))?;
        place.have.push("tree");
    }
    let demo = cache.join("demo/vmlinux");
    if demo.join("run.json").is_file() && place.version {
        for name in ["run.json", "x86_64", "arm", "arm64"] {
            symlink(demo.join(name), dir.join(name))?;
        }
        for variant in ["without", "with"] {
            let cell = demo.join(format!("x86_64/linux-{VERSION}")).join(variant);
            symlink(cell, dir.join(variant))?;
        }
        place.have.push("demo");
    }
    let (debian, older) = (cache.join("vmlinux"), cache.join("src/linux-6.1.192"));
    let kernels = ["vmlinux-6.1.0-56-amd64", "vmlinux-6.1.0-56-cloud-amd64"];
    if kernels.iter().all(|name| debian.join(name).is_file()) && older.is_dir() {
        symlink(&older, dir.join("linux-6.1"))?;
        for name in kernels {
            symlink(debian.join(name), dir.join(name))?;
        }
        place.have.push("debian");
    }
    if cache.join("off/leaking/run.json").is_file() {
        symlink(cache.join("off"), dir.join("off"))?;
        place.have.push("off");
    }
    Ok(place)
}

/// Whether it printed exactly what the README has, or what is wrong.
fn one(dir: &Path, example: &Example, version: bool) -> Result<Result<bool, String>> {
    let path = std::env::var("PATH").unwrap_or_default();
    let inside = if example.marked("in-tree") { dir.join("linux") } else { dir.to_path_buf() };
    let output = Command::new("sh")
        .args(["-c", &example.command])
        .current_dir(inside)
        .env("PATH", format!("{}:{path}", dir.join("bin").display()))
        .env("HOME", dir)
        // As for a new user, empty at first.
        .env("HMMSIZE_CACHE", dir.join("cache"))
        .env("LC_ALL", "C.UTF-8")
        .env("COLUMNS", example.number("columns-").unwrap_or(80).to_string())
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .with_context(|| example.command.clone())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let printed: Vec<&str> = text.lines().map(str::trim_end).collect();
    let at = format!("README.md:{}: `{}`", example.line, example.command);
    let code = example.number("exit-").unwrap_or(0);
    if output.status.code() != Some(code) {
        let said = String::from_utf8_lossy(&output.stderr);
        return Ok(Err(format!("{at} ends with {}, not {code}\n{said}", output.status)));
    }
    let expected: Vec<&str> = example.output.iter().map(String::as_str).collect();
    let Some(difference) = differs(&expected, &printed, str::to_owned) else {
        return Ok(Ok(true));
    };
    if example.marked("exact") && (version || !example.marked("tree")) {
        return Ok(Err(format!("{at}\n{difference}")));
    }
    Ok(match differs(&expected, &printed, outline) {
        None => Ok(false),
        Some(difference) => Err(format!("{at}\n{difference}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_does_something_else_is_found() {
        let dir = std::env::temp_dir().join(format!("xtask-docs-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let example = |output: &str, mark: &str| Example {
            line: 1,
            command: "echo 7 files; exit 1".into(),
            output: vec![output.into()],
            marks: vec![mark.into()],
        };
        assert_eq!(one(&dir, &example("7 files", "exit-1"), true).unwrap(), Ok(true));
        assert_eq!(one(&dir, &example("8 files", "exit-1"), true).unwrap(), Ok(false));
        for (output, mark) in [("7 dirs", "exit-1"), ("7 files", "exit-0")] {
            let said = one(&dir, &example(output, mark), true).unwrap().unwrap_err();
            assert!(said.starts_with("README.md:1: `echo 7"), "{said}");
        }
        fs::remove_dir_all(&dir).unwrap();
    }
}
