//! When two cells are one: the digests that "0, proven by identical inputs" rests on.

use std::os::unix::ffi::OsStrExt;

use super::environment;
use super::plan::CellPlan;
use super::toolchain::Toolchain;
use crate::model::config::Config;
use crate::model::run::Target;

/// A hash of fields. Each is preceded by its length, so that no two lists of fields run together
/// into the same bytes.
pub struct Fields(blake3::Hasher);

impl Fields {
    /// Of a kind of thing, so that two kinds never have one digest.
    pub fn new(what: &str) -> Self {
        let mut fields = Self(blake3::Hasher::new());
        fields.add(what);
        fields
    }

    /// One more.
    pub fn add(&mut self, field: impl AsRef<[u8]>) {
        let bytes = field.as_ref();
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub fn hex(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

/// Hex digest of the assignments of a `.config`. Comments and order do not count; `# CONFIG_X is
/// not set` does, because a prompt that appears is a difference, if only for the next reader.
pub fn config_digest(config: &Config) -> String {
    let mut fields = Fields::new("config");
    for (symbol, value) in &config.values {
        fields.add(symbol);
        fields.add(value);
    }
    fields.hex()
}

/// Hex digest of everything that decides what a cell's build makes: source digest, `.config`, make
/// variables, environment, compiler and target. Where it is built does not count.
pub fn identity(cell: &CellPlan, toolchain: &Toolchain, config_digest: &str) -> String {
    let mut fields = Fields::new("cell");
    fields.add(&cell.source.digest);
    fields.add(config_digest);
    let words = toolchain.words.to_words();
    fields.add((words.len() as u64).to_le_bytes());
    for word in words {
        fields.add(word);
    }
    for (key, value) in environment::relevant(&toolchain.env) {
        fields.add(key.as_bytes());
        fields.add(value.as_bytes());
    }
    fields.add(&toolchain.fingerprint);
    fields.add(match &cell.target {
        Target::Vmlinux => "vmlinux".to_owned(),
        Target::Image => "image".to_owned(),
        Target::Modules => "modules".to_owned(),
        Target::Scope(path) => format!("scope {path}"),
    });
    fields.hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_together() {
        let digest = |parts: &[&str]| {
            let mut fields = Fields::new("t");
            for part in parts {
                fields.add(part);
            }
            fields.hex()
        };
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a"]), digest(&["a", ""]));
    }

    #[test]
    fn a_configuration_is_its_assignments() {
        let config = |pairs: &[(&str, &str)]| Config {
            values: pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        let a = config_digest(&config(&[("A", "y"), ("B", "n")]));
        assert_eq!(a, config_digest(&config(&[("B", "n"), ("A", "y")])));
        assert_ne!(a, config_digest(&config(&[("A", "y")])));
        assert_ne!(a, config_digest(&config(&[("A", "m"), ("B", "n")])));
    }
}
