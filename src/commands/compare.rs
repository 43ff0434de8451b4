//! `hmmsize compare`: read, think, render.

use std::time::Instant;

use super::diffconfig::requested;
use super::images::WantDebug;
use super::size::{self as size_tables, Table as SizeTable};
use super::subsystems::Subsystems;
use super::{by_option, images, json, output, run_report};
use crate::analyze::claims::Category;
use crate::analyze::compare::{Analysed, Options, compare};
use crate::analyze::select::{Selection, Sort};
use crate::analyze::{bloat, config, size, warnings};
use crate::cli::common::Common;
use crate::cli::compare::{ByArg, Compare, Format, ShowArg, SortArg};
use crate::elf::{HugePages, dwarf};
use crate::exit::{Error, Exit, Result};
use crate::model::audit::Cost;
use crate::model::delta::{self, By, Change, Comparison, ConfigDelta, Report};
use crate::model::size::Radix;
use crate::render;

/// Runs the command.
pub fn run(common: &Common, args: &Compare) -> Result<Exit> {
    if let [file] = args.files.as_slice()
        && json::is_json(file)
    {
        let format = match args.format {
            None | Some(Format::Table) => run_report::Format::Table,
            Some(Format::Markdown) => run_report::Format::Markdown,
            Some(Format::Json) => run_report::Format::Json,
            Some(Format::Csv) => run_report::Format::Csv,
            Some(Format::Berkeley) => run_report::Format::Berkeley,
            Some(Format::Sysv | Format::Gnu | Format::Bloat) => {
                let msg = "a run.json is shown as table, markdown, json, csv or berkeley";
                return Err(Error::Usage(format!("{}: {msg}", file.display())));
            }
        };
        return run_report::run(common, file, format);
    }
    if args.compat.is_some() {
        return compat(common, args);
    }
    let table = match args.format {
        Some(Format::Berkeley) => SizeTable::Berkeley,
        Some(Format::Sysv) => SizeTable::Sysv,
        Some(Format::Gnu) => SizeTable::Gnu,
        _ => return full(common, args),
    };
    let options = size_tables::Options {
        table,
        totals: args.totals,
        common: args.common,
        radix: radix(args),
    };
    let (out, odd) = size_tables::table(&args.files, options)?;
    say(common, odd);
    output::write(common.output.as_deref(), out)?;
    Ok(Exit::Ok)
}

fn radix(args: &Compare) -> Radix {
    match args.radix.as_str() {
        "8" => Radix::Octal,
        "16" => Radix::Hex,
        _ => Radix::Decimal,
    }
}

fn say(common: &Common, warnings: impl IntoIterator<Item = String>) {
    if common.quiet == 0 {
        for warning in warnings {
            crate::exit::say(&format_args!("hmmsize: warning: {warning}"));
        }
    }
}

/// `--compat bloat-o-meter`
fn compat(common: &Common, args: &Compare) -> Result<Exit> {
    if args.files.len() != 2 {
        return Err(Error::Usage("--compat bloat-o-meter compares exactly two files".into()));
    }
    images::threads(common.jobs)?;
    let opened = images::open(&args.files, false)?;
    let lent = images::read(&opened)?;
    let selection = match (args.categorize, args.data, args.text) {
        (true, ..) => bloat::Selection::Categorize,
        (_, true, _) => bloat::Selection::Data,
        (_, _, true) => bloat::Selection::Text,
        _ => bloat::Selection::All,
    };
    let reports = bloat::compare(lent[0].images(), lent[1].images(), selection);
    output::write(common.output.as_deref(), render::bloat::compat(&reports))?;
    let differ = reports.iter().any(|report| !report.rows.is_empty());
    Ok(if args.exit_code && differ { Exit::Verdict } else { Exit::Ok })
}

