//! A kernel configuration as plain data: symbol names without `CONFIG_`, and their values as written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The assignments of a `.config`. `# CONFIG_X is not set` is the value `n`; strings keep their quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Symbol (without `CONFIG_`) → value as written.
    pub values: BTreeMap<String, String>,
}

impl Config {
    /// The value of `symbol` (without `CONFIG_`); a symbol that is not mentioned is `n`.
    pub fn value(&self, symbol: &str) -> &str {
        self.values.get(symbol).map_or("n", String::as_str)
    }
}

/// One symbol whose value differs between two configurations, `None` where it is not mentioned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChange {
    /// Without `CONFIG_`.
    pub symbol: String,
    /// The value before.
    pub old: Option<String>,
    /// The value after.
    pub new: Option<String>,
}
