//! What debug information adds to a cost: types that changed in size, and how much of growth was inlined.

use std::path::Path;

use super::causes::Causes;
use super::evidence::Files;
use crate::analyze::attribute::decide;
use crate::analyze::attribute::inlined::{self, Side};
use crate::analyze::attribute::partition::Question;
use crate::analyze::attribute::pieces::Pieces;
use crate::analyze::attribute::types::{self, Changed, Field};
use crate::elf::dwarf::Debug;
use crate::exit::Result;
use crate::model::audit::{Cost, FieldChange, TypeChange};
use crate::model::formula::Formulas;
use crate::model::gates::Gate;
use crate::model::image::Image;
use crate::model::record::Member;
use crate::source::gates::Source;
use crate::source::guards::FileKind;

/// Types whose fields are of types that changed whose fields are …
const DEEPEST: usize = 8;

/// The types that changed, and the source files that declare what changed in them.
#[derive(Default)]
pub struct Types {
    changed: Vec<Changed>,
    files: Files,
}

/// Both images' debug information; `None` if one of them has none. One that cannot be read is a warning.
pub fn open<'a>(
    was: &'a Image<'a>,
    is: &'a Image<'a>,
    warnings: &mut Vec<String>,
) -> Option<(Debug<'a>, Debug<'a>)> {
    let mut of = |image: &'a Image<'a>| -> Option<Debug<'a>> {
        let found: Result<Option<Debug<'a>>> = Debug::of(image);
        found.unwrap_or_else(|err| {
            warnings.push(format!("{err}; types and inlined functions are not told"));
            None
        })
    };
    Some((of(was)?, of(is)?))
}

impl Types {
    /// Looks for types of other sizes. The formulas of the files that declare them go to `formulas`.
    pub fn read(
        (old, new): (&Debug<'_>, &Debug<'_>),
        root: &Path,
        formulas: &mut Formulas,
    ) -> Self {
        let (was, is) = rayon::join(|| old.tags(), || new.tags());
        let names = types::names(&was, &is);
        if names.is_empty() {
            return Self::default();
        }
        let wanted = |name: &str| names.contains(name);
        let (was, is) = rayon::join(|| old.records(&wanted), || new.records(&wanted));
        let changed = types::changed(was, is);
        let mut files = Files::default();
        let members = changed.iter().flat_map(|one| &one.fields);
        for member in members.flat_map(|field| field.old.iter().chain(&field.new)) {
            if !files.contains_key(&member.file)
                && let Some(source) = Source::read(&[root], &member.file, formulas)
            {
                files.insert(member.file.clone(), source);
            }
        }
        Self { changed, files }
    }

