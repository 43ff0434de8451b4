//! The name most like one that does not exist: what may have been meant.

use rustc_hash::FxHashMap;

/// The names that exist.
#[derive(Debug)]
pub struct Names<'a> {
    /// By first letter, which is hardly ever the one that is wrong.
    by_letter: FxHashMap<u8, Vec<&'a str>>,
}

impl<'a> Names<'a> {
    /// Looks among these.
    pub fn new(names: impl Iterator<Item = &'a str>) -> Self {
        let mut by_letter: FxHashMap<u8, Vec<&str>> = FxHashMap::default();
        for name in names {
            by_letter.entry(name.bytes().next().unwrap_or(0)).or_default().push(name);
        }
        for names in by_letter.values_mut() {
            names.sort_unstable();
        }
        Self { by_letter }
    }

    /// The name most like `name`, if one is near: at most two letters are wrong, and fewer than a
    /// quarter. Of equally near ones, the first by name.
    pub fn like(&self, name: &str) -> Option<&'a str> {
        let limit = (name.len() / 4).min(2);
        let names = self.by_letter.get(&name.bytes().next()?)?;
        let near = names.iter().filter(|known| known.len().abs_diff(name.len()) <= limit);
        near.map(|known| (strsim::osa_distance(known, name), *known))
            .filter(|(distance, _)| *distance <= limit)
            .min()
            .map(|(_, known)| known)
    }
}
