//! The symbols of two images for the gate, and those of one for its records.
//!
//! Two images are matched as `compare` matches them. A record only has names, so there the sizes of
//! one name are added up: what tells two statics of one name apart is not recorded.

use std::collections::BTreeMap;

use super::claims::{Claims, claims};
use super::diff::{self, Side};
use super::{class, names};
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

/// Bytes by name of all symbols of `images`, each byte once.
pub fn by_name(images: &[Image<'_>]) -> BTreeMap<String, u64> {
    let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
    let claims = of(images);
    for item in &claims.items {
        let size = sizes.entry(names::display(claims.name(item))).or_default();
        *size = size.saturating_add(item.bytes);
    }
    sizes
}

/// Every name of two records, unchanged ones included.
pub fn changes(old: &BTreeMap<String, u64>, new: &BTreeMap<String, u64>) -> Vec<SymbolChange> {
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    new.keys()
        .chain(gone)
        .map(|name| SymbolChange {
            name: name.clone(),
            was: None,
            object: None,
            class: None,
            old: old.get(name).copied(),
            new: new.get(name).copied(),
        })
        .collect()
}
