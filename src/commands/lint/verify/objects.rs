//! Functions that are not where they are called, before the compiler.
//!
//! The witness is configured with `make olddefconfig`, and Kbuild is asked for the objects in question:
//! those that call the function and those that may define it. What it builds is read for references,
//! definitions and exports. What is asked is what the finding is about: that no other object of the
//! kernel has a function of that name is known from the sources only, and so are uses in headers. A
//! link of the whole kernel would show it, and takes minutes for each witness.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rayon::prelude::*;

use super::evaluated::{Evaluated, as_claimed, assignment};
use super::{Bench, Outcome, Setup, undecided};
use crate::elf::{Input, Want};
use crate::exit::Result;
use crate::kbuild::objects::{Built, Site};
use crate::kbuild::{arches, toolchain};
use crate::model::confirm::{Fault, Objects, Test};
use crate::model::finding::{Finding, Verified};
use crate::model::symtab::{Place, Symbol};

/// How long one call of make may take.
const TIMEOUT: Duration = Duration::from_secs(600);
/// Kernels before this enter directories whatever the configuration says.
const SINGLE: (u16, u16) = (5, 4);

/// `STB_LOCAL` and `STB_WEAK` of ELF.
const LOCAL: u8 = 0;
const WEAK: u8 = 2;

/// Asks about the findings of these numbers, `limit` of each rule: those whose fingerprints come first,
/// which is as good as by chance, and the same every time.
pub fn ask(
    bench: &Bench<'_>,
    findings: &[Finding],
    numbers: &[usize],
    limit: usize,
) -> Result<Vec<(usize, Outcome)>> {
    let mut order = numbers.to_vec();
    order.sort_by_key(|at| (&findings[*at].code, &findings[*at].fingerprint));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out = Vec::new();
    let mut chosen: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in order {
        let count = counts.entry(&findings[at].code).or_default();
        *count += 1;
        let Some(arch) = bench.arch(&findings[at]) else {
            out.push((at, Outcome::Undecided("it has no architecture".to_owned())));
            continue;
        };
        if *count > limit {
            out.push((at, Outcome::Unasked));
        } else {
            chosen.entry(arch).or_default().push(at);
        }
    }
    for (arch, members) in chosen {
        let setup = match prepare(bench, arch) {
            Ok(setup) => setup,
            Err(err) => {
                let why = undecided(err)?;
                out.extend(members.iter().map(|at| (*at, Outcome::Undecided(why.clone()))));
                continue;
            }
        };
        let one = |at: usize| -> Result<(usize, Outcome)> {
            let Some(Test::Objects(objects)) = &findings[at].test else {
                return Ok((at, Outcome::Undecided("there is nothing to compile".to_owned())));
            };
            let thread = rayon::current_thread_index().unwrap_or_default();
            let name = format!("objects-{}-{thread}", bench.tree.arches[arch].name);
            match compile(bench, (arch, &setup), &name, &findings[at], objects) {
                Ok(outcome) => Ok((at, outcome)),
                Err(err) => Ok((at, Outcome::Undecided(undecided(err)?))),
            }
        };
        let judged: Vec<Result<(usize, Outcome)>> = members.into_par_iter().map(one).collect();
        for outcome in judged {
            out.push(outcome?);
        }
    }
    Ok(out)
}

/// The compiler of an architecture, if it is here.
fn prepare(bench: &Bench<'_>, arch: usize) -> Result<Setup> {
    use crate::exit::Error::Cell;
    if !bench.source.dialect.since(SINGLE.0, SINGLE.1) {
        let why = "before 5.4, make enters directories whatever the configuration says";
        return Err(Cell(why.to_owned()));
    }
    let name = &bench.tree.arches[arch].name;
    let unknown = arches::Arch::unknown(name);
    let row = arches::find(name).unwrap_or(&unknown);
    match toolchain::find(row, &bench.words, false, bench.runner)? {
        Ok(_) => bench.setup(arch),
        Err(missing) => Err(Cell(missing.reason)),
    }
}

