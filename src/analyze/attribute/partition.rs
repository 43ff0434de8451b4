//! Two images side by side: every difference with the first reason that holds for it.
//!
//! DESIGN.md, *Attribution to options*: what one of the configurations does not have is direct if the
//! gate that keeps it away names an option in question, else dragged in by the changed option that the
//! gate names; guards count before makefiles, from the inside out. What both have is ungated growth.
//! Then come padding, noise, and what nobody can be blamed for. The sum is exact.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::decide::{self, Comes};
use super::kallsyms;
use super::pieces::{Key, Piece, Pieces};
use crate::model::audit::{Gate, Group, Growth, Leak, Row, Why};
use crate::model::class::Class;
use crate::model::config::ConfigChange;
use crate::model::gates::Chain;
use crate::model::valuation::Valuation;

/// Where the source has a symbol.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// `file:line`, if its definition was found.
    pub defined: Option<String>,
    /// What decides whether it is there: one chain for each definition, or one for its object.
    pub chains: Vec<Chain>,
}

/// Why something grew that has no gate of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The option.
    pub option: Option<String>,
    /// The gate that it comes through.
    pub gate: Option<Gate>,
    /// The names that lead there.
    pub through: Vec<String>,
    /// What sort of growth it is.
    pub growth: Growth,
    /// The line that leaks, where the option is off.
    pub leak: Option<Leak>,
}

/// What is known from the source. All is asked for at most once for each key.
pub trait Evidence {
    /// Where a symbol is defined, and what gates it.
    fn place(&mut self, key: &Key, piece: &Piece) -> Place;
    /// The gates of an object as a whole.
    fn object(&mut self, object: &str) -> Option<Chain>;
    /// Why a symbol changed in size that both sides have, or would have but for the compiler.
    fn cause(&mut self, key: &Key, piece: &Piece) -> Option<Cause>;
    /// Whether the definition of a function mentions a name.
    fn mentions(&mut self, key: &Key, name: &str) -> bool;
}

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The options in question, without `CONFIG_`.
    pub options: &'q [String],
    /// What changed between the configurations, asked for or not.
    pub changed: &'q [ConfigChange],
    /// Formulas under the configuration before.
    pub was: &'q Valuation,
    /// Formulas under the configuration after.
    pub is: &'q Valuation,
}

/// The partition.
#[derive(Debug, Default)]
pub struct Partition {
    /// See [`crate::model::audit::Cost::groups`].
    pub groups: Vec<Group>,
    /// See [`crate::model::audit::Cost::rows`].
    pub rows: Vec<Row>,
}

/// What changes with the time, the place or the length of a name.
const NOISE: &[&str] = &[
    "linux_banner",
    "linux_proc_banner",
    "kernel_config_data",
    "kernel_headers_data",
    "(.note.gnu.build-id)",
    "(.notes)",
    "(kallsyms compression)",
];

fn is_kallsyms(key: &Key) -> bool {
    key.name.strip_prefix('(').and_then(|name| name.strip_suffix(')')) == Some(kallsyms::ENTRIES)
}

fn is_noise(key: &Key) -> bool {
    NOISE.contains(&&*key.name)
}

/// One difference while it is looked at.
struct Change<'p> {
    key: &'p Key,
    old: Option<&'p Piece>,
    new: Option<&'p Piece>,
    delta: i64,
}

impl Change<'_> {
    fn piece(&self) -> &Piece {
        self.new.or(self.old).expect("a change has a side")
    }

    fn both(&self) -> bool {
        self.old.is_some() && self.new.is_some()
    }

    fn comes(&self) -> Comes {
        match (self.old, self.new) {
            (None, _) => Comes::New,
            (_, None) => Comes::Gone,
            _ => Comes::Both,
        }
    }
}

/// Puts `old` and `new` side by side.
pub fn partition(
    old: &Pieces,
    new: &Pieces,
    question: &Question<'_>,
    evidence: &mut dyn Evidence,
) -> Partition {
    let changes = changes(old, new);
    let mut rows: Vec<Row> = Vec::new();
    for change in changes.iter().filter(|change| !change.key.bare) {
        rows.push(symbol(change, question, evidence));
    }
    moved(&changes, &mut rows, evidence);
    within_functions(&changes, &mut rows);
    let mut objects = Reasons::default();
    for row in &rows {
        let object = row.object.as_deref().unwrap_or_default();
        for class in [None, Some(row.class)] {
            let said = objects.entry((object, class)).or_default();
            let one = (row.why, row.option.clone());
            if !said.contains(&one) {
                said.push(one);
            }
        }
    }
    let bare: Vec<Row> = changes
        .iter()
        .filter(|change| change.key.bare)
        .map(|change| bare(change, question, evidence, &objects))
        .collect();
    drop(objects);
    rows.extend(bare);
    rows.sort_by(|a, b| {
        let size = |row: &Row| std::cmp::Reverse(row.delta.unsigned_abs());
        (size(a), &a.name, &a.object).cmp(&(size(b), &b.name, &b.object))
    });
    let padding = (new.padding as i64).wrapping_sub(old.padding as i64);
    let groups = groups(&rows, padding);
    Partition { groups, rows }
}

