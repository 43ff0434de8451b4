//! Strict TOML: every key must be known, every value of its type, and every complaint names the
//! file and the line. A misspelt key that is silently ignored would build the wrong kernel.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::exit::{At, Error, Result};

/// A document being read: its name and text, to turn byte spans into lines.
#[derive(Debug, Clone, Copy)]
pub struct Doc<'a> {
    /// The file as the user named it.
    pub file: &'a Path,
    /// Its whole text.
    pub text: &'a str,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// 1-based line.
    pub line: usize,
}

/// A table whose keys are all known.
#[derive(Debug)]
pub struct Table<'a, 'd> {
    doc: Doc<'a>,
    entries: &'d DeTable<'a>,
    /// 1-based line where it begins.
    pub line: usize,
}

impl<'a> Doc<'a> {
    /// Parses the document; `read` gets its top table.
    pub fn read<T>(
        self,
        known: &[&str],
        read: impl FnOnce(&Table<'a, '_>) -> Result<T>,
    ) -> Result<T> {
        let root = DeTable::parse(self.text).map_err(|err| {
            let message = err.message().lines().next().unwrap_or("not TOML").to_owned();
            err.span().map_or_else(
                || Error::input(self.file, message.clone()),
                |span| self.error(&span, message.clone()),
            )
        })?;
        let table = Table { doc: self, entries: root.get_ref(), line: 1 };
        table.check(known, "key")?;
        read(&table)
    }

    /// The 1-based line of a byte offset.
    fn line(self, offset: usize) -> usize {
        let end = offset.min(self.text.len());
        1 + self.text.get(..end).unwrap_or(self.text).matches('\n').count()
    }

    fn error(self, span: &Range<usize>, message: impl Into<String>) -> Error {
        self.error_at(self.line(span.start), message)
    }

    /// An error at a line that was noted before.
    pub fn error_at(self, line: usize, message: impl Into<String>) -> Error {
        Error::input_at(self.file, At::Line(line), message)
    }
}

impl<'a, 'd> Table<'a, 'd> {
    /// The document.
    pub fn doc(&self) -> Doc<'a> {
        self.doc
    }

    fn check(&self, known: &[&str], what: &str) -> Result<()> {
        for (key, _) in self.entries {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let hint = did_you_mean(name, known.iter().copied());
                let message = format!("unknown {what} `{name}`{hint}");
                return Err(self.doc.error(&key.span(), message));
            }
        }
        Ok(())
    }

    fn get(&self, key: &str) -> Option<&'d Spanned<DeValue<'a>>> {
        self.entries.iter().find(|(k, _)| k.get_ref() == key).map(|(_, value)| value)
    }

    /// The keys with their lines, in file order.
    pub fn keys(&self) -> impl Iterator<Item = Located<&'d str>> + '_ {
        self.entries.iter().map(|(key, _)| Located {
            value: key.get_ref().as_ref(),
            line: self.doc.line(key.span().start),
        })
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'a>>, expected: &str) -> Error {
        self.doc.error(&value.span(), format!("`{key}` must be {expected}"))
    }

    fn text(&self, key: &str, value: &Spanned<DeValue<'a>>) -> Result<Located<String>> {
        let text = value.get_ref().as_str().ok_or_else(|| self.wrong(key, value, "a string"))?;
        Ok(Located { value: text.to_owned(), line: self.doc.line(value.span().start) })
    }

    /// A string.
    pub fn string(&self, key: &str) -> Result<Option<Located<String>>> {
        self.get(key).map(|value| self.text(key, value)).transpose()
    }

    /// A boolean.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let flag = value.get_ref().as_bool();
        flag.map(Some).ok_or_else(|| self.wrong(key, value, "true or false"))
    }

    /// A list of strings; absent is empty.
    pub fn strings(&self, key: &str) -> Result<Vec<Located<String>>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let list = value.get_ref().as_array();
        let list = list.ok_or_else(|| self.wrong(key, value, "a list of strings"))?;
        list.iter().map(|item| self.text(key, item)).collect()
    }

    /// A list of strings (no reason given), or a table of strings (name to reason).
    pub fn reasons(&self, key: &str) -> Result<Vec<(Located<String>, Option<String>)>> {
        match self.get(key).map(Spanned::get_ref) {
            Some(DeValue::Table(_)) => {
                let value = self.get(key).into_iter();
                let mut out = Vec::new();
                for (name, reason) in value.filter_map(|v| v.get_ref().as_table()).flatten() {
                    let reason = self.text(name.get_ref(), reason)?.value;
                    let line = self.doc.line(name.span().start);
                    out.push((Located { value: name.get_ref().to_string(), line }, Some(reason)));
                }
                Ok(out)
            }
            _ => Ok(self.strings(key)?.into_iter().map(|name| (name, None)).collect()),
        }
    }

    /// A table of tables, such as `[arch.arm]`; every inner key must be known.
    pub fn tables(
        &self,
        key: &str,
        known: &[&str],
    ) -> Result<Vec<(Located<&'d str>, Table<'a, 'd>)>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let outer = value.get_ref().as_table();
        let outer = outer.ok_or_else(|| self.wrong(key, value, "a table of tables"))?;
        let mut out = Vec::new();
        for (name, inner) in outer {
            let line = self.doc.line(name.span().start);
            let table = self.inner(key, inner, known)?;
            out.push((Located { value: name.get_ref().as_ref(), line }, table));
        }
        Ok(out)
    }

    /// An array of tables, such as `[[variant]]`; every inner key must be known.
    pub fn array(&self, key: &str, known: &[&str]) -> Result<Vec<Table<'a, 'd>>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let list = value.get_ref().as_array();
        let list = list.ok_or_else(|| self.wrong(key, value, &format!("written as [[{key}]]")))?;
        list.iter().map(|inner| self.inner(key, inner, known)).collect()
    }

    fn inner(
        &self,
        key: &str,
        value: &'d Spanned<DeValue<'a>>,
        known: &[&str],
    ) -> Result<Table<'a, 'd>> {
        let entries =
            value.get_ref().as_table().ok_or_else(|| self.wrong(key, value, "a table"))?;
        let line = self.doc.line(value.span().start);
        let table = Self { doc: self.doc, entries, line };
        table.check(known, &format!("key of `{key}`:"))?;
        Ok(table)
    }
}

/// `, did you mean …?` if one of `known` is near enough to `word` to be meant, else nothing.
pub fn did_you_mean<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> String {
    known
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(score, _)| *score >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(String::new(), |(_, name)| format!(", did you mean `{name}`?"))
}
