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
        .map(|pair| {
            let item = diff::item(pair, &was, &is);
            let renamed = pair.old.filter(|_| pair.renamed);
            SymbolChange {
                name: names::display(&item.name),
                was: renamed.map(|old| names::display(&was.items[old as usize].name)),
                object: text_of(diff::object(pair, &was, &is)),
                class: Some(item.class),
                old: pair.before(&was),
                new: pair.after(&is),
            }
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
    for item in of(images).items {
        let size = sizes.entry(names::display(&item.name)).or_default();
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
