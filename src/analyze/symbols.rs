//! The symbols of two images for the gate, and those of one for its records.
//!
//! Two images are matched as `compare` matches them. A record has names and, of names that occur more
//! than once, objects, so that what one static of a name gains does not hide in what another loses.

use std::collections::BTreeMap;

use super::claims::{Claims, claims};
use super::diff::{self, Side};
use super::{class, names};
use crate::model::baseline::{Named, Static};
use crate::model::image::Image;
use crate::model::verdict::SymbolChange;

/// Every symbol of two images, unchanged ones included.
pub fn between(old: &[Image<'_>], new: &[Image<'_>]) -> Vec<SymbolChange> {
    let (was, is) = (of(old), of(new));
    let pairs = diff::pairs(Side { images: old, claims: &was }, Side { images: new, claims: &is });
    pairs
        .iter()
        .map(|pair| SymbolChange {
            name: names::display(diff::name(&pair, &was, &is)),
            was: diff::old_name(&pair, &was).map(names::display),
            object: text_of(diff::object(&pair, &was, &is)),
            class: Some(diff::item(&pair, &was, &is).class),
            old: pair.before(&was),
            new: pair.after(&is),
        })
        .collect()
}

fn of<'a>(images: &'a [Image<'a>]) -> Claims<'a> {
    claims(images, class::of_section)
}

/// The text of a source file or member, where the symbol table knows it.
fn text_of(object: &[u8]) -> Option<String> {
    (!object.is_empty()).then(|| String::from_utf8_lossy(object).into_owned())
}

/// All symbols of `images` by name, each byte once.
pub fn by_name(images: &[Image<'_>]) -> BTreeMap<String, Named> {
    let mut names: BTreeMap<String, Vec<Static>> = BTreeMap::new();
    let claims = of(images);
    for item in &claims.items {
        let symbol = Static { object: text_of(claims.object(item)), bytes: item.bytes };
        names.entry(names::display(claims.name(item))).or_default().push(symbol);
    }
    let named = |symbols: Vec<Static>| match &symbols[..] {
        [only] => Named::One(only.bytes),
        _ => Named::Several(symbols),
    };
    names.into_iter().map(|(name, symbols)| (name, named(symbols))).collect()
}

/// Every symbol of two records, unchanged ones included.
pub fn changes(old: &BTreeMap<String, Named>, new: &BTreeMap<String, Named>) -> Vec<SymbolChange> {
    let summed = !old.is_empty() && !old.values().any(|named| matches!(named, Named::Several(_)));
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let mut changes = Vec::new();
    for name in new.keys().chain(gone) {
        let (was, is) = (symbols(old.get(name)), symbols(new.get(name)));
        let pairs = if summed { sums(&was, &is) } else { pair(was, is) };
        changes.extend(pairs.into_iter().map(|(was, is)| SymbolChange {
            name: name.clone(),
            was: None,
            old: was.as_ref().map(|symbol| symbol.bytes),
            new: is.as_ref().map(|symbol| symbol.bytes),
            object: is.or(was).and_then(|symbol| symbol.object),
            class: None,
        }));
    }
    changes
}

fn symbols(named: Option<&Named>) -> Vec<Static> {
    match named {
        None => Vec::new(),
        Some(Named::One(bytes)) => vec![Static { object: None, bytes: *bytes }],
        Some(Named::Several(symbols)) => symbols.clone(),
    }
}

type Sides = (Option<Static>, Option<Static>);

/// A record that added up what has one name can only be held against a sum.
fn sums(old: &[Static], new: &[Static]) -> Vec<Sides> {
    let sum = |symbols: &[Static]| {
        let bytes = symbols.iter().fold(0u64, |sum, symbol| sum.saturating_add(symbol.bytes));
        (!symbols.is_empty()).then_some(Static { object: None, bytes })
    };
    vec![(sum(old), sum(new))]
}

/// Which symbol of a name is which: first those of one object and size, then of one object, then of one
/// size where an object is not known, and last what is left, if it is only one on either side.
fn pair(mut old: Vec<Static>, mut new: Vec<Static>) -> Vec<Sides> {
    let rules: [fn(&Static, &Static) -> bool; 3] = [
        |a, b| a == b,
        |a, b| a.object == b.object,
        |a, b| a.bytes == b.bytes && (a.object.is_none() || b.object.is_none()),
    ];
    let mut pairs = Vec::new();
    for same in rules {
        let mut left = Vec::new();
        for was in old {
            match new.iter().position(|is| same(&was, is)) {
                Some(at) => pairs.push((Some(was), Some(new.remove(at)))),
                None => left.push(was),
            }
        }
        old = left;
    }
    if old.len() == 1 && new.len() == 1 {
        pairs.push((old.pop(), new.pop()));
    }
    pairs.extend(old.into_iter().map(|was| (Some(was), None)));
    pairs.extend(new.into_iter().map(|is| (None, Some(is))));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_file(object: &str, bytes: u64) -> Static {
        Static { object: Some(object.into()), bytes }
    }

    fn record(named: Named) -> BTreeMap<String, Named> {
        let other = Named::Several(vec![of_file("x.c", 1), of_file("y.c", 1)]);
        BTreeMap::from([("init".into(), named), ("other".into(), other)])
    }

    /// Object, old and new size of what is called `init`.
    fn changed(old: Named, new: Named) -> Vec<(Option<String>, Option<u64>, Option<u64>)> {
        let all = changes(&record(old), &record(new)).into_iter();
        all.filter(|c| c.name == "init").map(|c| (c.object, c.old, c.new)).collect()
    }

    #[test]
    fn what_one_static_gains_does_not_hide_in_what_another_loses() {
        let old = Named::Several(vec![of_file("a.c", 10), of_file("b.c", 20)]);
        let new = Named::Several(vec![of_file("b.c", 10), of_file("a.c", 20)]);
        let a = (Some("a.c".into()), Some(10), Some(20));
        let b = (Some("b.c".into()), Some(20), Some(10));
        assert_eq!(changed(old, new), [a, b]);
    }

    #[test]
    fn statics_of_unknown_objects_are_matched_by_size() {
        let nameless = |bytes| Static { object: None, bytes };
        let old = Named::Several(vec![nameless(8), nameless(16)]);
        let new = Named::Several(vec![nameless(16), nameless(24)]);
        assert_eq!(changed(old, new), [(None, Some(16), Some(16)), (None, Some(8), Some(24))]);
        // A second one of the name came.
        let new = Named::Several(vec![of_file("a.c", 30), of_file("b.c", 8)]);
        let came = (Some("a.c".into()), None, Some(30));
        assert_eq!(changed(Named::One(8), new), [(Some("b.c".into()), Some(8), Some(8)), came]);
        assert_eq!(changed(Named::One(8), Named::One(9)), [(None, Some(8), Some(9))]);
    }

    #[test]
    fn old_records_are_held_against_sums() {
        let old = BTreeMap::from([("init".to_owned(), Named::One(30))]);
        let new = record(Named::Several(vec![of_file("a.c", 10), of_file("b.c", 20)]));
        let all = changes(&old, &new);
        let init = all.iter().find(|change| change.name == "init").unwrap();
        assert_eq!((init.old, init.new), (Some(30), Some(30)));
        let text = r#"{"init": 30, "two": [{"object": "a.c", "bytes": 1}, {"bytes": 2}]}"#;
        let read: BTreeMap<String, Named> = serde_json::from_str(text).unwrap();
        let two = Named::Several(vec![of_file("a.c", 1), Static { object: None, bytes: 2 }]);
        assert_eq!((&read["init"], &read["two"]), (&Named::One(30), &two));
    }
}