/// Everything that has another size, by key.
fn changes<'p>(old: &'p Pieces, new: &'p Pieces) -> Vec<Change<'p>> {
    let gone = old.all.keys().filter(|key| !new.all.contains_key(*key));
    let keys = new.all.keys().chain(gone);
    let mut changes: Vec<Change<'_>> = keys
        .map(|key| {
            let (was, is) = (old.all.get(key), new.all.get(key));
            let bytes = |side: Option<&Piece>| side.map_or(0, |piece| piece.bytes) as i64;
            Change { key, old: was, new: is, delta: bytes(is).wrapping_sub(bytes(was)) }
        })
        .filter(|change| change.delta != 0)
        .collect();
    changes.sort_by(|a, b| a.key.cmp(b.key));
    changes
}

fn row(change: &Change<'_>, why: Why) -> Row {
    let object = (!change.key.object.is_empty()).then(|| change.key.object.to_string());
    Row {
        name: change.key.name.to_string(),
        object,
        class: change.piece().class,
        old: change.old.map(|piece| piece.bytes),
        new: change.new.map(|piece| piece.bytes),
        delta: change.delta,
        why,
        option: None,
        growth: None,
        defined: None,
        gate: None,
        through: Vec::new(),
        inlined: None,
        leak: None,
    }
}

/// A symbol.
fn symbol(change: &Change<'_>, question: &Question<'_>, evidence: &mut dyn Evidence) -> Row {
    if is_noise(change.key) {
        return row(change, Why::Noise);
    }
    let place = evidence.place(change.key, change.piece());
    let mut row = row(change, Why::Ungated);
    row.defined = place.defined;
    if let Some(decided) = decide::of(&change.key.object, change.comes(), &place.chains, question) {
        row.why = decided.why;
        row.option = Some(decided.option);
        row.gate = Some(decided.gate);
        return row;
    }
    let cause = evidence.cause(change.key, change.piece());
    let is_code = change.piece().is_function;
    row.growth = Some(match &cause {
        Some(Cause { leak: Some(_), .. }) if !change.both() => Growth::Other,
        Some(cause) => cause.growth,
        None if is_code && !change.both() => Growth::Moved,
        None => Growth::Other,
    });
    if let Some(cause) = cause {
        row.option = cause.option;
        row.gate = cause.gate;
        row.through = cause.through;
        row.leak = cause.leak;
    }
    row
}

