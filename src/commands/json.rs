//! Reads the JSON files that hmmsize writes, as strictly as a stranger's.
//!
//! The schema number is looked at first, so that a file from a newer version is named as such
//! rather than as damaged; syntax errors name line and byte column.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserializer as _;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::exit::{At, Error, Result};

/// No file of ours comes near this; a larger one is not read into memory.
const MAX_BYTES: u64 = 256 << 20;

/// Finds the number of the schema, and reads no further: it stands first in what we write.
struct Probe<'a>(&'a mut Option<u64>);

impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<(), M::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "schema" {
                *self.0 = map.next_value()?;
                if self.0.is_some() {
                    return Err(M::Error::custom("found"));
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The number of the schema, `None` if there is none.
fn schema(text: &[u8]) -> serde_json::Result<Option<u64>> {
    let mut found = None;
    let read = serde_json::Deserializer::from_slice(text).deserialize_map(Probe(&mut found));
    if found.is_some() { Ok(found) } else { read.map(|()| None) }
}

/// Reads `file` as `what` (`a run.json`), schema `newest` or older.
///
/// # Errors
///
/// What is not there, too large, not JSON, of a newer schema, or of another shape.
pub fn read<T: DeserializeOwned>(file: &Path, what: &str, newest: u32) -> Result<T> {
    parse(file, &bytes(file)?, what, newest)
}

/// Reads `text`, the contents of `file` (or a line of it), like [`read`].
pub fn parse<T: DeserializeOwned>(file: &Path, text: &[u8], what: &str, newest: u32) -> Result<T> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::input(file, format!("is empty, not {what}")));
    }
    // serde would take a list of the right length for a struct.
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(Error::input_at(
            file,
            At::LineColumn(1, 1),
            format!("not {what}: no JSON object"),
        ));
    }
    match schema(text).map_err(|err| wrong(file, what, &err))? {
        None => return Err(Error::input(file, format!("is not {what}: it has no schema number"))),
        Some(schema) if schema > u64::from(newest) => {
            let msg = format!(
                "is {what} of schema {schema}, from a newer hmmsize; this one reads schema {newest}"
            );
            return Err(Error::input(file, msg));
        }
        Some(0) => return Err(Error::input(file, format!("is not {what}: there is no schema 0"))),
        Some(_) => {}
    }
    serde_json::from_slice(text).map_err(|err| wrong(file, what, &err))
}

/// The whole file, if it is a file and not absurdly large.
pub fn bytes(file: &Path) -> Result<Vec<u8>> {
    let failed = |err| Error::io(file, err);
    let open = File::open(file).map_err(failed)?;
    let meta = open.metadata().map_err(failed)?;
    if meta.is_dir() {
        return Err(Error::input(file, "is a directory"));
    }
    let mut text = Vec::new();
    open.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(Error::input(file, format!("is larger than {} MiB", MAX_BYTES >> 20)));
    }
    Ok(text)
}

fn wrong(file: &Path, what: &str, err: &serde_json::Error) -> Error {
    // Its text ends with the position, which we say in our own way.
    let text = err.to_string();
    let msg = text.split(" at line ").next().unwrap_or(&text);
    let at = At::LineColumn(err.line(), err.column().max(1));
    Error::input_at(file, at, format!("not {what}: {msg}"))
}

/// Whether `file` is JSON rather than an image: by name, or by its first byte.
pub fn is_json(file: &Path) -> bool {
    if file.extension().is_some_and(|ext| ext == "json") {
        return true;
    }
    let mut first = [0];
    let is_file = file.metadata().is_ok_and(|meta| meta.is_file());
    is_file
        && File::open(file).and_then(|mut open| open.read_exact(&mut first)).is_ok()
        && first == *b"{"
}