/// Configures, compiles, and judges.
fn compile(
    bench: &Bench<'_>,
    (arch, setup): (usize, &Setup),
    name: &str,
    finding: &Finding,
    objects: &Objects,
) -> Result<Outcome> {
    let config = bench.config(arch, finding);
    let site = Site {
        tree: &bench.source.dir,
        dir: bench.dir.join(name),
        words: &setup.words,
        env: &setup.make,
        runner: bench.runner,
        timeout: TIMEOUT,
    };
    let written = site.configure(config.as_bytes())?;
    let written = String::from_utf8_lossy(&written).into_owned();
    // Where the compiler changes an option of the witness, another configuration was compiled. What the
    // user sets need not be what comes of it: m is y without modules.
    let model = &bench.tree.arches[arch].model;
    let expected = Evaluated::new(&as_claimed(model, finding), &config)?.config;
    let differs = |name: &&String| assignment(&written, name) != assignment(&expected, name);
    if let Some(name) = finding.witness.iter().flatten().map(|(name, _)| name).find(differs) {
        let made = assignment(&written, name).unwrap_or("it off");
        let why =
            format!("with the compiler here, {name} is another: make olddefconfig has {made}");
        return Ok(Outcome::Undecided(why));
    }
    let mut all: Vec<String> = objects.users.iter().chain(&objects.definers).cloned().collect();
    all.sort();
    all.dedup();
    let (built, said) = site.build(&all, &objects.directories)?;
    let mut found = Vec::new();
    for one in built {
        found.push(Object::read(one, &objects.function)?);
    }
    Ok(judge(objects, &found, &written, &said))
}

/// What an object has to do with a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Object {
    path: String,
    is_planned: bool,
    is_built: bool,
    in_module: bool,
    /// It refers to it, and needs it to link.
    refers: bool,
    /// It defines it for others.
    defines: bool,
    /// It exports it to modules.
    exports: bool,
}

impl Object {
    fn read(built: Built, function: &str) -> Result<Self> {
        let Built { path, is_planned, file, in_module } = built;
        let mut object = Self { path, is_planned, in_module, ..Self::default() };
        let Some(file) = file else { return Ok(object) };
        object.is_built = true;
        object.look(&file, function)?;
        Ok(object)
    }

    fn look(&mut self, file: &Path, function: &str) -> Result<()> {
        let input = Input::open(file)?;
        let image = input.image(Want::SYMBOLS)?;
        // Since 6.4 the second, which modpost turns into the first.
        let exports = [format!("__ksymtab_{function}"), format!("__export_symbol_{function}")];
        for symbol in image.symbols.iter() {
            let Symbol { section, bind, .. } = symbol;
            let name = image.symbols.name(&symbol);
            if name == function {
                self.refers |= section == Place::Undefined && bind != WEAK;
                self.defines |= section != Place::Undefined && bind != LOCAL;
            }
            self.exports |=
                section != Place::Undefined && exports.iter().any(|one| name == one.as_str());
        }
        Ok(())
    }
}