/// Functions that the compiler keeps apart in one image only: who calls them in the same object changed
/// the other way.
fn moved(changes: &[Change<'_>], rows: &mut [Row], evidence: &mut dyn Evidence) {
    let symbols: Vec<&Change<'_>> = changes.iter().filter(|change| !change.key.bare).collect();
    let is_moved = |row: &Row| {
        row.why == Why::Ungated && (row.old.is_none() || row.new.is_none()) && row.leak.is_none()
    };
    for at in 0..rows.len() {
        if !is_moved(&rows[at]) || !symbols[at].piece().is_function {
            continue;
        }
        rows[at].growth = Some(Growth::Moved);
        for other in 0..rows.len() {
            let candidate = rows[other].object == rows[at].object
                && rows[other].why == Why::Ungated
                && rows[other].delta.signum() == -rows[at].delta.signum()
                && symbols[other].piece().is_function
                && symbols[other].both();
            if candidate && evidence.mentions(symbols[other].key, &symbols[at].key.name) {
                rows[other].growth = Some(Growth::Moved);
                if rows[at].option.is_none() && rows[other].option.is_some() {
                    let from = rows[other].clone();
                    rows[at].option = from.option;
                    rows[at].gate = from.gate;
                    rows[at].through = std::iter::once(from.name).chain(from.through).collect();
                    rows[at].leak = from.leak;
                }
            }
        }
    }
}

/// Variables that the source file does not define outside of functions, as `__func__` and what macros keep
/// in them: they go with the functions of their object that changed, if these did for one reason.
fn within_functions(changes: &[Change<'_>], rows: &mut [Row]) {
    let mut reasons: FxHashMap<&str, Vec<(Why, Option<String>)>> = FxHashMap::default();
    let symbols = changes.iter().filter(|change| !change.key.bare);
    let is_code = |change: &Change<'_>| change.piece().is_function;
    for (change, row) in symbols.clone().zip(&*rows).filter(|(change, _)| is_code(change)) {
        let said = reasons.entry(&change.key.object).or_default();
        let one = (row.why, row.option.clone());
        if !said.contains(&one) {
            said.push(one);
        }
    }
    for (change, row) in symbols.zip(rows) {
        let unexplained = row.why == Why::Ungated
            && row.option.is_none()
            && row.defined.is_none()
            && row.leak.is_none()
            && !is_code(change);
        let Some([(why, Some(option))]) =
            reasons.get(&*change.key.object).filter(|_| unexplained).map(Vec::as_slice)
        else {
            continue;
        };
        row.why = *why;
        row.option = Some(option.clone());
        row.growth = (*why == Why::Ungated).then_some(Growth::Tables);
    }
}

/// Why symbols of an object changed, all and those of one class.
type Reasons<'r> = FxHashMap<(&'r str, Option<Class>), Vec<(Why, Option<String>)>>;

/// Bytes without a symbol: they go with their object, and in an object that both sides have, with what
/// changed in it, if that has one reason only. Between variables they are what the compiler aligns these
/// with, and go with the variables that changed.
fn bare(
    change: &Change<'_>,
    question: &Question<'_>,
    evidence: &mut dyn Evidence,
    objects: &Reasons<'_>,
) -> Row {
    if is_noise(change.key) {
        return row(change, Why::Noise);
    }
    let object = &*change.key.object;
    let mut row = row(change, Why::Unattributed);
    if object.is_empty() {
        // The kernel's symbol table, where an option decides about it as a whole.
        if let Some(option) =
            kallsyms::deciding(question.changed).filter(|_| is_kallsyms(change.key))
        {
            let requested = question.options.iter().any(|one| one == option);
            row.why = if requested { Why::Direct } else { Why::DraggedIn };
            row.option = Some(option.to_owned());
        }
        return row;
    }
    let chain = evidence.object(object);
    let comes = change.comes();
    if let Some(decided) = chain.and_then(|chain| decide::of(object, comes, &[chain], question)) {
        row.why = decided.why;
        row.option = Some(decided.option);
        row.gate = Some(decided.gate);
        return row;
    }
    let of_class = matches!(row.class, Class::Data | Class::Bss | Class::Percpu);
    let of_class = of_class.then(|| objects.get(&(object, Some(row.class)))).flatten();
    match of_class.or_else(|| objects.get(&(object, None))).map(Vec::as_slice) {
        Some([(why, option)]) if *why != Why::Noise => {
            row.why = *why;
            row.option.clone_from(option);
            row.growth = (*why == Why::Ungated).then_some(Growth::Tables);
        }
        // Several reasons, but one option.
        Some([(_, Some(option)), others @ ..])
            if others.iter().all(|(_, other)| other.as_ref() == Some(option)) =>
        {
            row.why = Why::Ungated;
            row.option = Some(option.clone());
            row.growth = Some(Growth::Tables);
        }
        _ => {}
    }
    row
}

/// Adds rows up. Padding is one of them wherever it changed.
fn groups(rows: &[Row], padding: i64) -> Vec<Group> {
    let mut sums: BTreeMap<(Why, Option<&str>, Option<Growth>), Group> = BTreeMap::new();
    let empty = |why, option: Option<&str>, growth| Group {
        why,
        option: option.map(str::to_owned),
        growth,
        bytes: 0,
        up: 0,
        down: 0,
        rows: 0,
    };
    let mut add = |why, option, growth, delta: i64| {
        let group = sums.entry((why, option, growth)).or_insert_with(|| empty(why, option, growth));
        group.bytes = group.bytes.wrapping_add(delta);
        let side = if delta < 0 { &mut group.down } else { &mut group.up };
        *side = side.wrapping_add(delta.unsigned_abs());
        group.rows += 1;
    };
    for row in rows {
        add(row.why, row.option.as_deref(), row.growth, row.delta);
    }
    if padding != 0 {
        add(Why::Padding, None, None, padding);
    }
    let mut groups: Vec<Group> = sums.into_values().collect();
    groups.sort_by(|a, b| {
        let key = |group: &Group| (group.why, std::cmp::Reverse(group.up + group.down));
        key(a).cmp(&key(b)).then_with(|| (&a.option, a.growth).cmp(&(&b.option, b.growth)))
    });
    groups
}
