//! The functions that an option gates, from source alone: where they are defined, declared, stubbed and
//! used, and what the gating rules of `lint` say about them.
//!
//! Only files that have something to do with the option are looked into: those that name it, those that
//! it builds, and those that mention a function in either.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;
use regex::bytes::Regex;
use rustc_hash::FxHashSet;

use super::pair::{self, ArchSource};
use crate::analyze::attribute::decide;
use crate::exit::Result;
use crate::kconf::eval::with_stacks;
use crate::lint::context::{Arch, Tree};
use crate::lint::gating::Gating;
use crate::lint::{Rule, rules};
use crate::model::audit::{Finding, Function, Gate, Lacks};
use crate::model::formula::Formulas;
use crate::model::gates::{self, Chain};
use crate::model::valuation::Valuation;
use crate::source::gates::{Gates, Source};
use crate::source::guards::{FileKind, tree as guards};
use crate::source::symbols::{self, Manner, Symbols};
use crate::source::texts::Texts;

/// What is found from source alone.
pub struct Gated {
    /// By name.
    pub functions: Vec<Function>,
    /// In the order of files and lines.
    pub findings: Vec<Finding>,
}

/// More functions than this are not looked for in all files.
const MANY: usize = 20_000;

/// A function with the option and the gate that it needs.
struct Known {
    option: String,
    gate: Gate,
    defined: String,
}

/// Looks at the source for `arches`, of which the first says what the makefiles build.
pub fn find(root: &Path, arches: &[String], options: &[String]) -> Result<Gated> {
    let mut sources = Vec::new();
    for arch in arches {
        sources.push(pair::arch_source(root, arch)?);
    }
    let paths = symbols::tree::paths(&[root])?;
    let naming = naming(root, &paths, options);
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for source in &mut sources {
        gated(root, source, &naming, options, &mut known);
    }
    if known.is_empty() || known.len() > MANY {
        return Ok(Gated { functions: Vec::new(), findings: Vec::new() });
    }
    // All that mention one, or make names of parts.
    let names: Vec<String> = known.keys().map(|name| regex::escape(name)).collect();
    let Ok(pattern) = Regex::new(&format!(r"\b(?:{})\b", names.join("|"))) else {
        return Ok(Gated { functions: Vec::new(), findings: Vec::new() });
    };
    let about: Vec<String> = paths
        .into_par_iter()
        .filter(|path| {
            let is_header = FileKind::of(path) == Some(FileKind::Header);
            let text = std::fs::read(root.join(path)).unwrap_or_default();
            naming.contains(path)
                || pattern.is_match(&text)
                || (is_header && memchr::memmem::find(&text, b"##").is_some())
        })
        .collect();
    let wanted: FxHashSet<Box<[u8]>> = known.keys().map(|name| name.as_bytes().into()).collect();
    let symbols = symbols::tree::read_some(&[root], &about, &|name| wanted.contains(name));
    let functions = functions(root, &symbols, known);
    let mut findings = findings(root, sources, &about, symbols)?;
    // Of the files that were looked into, what is about something else is not asked for.
    let names = |finding: &Finding| {
        let of = |option: &String| finding.message.contains(&format!("CONFIG_{option}"));
        let word = finding.message.split(' ').find_map(|word| word.strip_suffix("()"));
        let gated = word.is_some_and(|name| wanted.contains(name.as_bytes()));
        options.iter().any(of) || (gated && finding.code != "S005")
    };
    findings.retain(names);
    Ok(Gated { functions, findings })
}

/// The files that name one of the options.
fn naming(root: &Path, paths: &[String], options: &[String]) -> BTreeSet<String> {
    let finders: Vec<_> = options
        .iter()
        .map(|option| memchr::memmem::Finder::new(&format!("CONFIG_{option}")).into_owned())
        .collect();
    let has = |path: &&String| {
        let text = std::fs::read(root.join(path)).unwrap_or_default();
        finders.iter().any(|finder| finder.find(&text).is_some())
    };
    paths.par_iter().filter(has).cloned().collect()
}

/// The functions that are only there with an option, on one architecture.
fn gated(
    root: &Path,
    source: &mut ArchSource,
    naming: &BTreeSet<String>,
    options: &[String],
    known: &mut BTreeMap<String, Known>,
) {
    let ArchSource { presence, formulas, .. } = source;
    let off = Valuation::without(formulas, options);
    let needs = |object: &&crate::source::makefile::Object| {
        object.source.is_some()
            && object.built != Formulas::FALSE
            && off.get(object.built_in, false) == Some(false)
            && off.get(object.module, true) == Some(false)
    };
    let mut files: BTreeSet<String> = presence
        .objects
        .iter()
        .filter(needs)
        .filter_map(|object| object.source.as_deref().map(str::to_owned))
        .collect();
    files.extend(naming.iter().filter(|path| FileKind::of(path) == Some(FileKind::C)).cloned());
    let gates = Gates::new(presence);
    let read: Vec<Source> =
        files.iter().filter_map(|path| Source::read(&[root], path, formulas)).collect();
    let off = Valuation::without(formulas, options);
    let mut texts = Texts::new(&[root]);
    for file in &read {
        if gates.objects_of(&file.path).is_empty() {
            continue;
        }
        for function in symbols::functions(&file.text) {
            if !function.is_defined() || function.is_static {
                continue;
            }
            let name = &file.text[function.name.0 as usize..function.name.1 as usize];
            let name = String::from_utf8_lossy(name).into_owned();
            let chain = gates.at_byte(file, function.name.0, formulas, &mut texts);
            if let Some((option, gate)) = gate(&chain, &off, options) {
                let defined = format!("{}:{}", chain.file, chain.line);
                let gate = decide::shown(gate);
                known.entry(name).or_insert(Known { option, gate, defined });
            }
        }
    }
}