/// What the objects say about a finding.
fn judge(objects: &Objects, found: &[Object], config: &str, said: &str) -> Outcome {
    let Objects { fault, function, users, definers, in_module, option, .. } = objects;
    let confirmed = Outcome::Confirmed(Verified::Compiler);
    let of = |names: &[String]| -> Vec<&Object> {
        found.iter().filter(|object| names.contains(&object.path)).collect()
    };
    let fails = |path: &&String| {
        found.iter().any(|one| one.path == **path && one.is_planned && !one.is_built)
    };
    let complaint = |path: &str| {
        let file = path.strip_suffix(".o").unwrap_or(path);
        let mut lines = said.lines().filter(|line| line.contains("error:"));
        let line = lines.clone().find(|line| line.contains(file)).or_else(|| lines.next());
        Outcome::Undecided(format!("{path} does not compile: {}", line.unwrap_or_default().trim()))
    };
    let quoted = [format!("'{function}'"), format!("\u{2018}{function}\u{2019}")];
    let is_about = |line: &str| {
        (line.contains("implicit declaration of function") || line.contains("undeclared"))
            && quoted.iter().any(|name| line.contains(name))
    };
    let defining: Vec<&Object> = of(definers).into_iter().filter(|one| one.defines).collect();
    if let Some(broken) = definers.iter().find(fails) {
        return complaint(broken);
    }
    if *fault == Fault::Unused {
        if let Some(option) = option.as_ref().filter(|name| assignment(config, name).is_some()) {
            return Outcome::Undecided(format!("make olddefconfig turns {option} on"));
        }
        if let Some(user) = of(users).into_iter().find(|user| user.refers) {
            return Outcome::Refuted(format!("{} refers to it", user.path));
        }
        if let Some(user) = users.iter().find(fails) {
            return complaint(user);
        }
        return match defining.iter().find(|one| !one.in_module) {
            Some(_) => confirmed,
            None => Outcome::Undecided(format!("{} does not define it", definers.join(", "))),
        };
    }
    // Without a declaration it does not even compile, whatever links.
    if *fault == Fault::Missing && said.lines().any(is_about) {
        return confirmed;
    }
    let callers: Vec<&Object> = of(users)
        .into_iter()
        .filter(|user| user.is_built && user.in_module == *in_module)
        .collect();
    if callers.is_empty() {
        if let Some(user) = users.iter().find(fails) {
            return complaint(user);
        }
        let kind = if *in_module { "as part of a module" } else { "into the kernel" };
        let users = users.join(", ");
        return Outcome::Undecided(format!("with the compiler here, {users} is not built {kind}"));
    }
    if !callers.iter().any(|user| user.refers) {
        let user = &callers[0].path;
        return Outcome::Refuted(format!("{user} is built and does not refer to it"));
    }
    let built_in = defining.iter().find(|one| !one.in_module);
    let exporting = defining.iter().find(|one| one.exports);
    match (fault, defining.first(), built_in, exporting) {
        (Fault::Missing, Some(one), ..) => Outcome::Refuted(format!("{} defines it", one.path)),
        (Fault::InModule, _, Some(one), _) => {
            Outcome::Refuted(format!("{} defines it in the kernel", one.path))
        }
        (Fault::NotExported, _, _, Some(one)) => {
            Outcome::Refuted(format!("{} exports it", one.path))
        }
        _ => confirmed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(fault: Fault) -> Objects {
        Objects {
            fault,
            function: "f".into(),
            users: vec!["a/user.o".into()],
            definers: vec!["b/f.o".into()],
            directories: vec!["a".into(), "b".into()],
            in_module: fault == Fault::NotExported,
            option: (fault == Fault::Unused).then(|| "X".to_owned()),
        }
    }

    /// `rm`: refers to it, as part of a module; `dx`: defines and exports it; `!`: does not compile.
    fn object(path: &str, what: &str) -> Object {
        let has = |letter| what.contains(letter);
        Object {
            path: path.into(),
            is_planned: !what.is_empty(),
            is_built: !what.is_empty() && !has('!'),
            in_module: has('m'),
            refers: has('r'),
            defines: has('d'),
            exports: has('x'),
        }
    }

    #[track_caller]
    fn expect(fault: Fault, user: &str, definer: &str, said: &str, expected: &str) {
        let found = [object("a/user.o", user), object("b/f.o", definer)];
        let outcome = judge(&objects(fault), &found, "CONFIG_XY=y\n", said);
        let short = match &outcome {
            Outcome::Confirmed(_) => "confirmed",
            Outcome::Refuted(_) => "refuted",
            Outcome::Undecided(_) | Outcome::Unasked => "undecided",
        };
        assert_eq!(short, expected, "{outcome:?}");
    }

    #[test]
    fn objects_decide() {
        use Fault::{InModule, Missing, NotExported, Unused};
        expect(Missing, "br", "", "", "confirmed");
        expect(Missing, "br", "b", "", "confirmed");
        expect(Missing, "br", "bd", "", "refuted");
        expect(Missing, "b", "", "", "refuted");
        expect(Missing, "", "", "", "undecided");
        let error = |name| format!("x.c:1:2: error: implicit declaration of function '{name}'");
        expect(Missing, "!", "", &error("f"), "confirmed");
        expect(Missing, "!", "", &error("ff"), "undecided");
        expect(Missing, "br", "!", "b/f.c:1: error: y", "undecided");
        expect(InModule, "br", "bdm", "", "confirmed");
        expect(InModule, "br", "bd", "", "refuted");
        expect(InModule, "brm", "bdm", "", "undecided");
        expect(NotExported, "brm", "bd", "", "confirmed");
        expect(NotExported, "brm", "bdx", "", "refuted");
        expect(NotExported, "bm", "bd", "", "refuted");
        expect(Unused, "", "bd", "", "confirmed");
        expect(Unused, "b", "bd", "", "confirmed");
        expect(Unused, "br", "bd", "", "refuted");
        expect(Unused, "", "", "", "undecided");
        let on = judge(&objects(Unused), &[object("b/f.o", "bd")], "CONFIG_X=y\n", "");
        assert!(matches!(on, Outcome::Undecided(_)));
    }
}
