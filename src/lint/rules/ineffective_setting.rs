//! B007: a line of a defconfig that the configuration does not have in the end.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::undefined_in_defconfig::set;
use crate::kconf::eval::{State, Tristate};
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Model, PropKind, SymbolId, Type};
use crate::kconf::read::Reading;
use crate::lint::{ArchCx, Check, Needs, Rule};
use crate::logic::{probes, words};
use crate::model::finding::{Finding, Severity, Verified};

/// The rule.
pub const RULE: Rule = Rule {
    code: "B007",
    name: "ineffective-setting",
    severity: Severity::Note,
    default: true,
    what: "Reports lines of an architecture's `configs/*defconfig` whose value the option does not have in \
           the configuration that is made of the file: it is not defined there, nobody can set it, what it \
           depends on is off, something selects it, or its choice has another member. Lines that say what \
           is the default anyway are fine. What a compiler's abilities could change is left alone.",
    why: "Whoever reads the defconfig takes the option for on. Most often something that it needs was \
          renamed, or is no longer selected.",
    example: "
# arch/arm64/configs/board_defconfig
CONFIG_ZONE_DEVICE=y
# CONFIG_SPARSEMEM_VMEMMAP is not set
",
    fix: "Set what it needs, or remove the line.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

/// What is said of an option that is more than it is set to.
const MORE: &str = " selects it";

/// A line that sets something.
struct Line<'t> {
    number: u32,
    column: u32,
    name: &'t str,
    /// What it sets, as the file has it; nothing for `is not set`.
    value: Option<&'t [u8]>,
}

fn check(cx: &mut ArchCx<'_>) {
    let arch = cx.arch;
    let dir = match &*arch.name {
        "" => "configs".to_owned(),
        name => format!("arch/{name}/configs"),
    };
    let files = files(cx, &dir);
    if files.is_empty() {
        return;
    }
    let focus = cx.tree.focus.clone();
    let concerned = |path: &str, name: &str| {
        focus.as_ref().is_none_or(|focus| focus.concerns(path, |values| values.contains(name)))
    };
    let files: Vec<_> = files
        .into_iter()
        .filter(|(path, text)| lines(text).iter().any(|line| concerned(path, line.name)))
        .collect();
    if files.is_empty() {
        return;
    }
    let compilers = Compilers::new(&arch.model);
    let bases: Vec<State<'_>> = compilers.all().map(State::new).collect();
    for (path, text) in files {
        let lines = lines(&text);
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, line) in lines.iter().enumerate() {
            last.insert(line.name, index);
        }
        let mut open: Vec<usize> = last.into_values().collect();
        open.retain(|index| concerned(&path, lines[*index].name));
        open.sort_unstable();
        let mut why: Vec<(usize, String)> = Vec::new();
        for base in &bases {
            let mut state = base.fresh();
            why = ineffective(&mut state, &path, &text, &lines, &open);
            open = why.iter().map(|(index, _)| *index).collect();
            if open.is_empty() {
                break;
            }
        }
        for (index, why) in why {
            let line = &lines[index];
            let name = line.name;
            // What no architecture defines is B002's.
            if !cx.tree.symbols.contains_key(name) {
                continue;
            }
            let message = match line.value {
                Some(b"m") if why.ends_with(MORE) => format!("CONFIG_{name} is y, not m: {why}"),
                Some(value) => {
                    let value = String::from_utf8_lossy(value);
                    format!("CONFIG_{name}={value} has no effect: {why}")
                }
                None => format!("CONFIG_{name} is on all the same: {why}"),
            };
            cx.exists(Finding {
                file: path.clone(),
                line: line.number,
                column: line.column,
                length: ("CONFIG_".len() + name.len()) as u32,
                symbol: Some(name.to_owned()),
                message,
                verified: Verified::Evaluator,
                ..Finding::default()
            });
        }
    }
}

/// The defconfigs of a directory, in the order of their paths.
fn files(cx: &ArchCx<'_>, dir: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for root in cx.tree.roots().into_iter().rev() {
        for entry in
            ignore::WalkBuilder::new(root.join(dir)).standard_filters(false).build().flatten()
        {
            let name = entry.file_name().to_str().unwrap_or_default();
            let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
            let path = entry.path().strip_prefix(root).ok().and_then(|path| path.to_str());
            if let Some(path) = path.filter(|_| is_file && name.ends_with("defconfig"))
                && let Ok(text) = std::fs::read(entry.path())
            {
                files.insert(path.to_owned(), text);
            }
        }
    }
    files
}

fn lines(text: &[u8]) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let Some((at, name)) = set(line) else { continue };
        let value = memchr::memchr(b'=', line).filter(|_| at == 0);
        let value = value.map(|equal| line[equal + 1..].trim_ascii_end());
        lines.push(Line { number: index as u32 + 1, column: at as u32 + 1, name, value });
    }
    lines
}

/// The model with a compiler that can do nothing, and, where it asks, with two that can do everything.
struct Compilers<'m> {
    none: &'m Model,
    known: Vec<Model>,
}

impl<'m> Compilers<'m> {
    fn new(none: &'m Model) -> Self {
        let mut known = Vec::new();
        if probes::open(none).next().is_some() {
            // What is asked to tell one compiler from the other.
            let others = [
                ["CC_IS_CLANG", "AS_IS_LLVM", "LD_IS_LLD"],
                ["CC_IS_GCC", "AS_IS_GNU", "LD_IS_BFD"],
            ];
            known.extend(others.map(|others| {
                let others = asked(none, &others);
                probes::decided(none, |probe| {
                    if others.contains(&probe) { Tristate::No } else { Tristate::Yes }
                })
            }));
        }
        Self { none, known }
    }

