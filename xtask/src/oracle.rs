//! `cargo xtask oracle`: the comparisons with other tools that are too long for every test run.
//!
//! GNU `size` on every object of a real build and of every compiler's own libraries; the kernel's
//! bloat-o-meter on two whole Debian kernels; its conf on thousands of configurations; the property
//! tests with many more cases. Comparisons are counted, and too few of them are a failure: an oracle
//! that was never asked proves nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use ignore::WalkBuilder;

use crate::process::{self, cargo, command, output};
use crate::{attribution, debs, kconfig, kernel, lint, off, seed, setup};

/// Arguments of `cargo xtask oracle`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these [default: all]
    #[arg(value_enum)]
    only: Vec<Oracle>,
    /// Keep what the oracle says about a real kernel in reports/
    #[arg(long)]
    save: bool,
    /// Build trees whose objects are compared [default: those of `cargo xtask demo`]
    #[arg(long, value_name = "DIR")]
    builds: Vec<PathBuf>,
    /// Cases of each property test
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    cases: u32,
    #[command(flatten)]
    kconfig: kconfig::Scope,
    #[command(flatten)]
    patches: lint::difference::Patches,
    /// lint: only these rules
    #[arg(long = "rule", value_name = "NAME")]
    rules: Vec<String>,
    /// This program instead of a release build of ours
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// One of the oracles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Oracle {
    /// GNU size, on every object there is
    Size,
    /// The kernel's bloat-o-meter, on two whole kernels
    Bloat,
    /// Damaged input, in many more cases
    Mutate,
    /// The gate's rule off-costs-nothing, on a real kernel with a planted leak
    Off,
    /// A feature of HMM's shape in a copy of a real kernel, of which audit must name every byte
    Seed,
    /// The kernel's conf, on every architecture, all defconfigs and perturbed configurations
    Kconfig,
    /// Faults planted in a copy of a real tree, which lint must find
    Lint,
    /// Patches to a copy of a real tree, about which lint --diff says what two whole runs say
    Diff,
    /// Bytes planted behind options of a real kernel, which must land on those options
    Attribution,
}

/// Fewer objects than this and the run proves too little.
const FEWEST_FILES: usize = 500;

/// Runs the oracles asked for.
pub fn run(args: &Args) -> Result<()> {
    let asked = |oracle| args.only.is_empty() || args.only.contains(&oracle);
    let tree = setup::run()?;
    let ours = match &args.program {
        Some(program) => fs::canonicalize(program)?,
        None => process::hmmsize()?,
    };

    if asked(Oracle::Size) {
        let mut places = args.builds.clone();
        if places.is_empty() {
            places.push(kernel::cache()?.join("demo"));
        }
        places.extend(["/usr/lib/gcc", "/usr/lib/gcc-cross"].map(PathBuf::from));
        let files = size(&ours, &places)?;
        eprintln!("xtask: oracle: size agrees on {files} files");
        ensure!(files >= FEWEST_FILES, "only {files} files; `cargo xtask demo` builds some");
    }
    if asked(Oracle::Bloat) {
        let lines = bloat_o_meter(&ours, &tree)?;
        eprintln!("xtask: oracle: bloat-o-meter agrees on {lines} lines");
    }
    if asked(Oracle::Mutate) {
        mutate(args.cases)?;
    }
    if asked(Oracle::Off) {
        off::prove(&tree, &ours, args.save)?;
    }
    if asked(Oracle::Seed) {
        seed::prove(&tree, &ours, args.save)?;
    }
    if asked(Oracle::Kconfig) {
        kconfig::prove(&args.kconfig, &ours, args.save)?;
    }
    if asked(Oracle::Lint) {
        lint::prove(&args.rules, &tree, &ours, args.save)?;
    }
    if asked(Oracle::Diff) {
        lint::difference::prove(&args.patches, &tree, &ours, args.save)?;
    }
    if asked(Oracle::Attribution) {
        attribution::prove(&tree, &ours, args.save)?;
    }
    Ok(())
}

