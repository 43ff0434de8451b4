//! What Kconfig will make of a cell, before make is started.
//!
//! The engine that knows is a reader of its own and given by the caller, as measuring is. Nothing here
//! trusts it blindly: a request that it says will be dropped ends a cell only after the toolchain was
//! asked again, and what make wrote is held against what was foreseen.

use super::plan::CellPlan;
use crate::exit::Result;
use crate::model::config::{Config, ConfigChange};
use crate::model::words::Assignment;

/// Where the results of Kconfig's probes of the toolchain come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probes {
    /// From an earlier run, if they were recorded.
    Recorded,
    /// From the toolchain, now.
    Asked,
}

/// Knows what Kconfig does.
pub trait Kconfig: Sync {
    /// The configuration that configuring `cell` will write. Its build directory must be there.
    ///
    /// # Errors
    /// The tree cannot be read, or the base is a goal that is not known: nothing is foreseen.
    fn predict(&self, cell: &CellPlan, probes: Probes) -> Result<Config>;

    /// Why `wanted` does not hold, in one clause, and what to do: in the configuration that was
    /// foreseen, or in `made`, a `.config` that make wrote.
    ///
    /// # Errors
    /// As [`Kconfig::predict`].
    fn why(&self, cell: &CellPlan, made: Option<&[u8]>, wanted: &Assignment) -> Result<String>;
}

/// What differs between a configuration that was foreseen and the one that was written; `# CONFIG_X
/// is not set` and no mention of X are one value.
pub fn differences(foreseen: &Config, made: &Config) -> Vec<ConfigChange> {
    let mut symbols: Vec<&String> = foreseen.values.keys().chain(made.values.keys()).collect();
    symbols.sort();
    symbols.dedup();
    let differ = symbols.into_iter().filter(|s| foreseen.value(s) != made.value(s));
    differ
        .map(|symbol| ConfigChange {
            symbol: symbol.clone(),
            old: foreseen.values.get(symbol).cloned(),
            new: made.values.get(symbol).cloned(),
        })
        .collect()
}

/// The warning about differences, naming the first of them.
pub fn warning(id: &str, differences: &[ConfigChange]) -> Option<String> {
    const NAMED: usize = 5;
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "n".to_owned());
    let names: Vec<String> = differences
        .iter()
        .take(NAMED)
        .map(|c| format!("{} is {}, not {}", c.symbol, value(&c.new), value(&c.old)))
        .collect();
    let more = match differences.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!names.is_empty()).then(|| {
        format!(
            "{id}: warning: make's .config is not what hmmsize foresaw: {}{more}. This is a bug of \
             hmmsize, please report it; the cell is built as make configured it",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_count_and_the_first_are_named() {
        let config = |pairs: &[(&str, &str)]| Config {
            values: pairs.iter().map(|(s, v)| ((*s).to_owned(), (*v).to_owned())).collect(),
        };
        let foreseen = config(&[("A", "y"), ("B", "n"), ("C", "y")]);
        let made = config(&[("A", "y"), ("C", "m"), ("D", "y")]);
        let found = differences(&foreseen, &made);
        let text = warning("arm/linux/with", &found).unwrap();
        assert!(text.contains(": C is m, not y, D is y, not n. This is a bug"), "{text}");
        assert_eq!(warning("arm/linux/with", &differences(&made, &made)), None);
        let many: Vec<String> = (0..9).map(|n| format!("S{n}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|s| (s.as_str(), "y")).collect();
        let text = warning("x", &differences(&config(&many), &config(&[]))).unwrap();
        assert!(text.contains("S4 is n, not y and 4 more"), "{text}");
    }
}