/// Every format with differences.
fn full(common: &Common, args: &Compare) -> Result<Exit> {
    let format = args.format.unwrap_or(Format::Table);
    let baseline = baseline(args)?;
    let wanted = Wanted::new(args, format)?;
    let mut clock = Clock::new(common.time);
    if wanted.by.contains(&By::Inline) {
        // What is inlined is read in many blocks of less than a huge page.
        HugePages::save();
    }
    images::threads(common.jobs)?;
    let opened = images::open(&args.files, wanted.payload)?;
    let lent = images::read(&opened)?;
    clock.phase("read");
    say(common, lent.iter().flat_map(images::Lent::warnings));
    let mut files = images::analyse_all(&lent, wanted.payload);
    say(common, files.iter().flat_map(|file| file.diags.iter().map(ToString::to_string)));
    clock.phase("analyse");
    if let Some(want) = wanted_debug(args, &wanted.by, &files) {
        say(common, images::debug(&mut files, want)?);
        if wanted.by.contains(&By::Inline) {
            // What units were read into lies between what is kept of them.
            HugePages::give_back();
        }
        clock.phase("debug");
    }
    let subsystems = if wanted.by.contains(&By::Subsystem) {
        let (found, odd) = Subsystems::find(args.tree.as_deref(), &args.files)?;
        say(common, odd);
        Some(found)
    } else {
        None
    };
    let subsystem = subsystems.as_ref().map(|found| |file: &str| found.name(file));
    let mut report = Report {
        schema: delta::SCHEMA,
        tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(),
        files: files.iter().map(warnings::describe).collect(),
        baseline,
        comparisons: Vec::new(),
    };
    let costs = costs(common, args, &wanted.by, baseline)?;
    let filter = wanted.filter.as_ref().map(|regex| |name: &str| regex.is_match(name));
    let units =
        if format == Format::Json { images::units(&files, args.units)? } else { Vec::new() };
    let mut options = Options {
        by: wanted.by.clone(),
        selection: Selection {
            show: &wanted.show,
            filter: filter.as_ref().map(|filter| filter as &(dyn Fn(&str) -> bool + Sync)),
            sort: wanted.sort,
            top: wanted.top,
        },
        subsystem: subsystem.as_ref().map(|find| find as &(dyn Fn(&str) -> String + Sync)),
        categories: wanted.categories,
        units: None,
        cost: None,
    };
    for number in (0..files.len()).filter(|&number| number != baseline) {
        let (old, new) = (&files[baseline], &files[number]);
        options.units = units.get(baseline).zip(units.get(number)).map(|(old, new)| [old, new]);
        options.cost = costs[number].as_ref();
        // Both at once: neither has work for all threads all the time.
        let (compared, config) = rayon::join(
            || compare(number, old, new, &options),
            || config_delta(common, args, old, new),
        );
        let mut comparison = compared?;
        comparison.warnings = warnings::between(
            &report.files[baseline],
            &report.files[number],
            old.payload_sides(new),
        );
        comparison.config = config;
        report.comparisons.push(comparison);
    }
    clock.phase("compare");
    if args.strict {
        refuse_incomparable(&report)?;
    }
    let text = render(args, common, format, &report, &files, wanted.changes);
    clock.phase("render");
    output::write(common.output.as_deref(), text)?;
    clock.phase("write");
    let differ = report.comparisons.iter().any(differs);
    // The process ends here: to take a hundred thousand symbols apart one by one would be wasted time.
    std::mem::forget((report, files));
    std::mem::forget(lent);
    images::give_back(&opened);
    std::mem::forget(opened);
    Ok(if args.exit_code && differ { Exit::Verdict } else { Exit::Ok })
}

/// The partition between the baseline and each other file, where a table is by option or guard.
fn costs(common: &Common, args: &Compare, by: &[By], baseline: usize) -> Result<Vec<Option<Cost>>> {
    let by_source = by.iter().any(|by| matches!(by, By::Option | By::Guard));
    let mut costs = Vec::new();
    for (number, file) in args.files.iter().enumerate() {
        let is_asked = by_source && number != baseline;
        let cost = is_asked.then(|| by_option::cost(args, &args.files[baseline], file));
        let cost = cost.transpose()?;
        say(common, cost.iter().flat_map(|cost| cost.warnings.iter().cloned()));
        costs.push(cost);
    }
    Ok(costs)
}

