//! The difference of two configurations, as the kernel's `scripts/diffconfig` sees it.

use std::collections::BTreeSet;

use crate::model::config::{Config, ConfigChange};

/// What differs, in the script's order: symbols only in `old`, then changed ones, then symbols only
/// in `new`, each by name. A symbol that is not mentioned differs from one that is `n`.
pub fn diff(old: &Config, new: &Config) -> Vec<ConfigChange> {
    let change = |symbol: &String, old: Option<&String>, new: Option<&String>| ConfigChange {
        symbol: symbol.clone(),
        old: old.cloned(),
        new: new.cloned(),
    };
    let removed = old.values.iter().filter(|(symbol, _)| !new.values.contains_key(*symbol));
    let changed = old.values.iter().filter_map(|(symbol, was)| {
        let is = new.values.get(symbol)?;
        (is != was).then(|| change(symbol, Some(was), Some(is)))
    });
    let added = new.values.iter().filter(|(symbol, _)| !old.values.contains_key(*symbol));
    removed
        .map(|(symbol, was)| change(symbol, Some(was), None))
        .chain(changed)
        .chain(added.map(|(symbol, is)| change(symbol, None, Some(is))))
        .collect()
}

/// Parts the changes into those of the `requested` symbols (without `CONFIG_`) and all others, which
/// Kconfig dragged in.
pub fn split_requested(
    changes: Vec<ConfigChange>,
    requested: &BTreeSet<String>,
) -> (Vec<ConfigChange>, Vec<ConfigChange>) {
    changes.into_iter().partition(|change| requested.contains(&change.symbol))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(values: &[(&str, &str)]) -> Config {
        let values = values.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        Config { values }
    }

    #[test]
    fn order_and_kinds_are_the_scripts() {
        let old = config(&[("B", "y"), ("A", "n"), ("S", "y"), ("Z", "1")]);
        let new = config(&[("B", "n"), ("S", "y"), ("C", "m"), ("AA", "y")]);
        let all = diff(&old, &new);
        let names: Vec<_> = all.iter().map(|change| change.symbol.as_str()).collect();
        assert_eq!(names, ["A", "Z", "B", "AA", "C"]);
        let (requested, rest) = split_requested(all, &BTreeSet::from(["C".to_owned()]));
        assert_eq!(requested.len(), 1);
        assert_eq!(rest.len(), 4);
    }
}
