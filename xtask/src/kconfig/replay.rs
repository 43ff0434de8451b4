//! Recorded probes: `conf` asks a compiler a hundred times in every run, and always the same.
//!
//! A small shared object of ours takes the place of `popen` in `conf` and reads the answers from a
//! file. The same answers, as `conf` keeps them, are written in the format that
//! `hmmsize config --probe=cached` reads, so that both sides of a comparison have the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::kernel;
use crate::process::{command, run};

const SOURCE: &str = include_str!("replay.c");

/// The shared object, compiled if it is not in the cache.
pub fn object() -> Result<PathBuf> {
    let dir = kernel::cache()?.join("kconf");
    fs::create_dir_all(&dir).with_context(|| format!("{}", dir.display()))?;
    let (source, object) = (dir.join("replay.c"), dir.join("replay.so"));
    if object.is_file() && fs::read_to_string(&source).is_ok_and(|text| text == SOURCE) {
        return Ok(object);
    }
    fs::write(&source, SOURCE)?;
    let half = dir.join(format!(".replay.{}.so", std::process::id()));
    run(command("cc").args(["-O2", "-shared", "-fPIC", "-o"]).arg(&half).arg(&source).arg("-ldl"))?;
    fs::rename(&half, &object)?;
    Ok(object)
}

/// Reads what the shared object has recorded: commands and their whole outputs.
pub fn read(file: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let bytes = fs::read(file).with_context(|| format!("{}", file.display()))?;
    let mut probes = BTreeMap::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let (key, value, after) =
            record(rest).with_context(|| format!("{}: is damaged", file.display()))?;
        probes.insert(String::from_utf8(key.to_vec())?, value.to_vec());
        rest = after;
    }
    Ok(probes)
}

/// One record and what follows it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let line = bytes.iter().position(|&byte| byte == b'\n')?;
    let (key, value) = std::str::from_utf8(&bytes[..line]).ok()?.split_once(' ')?;
    let (key, value): (usize, usize) = (key.parse().ok()?, value.parse().ok()?);
    let body = &bytes[line + 1..];
    let after = body.get(key + value + 1..)?;
    Some((&body[..key], &body[key..key + value], after))
}

/// Writes the probes in `recorded` for `hmmsize config --probe=cached`; `cc` and `rustc` are what the
/// compilers say of themselves.
pub fn write_json(recorded: &Path, cc: &str, rustc: &str, json: &Path) -> Result<()> {
    let probes = read(recorded)?;
    let kept: BTreeMap<&str, String> = probes
        .iter()
        .map(|(command, output)| {
            (command.as_str(), String::from_utf8_lossy(&kept(output)).into_owned())
        })
        .collect();
    let value = serde_json::json!({ "schema": 1, "toolchain": cc, "rustc": rustc, "probes": kept });
    let text = serde_json::to_string_pretty(&value)? + "\n";
    let half = json.with_extension(format!("{}.half", std::process::id()));
    fs::write(&half, text).with_context(|| format!("{}", half.display()))?;
    fs::rename(&half, json).with_context(|| format!("{}", json.display()))
}

/// What `conf` keeps of an output (preprocess.c: `do_shell`).
fn kept(output: &[u8]) -> Vec<u8> {
    let mut kept = output[..output.len().min(4095)].to_vec();
    while kept.last() == Some(&b'\n') {
        kept.pop();
    }
    for byte in &mut kept {
        if *byte == b'\n' {
            *byte = b' ';
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_whatever_is_in_them() {
        let dir = std::env::temp_dir().join(format!("xtask-replay-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let file = dir.join("probes");
        fs::write(&file, "7 2\necho 1\n1\n\n4 0\ntrue\n").unwrap();
        let probes = read(&file).unwrap();
        assert_eq!(probes["echo 1\n"], b"1\n");
        assert_eq!(probes["true"], b"");
        fs::write(&file, "7 2\necho").unwrap();
        assert!(read(&file).is_err());
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn outputs_are_kept_as_conf_does() {
        assert_eq!(kept(b"a\nb\n\n"), b"a b");
        assert_eq!(kept(&[b'x'; 5000]).len(), 4095);
    }
}
