//! Words of the command line that more than one command takes: make-style `KEY=VALUE`, and options
//! with or without `CONFIG_` and with or without a value. Pure text, no I/O.

use std::fmt;

/// An option and the value it is given, as `.config` would write it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    /// Without `CONFIG_`.
    pub symbol: String,
    /// `y`, `m`, `n`, a number, or a string with its quotes.
    pub value: String,
}

impl Assignment {
    /// `SYMBOL=VALUE` from its parts.
    pub fn new(symbol: impl Into<String>, value: impl Into<String>) -> Self {
        Self { symbol: symbol.into(), value: value.into() }
    }

    /// Whether this turns the option off, which `.config` writes as a comment.
    pub fn is_off(&self) -> bool {
        self.value == "n"
    }

    /// The line of a `.config`, without the newline.
    pub fn line(&self) -> String {
        if self.is_off() {
            format!("# CONFIG_{} is not set", self.symbol)
        } else {
            format!("CONFIG_{}={}", self.symbol, self.value)
        }
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.symbol, self.value)
    }
}

/// Reads `ZONE_DEVICE`, `CONFIG_ZONE_DEVICE`, `ZONE_DEVICE=m`, `NR_CPUS=8`, `LOCALVERSION=-x`: the
/// symbol and, where one is written, the value in `.config` spelling.
///
/// # Errors
/// One clause that says what is wrong with `word`, for the caller to prefix with where it stood.
pub fn option(word: &str) -> Result<(String, Option<String>), String> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    let symbol = name.strip_prefix("CONFIG_").unwrap_or(name);
    if symbol.is_empty() || !symbol.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(format!("`{word}` is not an option: expected NAME, NAME=y, NAME=m or NAME=n"));
    }
    Ok((symbol.to_owned(), value.map(config_value)))
}

/// A value as `.config` spells it: strings get quotes, everything else stays.
fn config_value(value: &str) -> String {
    let number = |s: &str, radix| i128::from_str_radix(s, radix).is_ok();
    let hex = value.strip_prefix("0x").or_else(|| value.strip_prefix("0X"));
    let quoted = value.len() >= 2 && value.starts_with('"') && value.ends_with('"');
    let plain = matches!(value, "y" | "m" | "n")
        || number(value, 10)
        || hex.is_some_and(|digits| number(digits, 16))
        || quoted;
    if plain {
        value.to_owned()
    } else {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// The words of a make command line, in order; a later word for the same key replaces an earlier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MakeWords {
    words: Vec<(String, String)>,
}

impl MakeWords {
    /// Whether `word` looks like `KEY=VALUE` (or make's `KEY:=VALUE`, `KEY+=VALUE`), so that it is
    /// meant for make rather than a file name.
    pub fn is_word(word: &str) -> bool {
        word.split_once('=').is_some_and(|(key, _)| {
            let key = key.trim_end_matches([':', '+', '?']);
            let mut bytes = key.bytes();
            bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
                && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
    }

    /// Reads words as they stand on make's command line.
    ///
    /// # Errors
    /// One clause that names the word which is not `KEY=VALUE`.
    pub fn parse<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let mut out = Self::default();
        for word in words {
            let word = word.as_ref();
            let (key, value) = word
                .split_once('=')
                .filter(|_| Self::is_word(word))
                .ok_or_else(|| format!("`{word}` is not a KEY=VALUE word"))?;
            if key.ends_with([':', '+', '?']) {
                return Err(format!("`{word}`: only plain KEY=VALUE, without `:=`, `+=` or `?=`"));
            }
            out.set(key, value);
        }
        Ok(out)
    }

    /// Sets `key`, in the place of an earlier word for it.
    pub fn set(&mut self, key: &str, value: &str) {
        match self.words.iter_mut().find(|(k, _)| k == key) {
            Some((_, old)) => value.clone_into(old),
            None => self.words.push((key.to_owned(), value.to_owned())),
        }
    }

    /// Sets every word of `other`.
    pub fn extend(&mut self, other: &Self) {
        for (key, value) in &other.words {
            self.set(key, value);
        }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.words.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// Takes `key` out.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let at = self.words.iter().position(|(k, _)| k == key)?;
        Some(self.words.remove(at).1)
    }

    /// Whether there are no words.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// `KEY=VALUE`, in order.
    pub fn to_words(&self) -> Vec<String> {
        self.words.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_with_and_without_prefix_and_value() {
        assert_eq!(option("ZONE_DEVICE"), Ok(("ZONE_DEVICE".into(), None)));
        assert_eq!(option("CONFIG_ZONE_DEVICE=m"), Ok(("ZONE_DEVICE".into(), Some("m".into()))));
        assert_eq!(option("NR_CPUS=8").unwrap().1.as_deref(), Some("8"));
        assert_eq!(option("BASE=0x1000").unwrap().1.as_deref(), Some("0x1000"));
        assert_eq!(option("LOCALVERSION=-x").unwrap().1.as_deref(), Some("\"-x\""));
        assert_eq!(option("CMDLINE=\"a b\"").unwrap().1.as_deref(), Some("\"a b\""));
        assert!(option("CONFIG_").is_err());
        assert!(option("A-B").is_err());
        assert!(option("=y").is_err());
    }

    #[test]
    fn an_option_that_is_off_is_a_comment() {
        assert_eq!(Assignment::new("X", "n").line(), "# CONFIG_X is not set");
        assert_eq!(Assignment::new("X", "m").line(), "CONFIG_X=m");
    }

    #[test]
    fn later_words_win_in_place() {
        let words = MakeWords::parse(["ARCH=arm", "LLVM=1", "ARCH=arm64"]).unwrap();
        assert_eq!(words.to_words(), ["ARCH=arm64", "LLVM=1"]);
        assert!(MakeWords::parse(["ARCH:=arm"]).is_err());
        assert!(MakeWords::parse(["vmlinux"]).is_err());
        assert!(MakeWords::is_word("KCFLAGS=-w -O2"));
        assert!(!MakeWords::is_word("dir/a=b"));
        assert!(!MakeWords::is_word("1=b"));
    }
}