/// What of debug information the tables need; `None` if nothing.
fn wanted_debug(args: &Compare, by: &[By], files: &[Analysed]) -> Option<WantDebug> {
    let units = by.iter().any(|by| matches!(by, By::Unit | By::Subsystem));
    // Directories are those of objects, where it is known of which object each byte is.
    let dirs = by.contains(&By::Dir) && !files.iter().all(Analysed::has_objects);
    let inlines = by.contains(&By::Inline);
    let things = (units || dirs) && !args.text;
    (units || dirs || inlines).then_some(WantDebug { origins: dwarf::Want { things }, inlines })
}

fn baseline(args: &Compare) -> Result<usize> {
    let count = args.files.len();
    if count < 2 && !args.by.is_empty() {
        return Err(Error::Usage("--by compares: give two files or more".into()));
    }
    match args.against {
        None => Ok(0),
        Some(number) if (1..=count).contains(&number) => Ok(number - 1),
        Some(number) => {
            Err(Error::Usage(format!("--against {number}: there are {count} files, from 1")))
        }
    }
}

/// What the arguments ask for, with the defaults of the format.
struct Wanted {
    by: Vec<By>,
    /// Symbols in bloat-o-meter's layout rather than as a table.
    changes: bool,
    payload: bool,
    show: Vec<Change>,
    sort: Option<Sort>,
    top: Option<usize>,
    filter: Option<regex::Regex>,
    categories: &'static [(&'static str, &'static [Category])],
}

impl Wanted {
    fn new(args: &Compare, format: Format) -> Result<Self> {
        let for_people = matches!(format, Format::Table | Format::Markdown);
        let changes = args.by.is_empty();
        let by = match (args.by.is_empty(), format) {
            (false, Format::Bloat) => {
                return Err(Error::Usage("--format bloat shows symbols: leave out --by".into()));
            }
            (false, _) => args.by.iter().map(|by| by_of(*by)).collect(),
            (true, Format::Json | Format::Csv) => vec![By::Class, By::Section, By::Symbol],
            (true, _) => vec![By::Symbol],
        };
        let top = match (args.top, for_people) {
            (Some(0), _) | (None, false) => None,
            (Some(top), _) => Some(top),
            (None, true) => Some(if changes { 10 } else { 20 }),
        };
        let filter = args.filter.as_deref().map(regex::Regex::new).transpose();
        let filter = filter.map_err(|err| {
            let text = err.to_string();
            let reason = text.lines().last().unwrap_or_default().trim();
            Error::Usage(format!("--filter: {}", reason.trim_start_matches("error: ")))
        })?;
        let sort = args.sort.map(|sort| match sort {
            SortArg::Delta => Sort::Delta,
            SortArg::Abs => Sort::Abs,
            SortArg::Name => Sort::Name,
            SortArg::Size => Sort::Size,
            SortArg::Percent => Sort::Percent,
        });
        Ok(Self {
            payload: format != Format::Bloat,
            by,
            changes,
            show: changes_of(&args.show),
            sort,
            top,
            filter,
            categories: categories(args),
        })
    }
}

fn categories(args: &Compare) -> &'static [(&'static str, &'static [Category])] {
    match (args.categorize, args.data, args.text) {
        (true, ..) => &[
            ("Function", &[Category::Text]),
            ("Data", &[Category::Data]),
            ("RO Data", &[Category::Rodata]),
        ],
        (_, true, _) => &[("Data", &[Category::Data, Category::Rodata])],
        (_, _, true) => &[("Function", &[Category::Text])],
        _ => &[("Symbol", Category::ALL)],
    }
}

fn by_of(by: ByArg) -> By {
    match by {
        ByArg::Class => By::Class,
        ByArg::Section => By::Section,
        ByArg::Symbol => By::Symbol,
        ByArg::Object => By::Object,
        ByArg::Dir => By::Dir,
        ByArg::Unit => By::Unit,
        ByArg::Subsystem => By::Subsystem,
        ByArg::Inline => By::Inline,
        ByArg::Option => By::Option,
        ByArg::Guard => By::Guard,
    }
}

