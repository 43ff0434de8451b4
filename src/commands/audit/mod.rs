//! `hmmsize audit`: what an option costs whoever does not use it, and which bytes it owns.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use crate::analyze::attribute::record;
use crate::cli::audit::{Audit, AuditFormat};
use crate::cli::common::Common;
use crate::commands::output;
use crate::exit::{Error, Exit, Result};
use crate::kbuild::arches;
use crate::kbuild::source::kernel_version;
use crate::model::audit::{Arch, Possible, PossibleState, Report, SCHEMA, Verdict};
use crate::model::words;
use crate::render;

mod causes;
mod debug;
mod evidence;
mod gated;
mod news;
pub mod pair;
mod possible;
pub mod subject;
mod verdict;

use news::Before;
use pair::Asked;
use subject::Subject;

/// Says how long phases took, if asked.
struct Clock {
    on: bool,
    last: Instant,
}

impl Clock {
    fn phase(&mut self, name: &str) {
        if self.on {
            crate::exit::say(&format_args!(
                "time: {:>9.3} ms  {name}",
                self.last.elapsed().as_secs_f64() * 1e3
            ));
        }
        self.last = Instant::now();
    }
}

/// Runs the command.
pub fn run(common: &Common, args: &Audit) -> Result<Exit> {
    let mut clock = Clock { on: common.time, last: Instant::now() };
    let asked = args.what.option.iter().map(|word| words::option(word).map_err(Error::Usage));
    let asked: Vec<(String, Option<String>)> = asked.collect::<Result<_>>()?;
    let options: Vec<String> = asked.iter().map(|(name, _)| name.clone()).collect();
    let root = pair::tree(&args.what)?;
    pair::threads(common.jobs)?;
    let subject = Subject::read(common, args)?;
    clock.phase("pairs");
    let mut found: BTreeMap<String, Arch> = BTreeMap::new();
    let (possible, undefined) = possible::ask(common, args, &root, &asked)?;
    if let Some(option) = undefined {
        let msg = format!("nothing in {} defines {option}", root.display());
        return Err(Error::Usage(msg));
    }
    clock.phase("where it can be on");
    costs(&subject, args, &root, &options, &mut found)?;
    clock.phase("costs");
    for (arch, sentence) in subject.missing {
        entry(&mut found, &arch).missing.push(sentence);
    }
    let gated = gated::find(&root, &looked_at(&possible, &root), &options)?;
    clock.phase("functions and gating rules");
    let arches = join(found, possible, !args.what.arch.is_empty());
    let mut report = Report {
        schema: SCHEMA,
        tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(),
        tree: root.display().to_string(),
        kernel: std::fs::read_to_string(root.join("Makefile"))
            .ok()
            .and_then(|t| kernel_version(&t)),
        options,
        verdict: Verdict::Holds,
        reasons: Vec::new(),
        arches,
        functions: gated.functions,
        findings: gated.findings,
        commit_message: String::new(),
    };
    verdict::judge(&mut report, args);
    let pairs: Vec<_> = report
        .arches
        .iter()
        .flat_map(|arch| {
            let on = arch.on.iter().map(|cost| (arch.arch.as_str(), cost, true));
            on.chain(arch.off.iter().map(|cost| (arch.arch.as_str(), cost, false)))
        })
        .collect();
    report.commit_message = record::commit_message(&report.options, &pairs);
    let top = match args.top {
        Some(0) => None,
        Some(top) => Some(top),
        None => Some(20),
    };
    let text = match args.format {
        _ if args.commit_message => report.commit_message.clone(),
        AuditFormat::Json => render::json::pretty(&report),
        AuditFormat::Table => render::audit::table(&report, top, output::view(common)),
        AuditFormat::Markdown => render::audit::markdown::render(&report, top),
        AuditFormat::Csv => render::audit::csv(&report),
    };
    clock.phase("verdict");
    output::write(common.output.as_deref(), text)?;
    Ok(match report.verdict {
        Verdict::Holds => Exit::Ok,
        Verdict::Broken => Exit::Verdict,
        Verdict::Unknown => Exit::Cell,
    })
}

fn entry<'f>(found: &'f mut BTreeMap<String, Arch>, arch: &str) -> &'f mut Arch {
    found.entry(arch.to_owned()).or_insert_with(|| Arch {
        arch: arch.to_owned(),
        possible: Vec::new(),
        on: None,
        off: None,
        missing: Vec::new(),
    })
}

/// The costs of all pairs.
fn costs(
    subject: &Subject,
    args: &Audit,
    root: &Path,
    options: &[String],
    found: &mut BTreeMap<String, Arch>,
) -> Result<()> {
    let mut known: Option<(String, pair::ArchSource)> = None;
    for one in &subject.pairs {
        if one.identical {
            let cost = pair::identical(one)?;
            let arch = entry(found, one.arch.as_deref().unwrap_or_default());
            *(if one.on { &mut arch.on } else { &mut arch.off }) = Some(cost);
            continue;
        }
        let opened = (pair::open(&one.old)?, pair::open(&one.new)?);
        let arch = match &one.arch {
            Some(arch) => arch.clone(),
            None => opened.1.arch()?.unwrap_or_default(),
        };
        if known.as_ref().is_none_or(|(name, _)| *name != arch) {
            known = Some((arch.clone(), pair::arch_source(root, &arch)?));
        }
        let Some((_, source)) = &mut known else { continue };
        let before = (!one.on).then(|| one.revision.clone().map(Before::Commit)).flatten();
        let before =
            before.or_else(|| args.before_tree.clone().map(Before::Tree)).filter(|_| !one.on);
        let pictures = (&opened.0, &opened.1);
        let asked = Asked { options, before: before.as_ref(), with_debug: true };
        let cost = pair::cost(one, pictures, root, source, &asked)?;
        let arch = entry(found, &arch);
        *(if one.on { &mut arch.on } else { &mut arch.off }) = Some(cost);
    }
    Ok(())
}

/// The architectures that functions are looked at for: of those that can have the option, the two with
/// the most drivers, else the first; nothing in particular in a tree without architectures.
fn looked_at(possible: &[(String, Vec<Possible>)], root: &Path) -> Vec<String> {
    if !root.join("arch").is_dir() {
        return vec![String::new()];
    }
    let can = |all: &[Possible]| all.iter().any(|one| one.state != PossibleState::Impossible);
    let able: Vec<&str> =
        possible.iter().filter(|(_, all)| can(all)).map(|(arch, _)| arch.as_str()).collect();
    let known = |arch: &&&str| matches!(**arch, "x86" | "x86_64" | "arm64");
    let mut most: Vec<&str> = able.iter().filter(known).copied().collect();
    if most.is_empty() {
        most = able;
        most.truncate(1);
    }
    most.into_iter().map(str::to_owned).collect()
}

/// Puts what is known from the images and from Kconfig together: `x86_64` of a run is `x86` of the tree.
fn join(
    mut found: BTreeMap<String, Arch>,
    possible: Vec<(String, Vec<Possible>)>,
    named: bool,
) -> Vec<Arch> {
    let srcarch = |name: &str| {
        arches::find(name).map_or_else(|| name.to_owned(), |arch| arch.srcarch.to_string())
    };
    for (arch, possible) in possible {
        let name = srcarch(&arch);
        let known = found.values_mut().find(|one| one.arch == arch || srcarch(&one.arch) == name);
        match known {
            Some(known) => known.possible = possible,
            None if named || !possible.is_empty() => entry(&mut found, &arch).possible = possible,
            None => {}
        }
    }
    found.into_values().collect()
}
