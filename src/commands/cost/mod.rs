//! `hmmsize cost`: the options of a build by what they cost, for somebody who shrinks a kernel.

use std::path::Path;
use std::time::Instant;

use crate::analyze::cost::Held;
use crate::analyze::size;
use crate::cli::common::Common;
use crate::cli::cost::{Cost, CostFormat, CostSort};
use crate::commands::audit::pair::{self, Opened};
use crate::commands::output;
use crate::exit::{Error, Exit, Result};
use crate::kbuild::source::kernel_version;
use crate::logic::trial::Kconfig;
use crate::model::cost::{Build, OptionCost, Report, SCHEMA};
use crate::model::size::Payload;
use crate::model::words;
use crate::render;

mod exact;
mod places;
mod subject;

use subject::{Subject, Wanted};

/// More options whose value is not understood than this are not named.
const NAMED: usize = 5;

/// Runs the command.
pub fn run(common: &Common, args: &Cost) -> Result<Exit> {
    let started = Instant::now();
    let asked = args.what.option.iter().map(|word| words::option(word).map_err(Error::Usage));
    let asked: Vec<String> = asked.map(|word| word.map(|(name, _)| name)).collect::<Result<_>>()?;
    let root = pair::tree(&args.what)?;
    pair::threads(common.jobs)?;
    let subject = Subject::read(common, args)?;
    let mut builds = Vec::new();
    for wanted in &subject.images {
        let (build, config) = one(wanted, &root, &asked)?;
        let mut build = arranged(build, args);
        if args.exact > 0 {
            exact::measure(common, args, wanted, &config, &mut build)?;
        }
        builds.push(build);
    }
    let report = Report {
        schema: SCHEMA,
        tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(),
        tree: root.display().to_string(),
        kernel: std::fs::read_to_string(root.join("Makefile"))
            .ok()
            .and_then(|text| kernel_version(&text)),
        builds,
    };
    if common.time {
        crate::exit::say(&format_args!(
            "time: {:>9.3} ms  all",
            started.elapsed().as_secs_f64() * 1e3
        ));
    }
    let top = match args.top {
        Some(0) => usize::MAX,
        Some(top) => top,
        None => 20,
    };
    let text = match args.format {
        CostFormat::Json => render::json::pretty(&report),
        CostFormat::Table => render::cost::table(&report, top, output::view(common)),
        CostFormat::Markdown => render::cost::markdown(&report, top),
        CostFormat::Csv => render::cost::csv(&report),
    };
    output::write(common.output.as_deref(), text)?;
    for sentence in &subject.missing {
        crate::exit::say(&format_args!("hmmsize: {sentence}"));
    }
    Ok(if subject.missing.is_empty() { Exit::Ok } else { Exit::Cell })
}

/// The options of one image, and the text of its configuration. Of the options only the `asked` are
/// kept, if any are.
fn one(wanted: &Wanted, root: &Path, asked: &[String]) -> Result<(Build, Vec<u8>)> {
    let opened = pair::open(&wanted.picture)?;
    let image = opened.image()?;
    let arch = match &wanted.arch {
        Some(arch) => arch.clone(),
        None => opened.arch()?.unwrap_or_default(),
    };
    let mut source = pair::arch_source(root, &arch)?;
    let mut warnings = Vec::new();
    let pieces = opened.pieces(&image, true, &mut warnings);
    if !pieces.has_objects {
        return Err(Error::input(&wanted.picture.file, no_objects(&opened)));
    }
    let config = opened.config();
    let mut held = Held::default();
    places::deal(&pieces, &mut source, root, config, &mut held);
    let text = opened.config_text();
    let failed = |err| Error::io("a thread", err);
    let kconfig = Kconfig::new(&source.model, text, config).map_err(failed)?;
    if let Some(sentence) = not_understood(&kconfig.unequal) {
        warnings.push(sentence);
    }
    let mut options = held.options(&kconfig, config).map_err(failed)?;
    if let Some(missing) = asked.iter().find(|name| !options.iter().any(|one| one.option == **name))
    {
        let value = config.value(missing);
        warnings.push(format!("{missing} is {value}, and no byte of the image depends on it"));
    }
    options.retain(|one| asked.is_empty() || asked.contains(&one.option));
    let payload = Payload { bytes: pieces.payload(), kind: pieces.kind };
    let build = Build {
        image: wanted.picture.name.clone(),
        arch,
        size: size::berkeley(&image),
        payload,
        always: held.always,
        unknown: held.unknown,
        options,
        warnings,
    };
    Ok((build, text.to_vec()))
}

/// Why nothing can be said of an image, and what helps.
fn no_objects(opened: &Opened) -> String {
    let (why, helps) = if opened.has_map() {
        let why = "its linker map names vmlinux.o only";
        (
            why,
            "with X86_KERNEL_IBT or LTO it wants vmlinux.o.map beside it, which `hmmsize build` makes",
        )
    } else {
        ("there is no linker map beside it", "`hmmsize build` makes one")
    };
    format!("of no byte it is known which object it is of: {why} ({helps})")
}

/// What to say of options that our evaluator computes otherwise than the `.config` has them.
fn not_understood(unequal: &[String]) -> Option<String> {
    if unequal.is_empty() {
        return None;
    }
    let named = unequal[..unequal.len().min(NAMED)].join(", ");
    let more = if unequal.len() > NAMED { ", …" } else { "" };
    let count = unequal.len();
    let options = if count == 1 { "option has" } else { "options have" };
    Some(format!(
        "{count} {options} another value in this tree's Kconfig than in the configuration \
         ({named}{more}): what would go is less certain"
    ))
}

/// The options in the order that was asked for, those that were asked for.
fn arranged(mut build: Build, args: &Cost) -> Build {
    if args.removable {
        build.options.retain(|one| one.removes.is_some());
    }
    if args.sort == CostSort::Removes {
        let key = |one: &OptionCost| std::cmp::Reverse((one.removes, one.own));
        build.options.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.option.cmp(&b.option)));
    }
    build
}
