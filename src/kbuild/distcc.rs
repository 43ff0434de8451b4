//! Compiling on other machines through distcc, for cells whose compiler is there, too.
//!
//! distcc asks nobody whether the compilers are the same, and compiles here without a word where a
//! machine does not answer. So every machine compiles a line first, which must come out as here, and
//! what cannot be compiled there fails the cell.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::plan::{CellPlan, Plan};
use super::process::{Command, Finished, Runner};
use super::shims;
use super::toolchain::{Toolchain, which};
use crate::exit::{Error, Result};

/// What every machine compiles first.
const PROBE: &str = "int hmmsize_probe(int x) { return x / 7 + (x << 3); }\n";

/// A word of the command line: `HOSTS`, or `ARCH=HOSTS`.
struct Wish<'a> {
    arch: Option<&'a str>,
    hosts: &'a str,
}

impl<'a> Wish<'a> {
    fn parse(word: &'a str) -> Result<Self> {
        let (arch, hosts) = match word.split_once('=') {
            Some((arch, hosts)) => (Some(arch), hosts),
            None => (None, word),
        };
        let is_pump = |host: &str| host.split(',').skip(1).any(|option| option == "cpp");
        if machines(hosts).next().is_none() {
            return Err(Error::Usage(format!("--distcc {word}: names no machine")));
        }
        if hosts.split_whitespace().any(is_pump) {
            let why = "sources are preprocessed here: without `,cpp`";
            return Err(Error::Usage(format!("--distcc {word}: {why}")));
        }
        Ok(Self { arch, hosts })
    }

    fn is_about(&self, cell: &CellPlan) -> bool {
        self.arch.is_none_or(|arch| arch == cell.arch.name)
    }
}

/// The other machines of a list of hosts.
fn machines(hosts: &str) -> impl Iterator<Item = &str> {
    let is_here = |host: &str| host == "localhost" || host.starts_with("localhost/");
    hosts.split_whitespace().filter(move |host| !host.starts_with(['-', '+']) && !is_here(host))
}

/// Makes the cells that `words` are about compile through distcc.
///
/// # Errors
/// There is no distcc; a word is wrong; a machine does not compile as this one does.
pub fn share(plan: &mut Plan, words: &[String], runner: &Runner) -> Result<()> {
    let wishes: Vec<Wish> = words.iter().map(|word| Wish::parse(word)).collect::<Result<_>>()?;
    let mut asked = BTreeSet::new();
    let bases = plan.part.iter_mut().flat_map(|part| part.bases.iter_mut().map(|b| &mut b.cell));
    for cell in plan.cells.iter_mut().chain(bases) {
        let Some(wish) = wishes.iter().rev().find(|wish| wish.is_about(cell)) else { continue };
        let Ok(toolchain) = &mut cell.toolchain else { continue };
        let path = toolchain.env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
        let program = which("distcc", &path)
            .ok_or_else(|| Error::Usage("--distcc: there is no distcc on PATH".into()))?;
        let env = &mut toolchain.env;
        env.insert("DISTCC_HOSTS".into(), wish.hosts.into());
        // Else what fails there is compiled here, without a word.
        env.insert("DISTCC_FALLBACK".into(), "0".into());
        env.insert("DISTCC_SKIP_LOCAL_RETRY".into(), "1".into());
        // Else it calls gcc by another name, which is in the version that the kernel keeps.
        env.insert("DISTCC_NO_REWRITE_CROSS".into(), "1".into());
        if toolchain.ccache.is_some() {
            env.insert("CCACHE_PREFIX".into(), program.clone().into());
        }
        let compiler = shims::compiler(&toolchain.words);
        for machine in machines(wish.hosts) {
            if asked.insert((machine.to_owned(), compiler.clone())) {
                probe(machine, &compiler, toolchain, &program, runner)?;
            }
        }
        toolchain.distcc = Some(program);
    }
    Ok(())
}

/// Whether `machine` compiles as this one does.
fn probe(
    machine: &str,
    compiler: &str,
    toolchain: &Toolchain,
    program: &Path,
    runner: &Runner,
) -> Result<()> {
    let io = |e| Error::io("a temporary directory", e);
    let dir = tempfile::tempdir().map_err(io)?;
    fs::write(dir.path().join("probe.c"), PROBE).map_err(io)?;
    let compile = |before: Option<&Path>, object: &str| -> Result<(Finished, PathBuf)> {
        let mut argv: Vec<String> = before.iter().map(|p| p.display().to_string()).collect();
        argv.extend(compiler.split_whitespace().map(str::to_owned));
        argv.extend(["-O2", "-c", "probe.c", "-o", object].map(str::to_owned));
        let mut command = Command::new(argv).cwd(dir.path()).capture();
        command.env.clone_from(&toolchain.env);
        command.env.insert("DISTCC_HOSTS".into(), machine.into());
        Ok((runner.run(&command)?, dir.path().join(object)))
    };
    let (done, there) = compile(Some(program), "there.o")?;
    if !done.ok() {
        let said = String::from_utf8_lossy(&done.stderr);
        let last = said.lines().last().unwrap_or("it said nothing").to_owned();
        return Err(Error::Usage(format!("--distcc: {machine}: {compiler}: {last}")));
    }
    let (_, here) = compile(None, "here.o")?;
    let read = |file: &Path| fs::read(file).map_err(|e| Error::io(file, e));
    if read(&there)? != read(&here)? {
        let message = format!("--distcc: {machine}: its {compiler} does not compile as ours does");
        return Err(Error::Usage(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_machines_for_all_or_for_one_architecture() {
        let wish = Wish::parse("arm=build1/8,lzo --randomize localhost/2").unwrap();
        assert_eq!((wish.arch, wish.hosts), (Some("arm"), "build1/8,lzo --randomize localhost/2"));
        assert_eq!(machines(wish.hosts).collect::<Vec<_>>(), ["build1/8,lzo"]);
        assert_eq!(Wish::parse("build1").unwrap().arch, None);
        for (word, why) in [("localhost", "no machine"), ("", "no machine"), ("a,lzo,cpp", "cpp")] {
            let error = Wish::parse(word).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