    fn all(&self) -> impl Iterator<Item = &Model> {
        std::iter::once(self.none).chain(&self.known)
    }
}

/// The probes that are the defaults of these options.
fn asked(model: &Model, names: &[&str]) -> FxHashSet<SymbolId> {
    let named = model.symbols.iter().filter(|symbol| {
        !symbol.constant && names.iter().any(|name| name.as_bytes() == &*symbol.name)
    });
    let props = named.flat_map(|symbol| &symbol.props).map(|prop| model.prop(*prop));
    let defaults = props.filter(|prop| prop.kind == PropKind::Default);
    defaults
        .filter_map(|prop| match model.exprs.get(prop.expr?) {
            Expr::Symbol(symbol) => Some(symbol),
            _ => None,
        })
        .collect()
}

/// Those of the `open` lines whose value the configuration does not have, and why.
fn ineffective(
    state: &mut State<'_>,
    path: &str,
    text: &[u8],
    lines: &[Line<'_>],
    open: &[usize],
) -> Vec<(usize, String)> {
    let model = state.model();
    state.read_simple(path.as_bytes(), text, Reading::default());
    let wanted: Vec<Option<(SymbolId, Vec<u8>)>> = open
        .iter()
        .map(|index| {
            let symbol = state.find(lines[*index].name.as_bytes())?;
            let value = state.user_value(symbol).map(<[u8]>::to_vec);
            (!model.symbol(symbol).menus.is_empty()).then(|| (symbol, value.unwrap_or_default()))
        })
        .collect();
    state.read(path.as_bytes(), text, Reading::default());
    state.set_new(None);
    let mut out = Vec::new();
    for (&index, wanted) in open.iter().zip(wanted) {
        let line = &lines[index];
        let why = match wanted {
            None if line.value.is_none() => None,
            None => Some("this architecture does not have the option".to_owned()),
            Some((symbol, value)) => reason(state, line, symbol, &value),
        };
        out.extend(why.map(|why| (index, why)));
    }
    out
}

/// Why the option does not have the value that the line gives it; nothing where it has.
fn reason(
    state: &mut State<'_>,
    line: &Line<'_>,
    symbol: SymbolId,
    wanted: &[u8],
) -> Option<String> {
    let model = state.model();
    let data = model.symbol(symbol);
    let logical = matches!(data.ty, Type::Bool | Type::Tristate);
    let value = state.value(symbol).to_vec();
    let no = line.value.is_none() || (logical && line.value == Some(b"n"));
    if logical && no {
        if value == b"n" {
            return None;
        }
    } else if value == wanted && (logical || state.is_written(symbol)) {
        return None;
    } else if !logical && no {
        // Where there is a number, it has some value.
        return None;
    }
    let kind = words_of(data.ty);
    let is_value = !wanted.is_empty() || line.value == Some(b"\"\"");
    if !is_value {
        return Some(format!("that is no value of {kind}"));
    }
    let visible = state.visibility(symbol);
    let wants = Tristate::parse(wanted).unwrap_or(Tristate::Yes);
    let selected = state.reverse_dependency(symbol);
    if logical && selected > wants {
        let selectors = state.selectors(symbol, PropKind::Select);
        let by = selectors.into_iter().find(|one| one.value > wants)?;
        return Some(format!("{}{MORE}", words::name(model, by.by)));
    }
    if !data.props.iter().any(|prop| model.prop(*prop).text.is_some()) {
        return Some("it has no prompt, nobody can set it".to_owned());
    }
    let needs = if logical { wants } else { Tristate::Yes };
    if visible == Tristate::No || (visible < needs && logical) {
        let dependency = state.direct_dependency(symbol);
        let level = if visible == Tristate::No { Tristate::Mod } else { Tristate::Yes };
        if dependency < level
            && let Some(part) = unmet(state, data.dir_dep, level)
        {
            let lack = if level == Tristate::Yes { "is m" } else { "is off" };
            return Some(format!("it depends on {}, which {lack}", words::expr(model, Some(part))));
        }
        return Some("its prompt is not visible".to_owned());
    }
    if let Some(choice) = state.choice_of(symbol) {
        let members = state.choice_members(choice);
        let taken = members.into_iter().find(|member| state.tristate(*member) == Tristate::Yes)?;
        return Some(format!("its choice has {}", words::name(model, taken)));
    }
    let value = String::from_utf8_lossy(&value).into_owned();
    Some(if logical { format!("it is {value}") } else { format!("its range makes it {value}") })
}

/// An operand of `&&` that is less than `level`.
fn unmet(state: &mut State<'_>, expr: Option<ExprId>, level: Tristate) -> Option<ExprId> {
    let model = state.model();
    let mut waiting = vec![expr?];
    while let Some(next) = waiting.pop() {
        match model.exprs.get(next) {
            Expr::And(a, b) => waiting.extend([b, a]),
            _ if state.expr(Some(next)) < level => return Some(next),
            _ => {}
        }
    }
    None
}

/// The type, for people.
fn words_of(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "a bool",
        Type::Tristate => "a tristate",
        Type::Int => "a number",
        Type::Hex => "a hexadecimal number",
        Type::String | Type::Unknown => "a string",
    }
}
