//! Reads a `.config`: assignments, `# CONFIG_X is not set`, and comments.
//!
//! Kconfig itself warns about a line it cannot read and goes on; a size comparison built on half a
//! configuration would mislead, so here every such line is an error with its number.

use std::path::Path;

use crate::exit::{At, Error, Result};
use crate::model::config::Config;

/// The assignments in `text`; `file` is for error messages. Where a symbol is set more than once the
/// last one counts, as for Kconfig.
pub fn parse(file: &Path, text: &[u8]) -> Result<Config> {
    let mut config = Config::default();
    for (number, line) in bstr::ByteSlice::lines(text).enumerate() {
        let at = At::Line(number + 1);
        let line = std::str::from_utf8(line)
            .map_err(|_| Error::input_at(file, at, "not UTF-8; is this a .config?"))?;
        let bad = |msg: &str| Error::input_at(file, at, msg);
        if let Some(rest) = line.strip_prefix("CONFIG_") {
            let (name, value) = rest
                .split_once('=')
                .ok_or_else(|| bad("CONFIG_ without `=`; write `CONFIG_X=y`"))?;
            check_name(name).map_err(bad)?;
            check_value(value).map_err(bad)?;
            config.values.insert(name.to_owned(), value.to_owned());
        } else if let Some(comment) = line.strip_prefix('#') {
            let name =
                comment.strip_prefix(" CONFIG_").and_then(|rest| rest.strip_suffix(" is not set"));
            if let Some(name) = name {
                check_name(name).map_err(bad)?;
                config.values.insert(name.to_owned(), "n".to_owned());
            }
        } else if !line.trim().is_empty() {
            return Err(bad(
                "neither an assignment `CONFIG_X=…` nor a comment; is this a .config?",
            ));
        }
    }
    Ok(config)
}

fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("CONFIG_ without a symbol's name");
    }
    if name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
        Ok(())
    } else {
        Err("a symbol's name has letters, digits and `_` only")
    }
}

fn check_value(value: &str) -> Result<(), &'static str> {
    match value.strip_prefix('"') {
        None => Ok(()),
        Some(rest) => {
            // The closing quote is the last character and not escaped itself.
            let mut escaped = false;
            let mut closed = None;
            for (at, c) in rest.char_indices() {
                if escaped {
                    escaped = false;
                } else if c == '\\' {
                    escaped = true;
                } else if c == '"' {
                    closed = Some(at);
                    break;
                }
            }
            match closed {
                Some(at) if at + 1 == rest.len() => Ok(()),
                Some(_) => Err("text after the closing quote"),
                None => Err("the string has no closing quote"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &[u8]) -> String {
        parse(Path::new("x.config"), text).unwrap_err().to_string()
    }

    #[test]
    fn reads_what_kconfig_writes() {
        let text = b"#\n# Automatically generated file; DO NOT EDIT.\n#\nCONFIG_A=y\n\
            # CONFIG_B is not set\n\nCONFIG_C=\"x = \\\"y\\\"\"\nCONFIG_D=0x10\nCONFIG_A=m\n";
        let config = parse(Path::new("c"), text).unwrap();
        assert_eq!(config.value("A"), "m");
        assert_eq!(config.value("B"), "n");
        assert_eq!(config.value("C"), "\"x = \\\"y\\\"\"");
        assert_eq!(config.value("MISSING"), "n");
        assert_eq!(config.values.len(), 4);
    }

    #[test]
    fn bad_lines_are_named() {
        assert!(error(b"CONFIG_A=y\nfoo\n").starts_with("x.config:2: neither"));
        assert!(error(b"CONFIG_A\n").starts_with("x.config:1: CONFIG_ without `=`"));
        assert!(error(b"CONFIG_=y\n").starts_with("x.config:1: CONFIG_ without a symbol"));
        assert!(error(b"CONFIG_A B=y\n").contains("letters, digits"));
        assert!(error(b"CONFIG_A=\"x\n").contains("no closing quote"));
        assert!(error(b"CONFIG_A=\"x\"y\n").contains("after the closing quote"));
        assert!(error(b"\x7fELF\xff\n").starts_with("x.config:1: not UTF-8"));
    }

    #[test]
    fn a_missing_last_newline_and_dos_line_ends_are_fine() {
        let config = parse(Path::new("c"), b"CONFIG_A=y\r\nCONFIG_B=m").unwrap();
        assert_eq!((config.value("A"), config.value("B")), ("y", "m"));
    }
}