fn changes_of(show: &[ShowArg]) -> Vec<Change> {
    let all = [
        (ShowArg::Added, Change::Added),
        (ShowArg::Removed, Change::Removed),
        (ShowArg::Grown, Change::Grown),
        (ShowArg::Shrunk, Change::Shrunk),
        (ShowArg::Same, Change::Same),
        (ShowArg::Renamed, Change::Renamed),
    ];
    let wanted = |arg: ShowArg| {
        if show.is_empty() {
            return !matches!(arg, ShowArg::Same | ShowArg::Renamed);
        }
        show.contains(&arg) || show.contains(&ShowArg::All)
    };
    all.into_iter().filter(|&(arg, _)| wanted(arg)).map(|(_, change)| change).collect()
}

/// The configuration changes, where both files have one and not the same. A configuration that can't
/// be read is no reason not to compare sizes.
fn config_delta(
    common: &Common,
    args: &Compare,
    old: &Analysed,
    new: &Analysed,
) -> Option<ConfigDelta> {
    let (old, new) = rayon::join(|| images::config(old), || images::config(new));
    let found = old.and_then(|old| Ok((old, new?)));
    let (old, new) = match found {
        Ok((Some(old), Some(new))) if old.path != new.path => (old, new),
        Ok(_) => return None,
        Err(err) => {
            say(common, [format!("no configuration changes shown: {err}")]);
            return None;
        }
    };
    let asked = requested(&args.option).unwrap_or_default();
    let changes = config::diff(&old.config, &new.config);
    let (requested, changes) = config::split_requested(changes, &asked);
    Some(ConfigDelta { old: old.label, new: new.label, requested, changes })
}

fn refuse_incomparable(report: &Report) -> Result<()> {
    let mut warnings = report.comparisons.iter().flat_map(|comparison| &comparison.warnings);
    match warnings.find(|warning| warning.code.not_comparable()) {
        Some(warning) => Err(Error::NotComparable(warning.message.clone())),
        None => Ok(()),
    }
}

fn differs(comparison: &Comparison) -> bool {
    comparison.columns.iter().any(|row| row.delta != 0)
        || comparison.symbols.is_some_and(|s| s.added + s.removed + s.grown + s.shrunk > 0)
}

fn render(
    args: &Compare,
    common: &Common,
    format: Format,
    report: &Report,
    files: &[Analysed],
    changes: bool,
) -> Vec<u8> {
    match format {
        Format::Json => return render::json::pretty(report).into_bytes(),
        Format::Csv => return render::csv::csv(report).into_bytes(),
        Format::Bloat => return render::compare::bloat(report).into_bytes(),
        _ => {}
    }
    let images = files.iter().flat_map(|file| file.images);
    let rows: Vec<_> = images.map(|image| size::berkeley_row(image, args.common)).collect();
    let totals = args.totals.then(|| size::totals(rows.iter().map(|row| &row.size)));
    let mut block = Vec::new();
    render::berkeley::write_berkeley(&mut block, &rows, totals.as_ref(), radix(args))
        .expect("writing to memory does not fail");
    if format == Format::Markdown {
        let block = String::from_utf8_lossy(&block);
        return render::markdown::report(&block, report, changes).into_bytes();
    }
    // The block stays bytes: file names need not be UTF-8, and `size` prints them as they are.
    let view = output::view(common);
    block.extend_from_slice(render::compare::text(report, changes, view).as_bytes());
    block
}

/// `--time`
struct Clock {
    on: bool,
    last: Instant,
}

impl Clock {
    fn new(on: bool) -> Self {
        Self { on, last: Instant::now() }
    }

    fn phase(&mut self, name: &str) {
        let now = Instant::now();
        if self.on {
            crate::exit::say(&format_args!(
                "time: {name:<8} {:>9.3} ms",
                (now - self.last).as_secs_f64() * 1e3
            ));
        }
        self.last = now;
    }
}