fn mutate(cases: u32) -> Result<()> {
    let cases = cases.to_string();
    process::run(
        cargo().env("HMMSIZE_PROPTEST_CASES", &cases).env("HMMSIZE_MUTATE_CASES", &cases).args([
            "test",
            "--release",
            "--locked",
            "-p",
            "hmmsize",
            "--",
            "mutat",
            "propert",
        ]),
    )
}

/// Compares the totals of every object and archive below `places`; how many there were.
fn size(ours: &Path, places: &[PathBuf]) -> Result<usize> {
    let mut files = Vec::new();
    for place in places.iter().filter(|place| place.is_dir()) {
        objects(place, &mut files)?;
    }
    files.sort();
    for batch in files.chunks(500) {
        if sizes(ours, batch)? {
            continue;
        }
        // Which one is it?
        for file in batch {
            if !sizes(ours, std::slice::from_ref(file))? {
                bail!("{}: hmmsize and size print different totals", file.display());
            }
        }
        bail!("hmmsize and size agree on each file but not on all of them in one call");
    }
    Ok(files.len())
}

fn sizes(ours: &Path, files: &[PathBuf]) -> Result<bool> {
    let theirs = output(command("size").args(files))?;
    let ours = output(command(ours).args(["compare", "--format", "berkeley"]).args(files))?;
    Ok(ours == theirs)
}

/// ELF files and archives below `place`. Plugins of compilers are bitcode-free ELF as well.
fn objects(place: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let walk = WalkBuilder::new(place).standard_filters(false).follow_links(false).build();
    for entry in walk {
        let entry = entry?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) && is_object(entry.path()) {
            found.push(entry.into_path());
        }
    }
    Ok(())
}

/// Archives of nothing are left out: `size` prints no row for them, and a thin archive's members are
/// found as files anyway.
fn is_object(path: &Path) -> bool {
    use std::io::Read as _;
    let mut magic = [0; 8];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && (magic.starts_with(b"\x7fELF") || &magic == b"!<arch>\n")
}

/// Compares `--compat bloat-o-meter` with the script on two whole kernels, the order of lines aside
/// (the script leaves that of equal deltas to chance); how many lines there were.
fn bloat_o_meter(ours: &Path, tree: &Path) -> Result<usize> {
    let [generic, cloud] = debs::vmlinux_pair()?;
    let mut lines = 0;
    for category in [None, Some("-c"), Some("-d"), Some("-t")] {
        let mut script = command("python3");
        script.arg(tree.join("scripts/bloat-o-meter")).args(category).args([&generic, &cloud]);
        let mut same = command(ours);
        same.args(["compare", "--compat", "bloat-o-meter"]);
        same.args(category.map(|letter| match letter {
            "-c" => "--categorize",
            "-d" => "--data",
            _ => "--text",
        }));
        same.args([&generic, &cloud]);
        let (theirs, ours) = (sorted(&output(&mut script)?), sorted(&output(&mut same)?));
        if let Some(at) =
            (0..theirs.len().max(ours.len())).find(|&at| theirs.get(at) != ours.get(at))
        {
            let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
            bail!(
                "bloat-o-meter {}: differs, first at\n  theirs: {}\n  ours:   {}",
                category.unwrap_or_default(),
                line(&theirs),
                line(&ours)
            );
        }
        lines += theirs.len();
    }
    ensure!(lines > 1000, "bloat-o-meter: only {lines} lines compared");
    Ok(lines)
}

fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_told_by_their_first_bytes() {
        let dir = std::env::temp_dir().join(format!("xtask-oracle-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        for (name, bytes) in
            [("a", &b"\x7fELF\x02\x01\x01\0"[..]), ("b", b"!<arch>\n"), ("c", b"text text")]
        {
            fs::write(dir.join(name), bytes).unwrap();
        }
        let mut found = Vec::new();
        objects(&dir, &mut found).unwrap();
        found.sort();
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(names, ["a", "b"]);
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_wrong_table_is_seen() {
        let shell = Path::new("/bin/sh");
        let current = std::env::current_exe().unwrap();
        // `sh compare …` prints no table of sizes.
        assert!(sizes(shell, &[current]).map_or(true, |same| !same));
    }
}