/// The gate that keeps a place away where the options are off.
fn gate<'c>(
    chain: &'c Chain,
    off: &Valuation,
    options: &[String],
) -> Option<(String, &'c gates::Gate)> {
    let value = chain.value(off);
    if value.most != crate::model::tristate::Tristate::No {
        return None;
    }
    chain.gates().find_map(|gate| {
        let closed = off.all(&gate.holds, false) == Some(false);
        let option = gate.options.iter().find(|option| options.contains(option));
        option.filter(|_| closed).map(|option| (option.clone(), gate))
    })
}

/// Where the functions are declared, stubbed and used.
fn functions(root: &Path, symbols: &Symbols, known: BTreeMap<String, Known>) -> Vec<Function> {
    let mut texts = Texts::new(&[root]);
    let mut out: BTreeMap<String, Function> = known
        .into_iter()
        .map(|(name, Known { option, gate, defined })| {
            let function = Function {
                name: name.clone(),
                option,
                defined,
                gate,
                prototypes: Vec::new(),
                stubs: Vec::new(),
                used: false,
                lacks: Lacks::Nothing,
            };
            (name, function)
        })
        .collect();
    for mention in &symbols.mentions {
        let name = &*symbols.names[mention.name as usize];
        let Some(function) = out.get_mut(name) else { continue };
        let file = &symbols.files[mention.file as usize];
        let is_header = file.kind == Some(FileKind::Header);
        let own = function.defined.rsplit_once(':').is_some_and(|(path, _)| path == &*file.path);
        let place = |texts: &mut Texts| {
            let text = texts.get(&file.path);
            let upto = &text[..(mention.at as usize).min(text.len())];
            format!("{}:{}", file.path, memchr::memchr_iter(b'\n', upto).count() + 1)
        };
        match mention.manner {
            Manner::Declared if is_header => function.prototypes.push(place(&mut texts)),
            Manner::Static | Manner::Macro if is_header => function.stubs.push(place(&mut texts)),
            Manner::Called
            | Manner::Named
            | Manner::InMacro
            | Manner::Foreign
            | Manner::Pointer => {
                function.used |= !own;
            }
            _ => {}
        }
    }
    let mut functions: Vec<Function> = out.into_values().collect();
    for function in &mut functions {
        function.lacks = if !function.used {
            Lacks::Nothing
        } else if function.prototypes.is_empty() {
            Lacks::Prototype
        } else if function.stubs.is_empty() {
            Lacks::Stub
        } else {
            Lacks::Nothing
        };
    }
    functions
}

/// What the gating rules say of these functions.
fn findings(
    root: &Path,
    sources: Vec<ArchSource>,
    about: &[String],
    symbols: Symbols,
) -> Result<Vec<Finding>> {
    let wanted = |rule: &&'static Rule| {
        matches!(rule.code, "S001" | "S002" | "S003" | "S004" | "S005" | "S006")
    };
    let rules: Vec<&'static Rule> = rules::RULES.iter().filter(wanted).collect();
    // The formulas of all architectures have to be the same ones.
    let mut formulas = Formulas::default();
    let names: Vec<&str> = about.iter().map(String::as_str).collect();
    let guarded = guards::read_only(&[root], &names, &mut formulas);
    let kbuild = pair::kbuild(root, &sources);
    let archs: Vec<&str> = sources.iter().map(|source| source.presence.arch.as_str()).collect();
    let presences = kbuild.presences(&archs, &mut formulas);
    let arches = sources
        .into_iter()
        .zip(presences)
        .map(|(source, (presence, _))| Arch::new(source.srcarch, source.model, Some(presence)));
    let mut tree = Tree::new(root.to_owned(), arches.collect(), &[], (formulas, guarded));
    tree.gating = Gating::of(symbols);
    let said = with_stacks(|| crate::lint::run(&tree, &rules));
    let (findings, _) = said.map_err(|err| crate::exit::Error::io("a thread", err))??;
    let finding = |one: crate::model::finding::Finding| Finding {
        rule: rules
            .iter()
            .find(|rule| rule.code == one.code)
            .map_or("", |rule| rule.name)
            .to_owned(),
        severity: one.severity.name().to_owned(),
        place: format!("{}:{}", one.file, one.line),
        message: one.message,
        arches: one.arches,
        code: one.code,
    };
    Ok(findings.into_iter().map(finding).collect())
}
