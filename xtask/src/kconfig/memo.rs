//! Remembers what `conf` made of a job: a thousand runs of it take minutes, and for the same `conf`,
//! environment, probes and input the answer is always the same.
//!
//! Only digests are kept, in one small file for each job: where ours has other digests, `conf` is run
//! again for the whole text, so that a difference is never shown, or missed, by a memory that is
//! wrong about more than 64 bits. Configurations that others begin with are kept whole.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;

use anyhow::Result;

use super::arch::{Arch, Tree};
use super::side::{self, Job, Outcome, Probes};

/// Digests of an outcome, in the order of its fields.
fn digests(outcome: &Outcome) -> String {
    let digest = |value: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        value(&mut hasher);
        hasher.finish()
    };
    format!(
        "{:?} {:016x} {:016x} {:016x}\n",
        outcome.code,
        digest(&|hasher| outcome.config.hash(hasher)),
        digest(&|hasher| outcome.stdout.hash(hasher)),
        digest(&|hasher| outcome.stderr.hash(hasher)),
    )
}

/// The file for a job of `tree`, named after everything that can change what `conf` makes of it.
fn file(tree: &Tree, arch: &Arch, job: &Job, kind: &str) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    arch.env.hash(&mut hasher);
    arch.digest.hash(&mut hasher);
    format!("{:?}", job.target).hash(&mut hasher);
    job.config.hash(&mut hasher);
    job.fragment.hash(&mut hasher);
    job.env.hash(&mut hasher);
    let dir = tree.conf.with_file_name("outcomes");
    fs::create_dir_all(&dir)?;
    Ok(dir.join(format!("{}-{:016x}.{kind}", arch.name, hasher.finish())))
}

/// Whether `conf` is known to make of `job` what we did.
pub fn agrees(tree: &Tree, arch: &Arch, job: &Job, ours: &Outcome) -> Result<bool> {
    let known = fs::read_to_string(file(tree, arch, job, "known")?);
    // What is printed beyond warnings counts for some targets only.
    let plain = !job.target.prints();
    let same = |known: &str| {
        let ours = digests(ours);
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let (mut known, mut ours) = (words(known), words(&ours));
        for list in [&mut known, &mut ours] {
            if plain && list.len() == 4 {
                list.remove(2);
            }
        }
        known == ours
    };
    Ok(known.is_ok_and(|known| same(&known)))
}

/// A job through `conf`, whose outcome is remembered.
pub fn theirs(tree: &Tree, arch: &Arch, job: &Job) -> Result<Outcome> {
    let outcome = side::theirs(tree, arch, job, Probes::Replayed)?;
    // Not while another is reading it.
    let file = file(tree, arch, job, "known")?;
    let half = file.with_extension(format!("{}", std::process::id()));
    fs::write(&half, digests(&outcome))?;
    fs::rename(&half, &file)?;
    Ok(outcome)
}

/// The configuration that a job writes, from the cache if it is there.
pub fn config(tree: &Tree, arch: &Arch, job: &Job) -> Result<Option<Vec<u8>>> {
    let file = file(tree, arch, job, "config")?;
    if let Ok(config) = fs::read(&file) {
        return Ok(Some(config));
    }
    let outcome = side::theirs(tree, arch, job, Probes::Replayed)?;
    if let Some(config) = &outcome.config {
        let half = file.with_extension(format!(
            "{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        fs::write(&half, config)?;
        fs::rename(&half, &file)?;
    }
    Ok(outcome.config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_digest() {
        let outcome = Outcome { code: Some(0), ..Outcome::default() };
        let first = digests(&outcome);
        for other in [
            Outcome { code: Some(1), ..Outcome::default() },
            Outcome { code: Some(0), config: Some(Vec::new()), ..Outcome::default() },
            Outcome { code: Some(0), stdout: b"x".to_vec(), ..Outcome::default() },
            Outcome { code: Some(0), stderr: b"x".to_vec(), ..Outcome::default() },
        ] {
            assert_ne!(digests(&other), first, "{other:?}");
        }
    }
}