    /// The sources that declare them; headers are everybody's.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        let is_source = |path: &&str| FileKind::of(path) == Some(FileKind::C);
        self.files.keys().map(String::as_str).filter(is_source)
    }

    /// Says what makes each of them another.
    pub fn explain(
        &self,
        question: &Question<'_>,
        formulas: &Formulas,
        causes: &Causes,
    ) -> Vec<TypeChange> {
        let one = |changed: &Changed| {
            let (old, new) = (&changed.old, &changed.new);
            let kind = if new.is_union { "union" } else { "struct" };
            let fields = changed.fields.iter();
            TypeChange {
                name: format!("{kind} {}", new.name),
                defined: place(&new.file, new.line),
                old: old.bytes,
                new: new.bytes,
                fields: fields.map(|field| self.field(field, question, formulas, causes)).collect(),
            }
        };
        let mut all: Vec<TypeChange> = self.changed.iter().map(one).collect();
        // What is of a type that changed has that type's reasons.
        for _ in 0..DEEPEST {
            let reasons: Vec<Option<FieldChange>> = all.iter().map(reason).collect();
            let mut any = false;
            for (number, changed) in self.changed.iter().enumerate() {
                for (field, told) in changed.fields.iter().zip(&mut all[number].fields) {
                    let Some(of) = field.new.as_ref().filter(|_| field.old.is_some()) else {
                        continue;
                    };
                    let inner = (told.gate.is_none() && !of.of.is_empty())
                        .then(|| self.changed.iter().position(|one| one.new.name == of.of))
                        .flatten()
                        .filter(|inner| *inner != number);
                    if let Some(from) = inner.and_then(|inner| reasons[inner].as_ref()) {
                        told.option.clone_from(&from.option);
                        told.gate.clone_from(&from.gate);
                        told.through = vec![of.of.clone()];
                        told.through.extend(from.through.iter().cloned());
                        any = true;
                    }
                }
            }
            if !any {
                break;
            }
        }
        all
    }

    fn field(
        &self,
        field: &Field,
        question: &Question<'_>,
        formulas: &Formulas,
        causes: &Causes,
    ) -> FieldChange {
        let bits = |member: &Option<Member>| member.as_ref().map(|member| member.bits);
        let shown = field.new.as_ref().or(field.old.as_ref());
        let mut told = FieldChange {
            name: field.name().to_owned(),
            old: bits(&field.old),
            new: bits(&field.new),
            defined: shown.and_then(|member| place(&member.file, member.line)),
            option: None,
            gate: None,
            through: Vec::new(),
        };
        for (member, on) in [(&field.new, true), (&field.old, false)] {
            let Some((source, member)) =
                member.as_ref().and_then(|member| Some((self.files.get(&member.file)?, member)))
            else {
                continue;
            };
            let gates = source.guards_at(source.offset(member.line), formulas);
            let gates: Vec<&Gate> = gates.iter().collect();
            if let Some(decided) = decide::among(&gates, on, question) {
                told.option = Some(decided.option);
                told.gate = Some(decided.gate);
                return told;
            }
        }
        if let Some(member) = &field.new
            && (field.old.is_none() || !self.changed.iter().any(|one| one.new.name == member.of))
            && let Some(source) = self.files.get(&member.file)
        {
            let (bytes, name) = declaration(source, member);
            if let Some(found) = causes.of_declaration(&member.file, bytes, name) {
                (told.option, told.gate, told.through) = (found.option, found.gate, found.through);
            }
        }
        told
    }
}

/// The bytes of a member's declaration, from its line on: up to the semicolon after its name, without
/// what stands before it on that line; and those of its name.
fn declaration(source: &Source, member: &Member) -> ((u32, u32), (u32, u32)) {
    let from = source.offset(member.line);
    let rest = source.text.get(from as usize..).unwrap_or_default();
    let name = member.name.rsplit('.').next().unwrap_or_default();
    let is_word = |at: usize| {
        let part =
            |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        !part(at.checked_sub(1).and_then(|at| rest.get(at))) && !part(rest.get(at + name.len()))
    };
    let at = memchr::memmem::find_iter(rest, name).find(|at| is_word(*at)).unwrap_or(0);
    let start = memchr::memrchr2(b';', b'{', &rest[..at]).map_or(0, |before| before + 1);
    let end = memchr::memchr(b';', &rest[at..]).map_or(rest.len(), |end| at + end);
    let at_byte = |at: usize| from + at as u32;
    ((at_byte(start), at_byte(end)), (at_byte(at), at_byte(at + name.len())))
}

fn place(file: &str, line: u32) -> Option<String> {
    (!file.is_empty() && line > 0).then(|| format!("{file}:{line}"))
}

/// The member that says why a type has another size: the one with the largest change of those that do.
fn reason(one: &TypeChange) -> Option<FieldChange> {
    let change = |field: &&FieldChange| field.new.unwrap_or(0).abs_diff(field.old.unwrap_or(0));
    one.fields.iter().filter(|field| field.gate.is_some()).max_by_key(change).cloned()
}

/// Tells growth by inlining with its bytes.
pub fn inlined(
    cost: &mut Cost,
    (old, new): (&Debug<'_>, &Debug<'_>),
    (was, is): (&Image<'_>, &Image<'_>),
    (first, second): (&Pieces, &Pieces),
) {
    if !cost.rows.iter().any(inlined::is_asked) {
        return;
    }
    let ((before, odd), (after, more)) = rayon::join(|| old.inlines(), || new.inlines());
    cost.warnings.extend(odd.iter().chain(&more).map(ToString::to_string));
    let side = |image, pieces, inlines| Side { image, pieces, inlines };
    inlined::tell(cost, side(was, first, &before), side(is, second, &after));
}
