//! The Linux tree that tests and the demo build: Debian's, unpacked once into the cache.
//!
//! The cache is outside of the repository. A tree is unpacked beside its place and renamed, so a
//! tree that is there is whole; it is never built in and never changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail};

use crate::process::{command, run};

/// What Debian's package linux-source-6.12 installs.
pub const TARBALL: &str = "/usr/src/linux-source-6.12.tar.xz";

/// What linux-source-6.1 installs: a tree whose `conf` has the rules for choices of before 6.9.
pub const OLDER_TARBALL: &str = "/usr/src/linux-source-6.1.tar.xz";

/// `$HMMSIZE_CACHE`, or `hmmsize` below `$XDG_CACHE_HOME` or `~/.cache`.
pub fn cache() -> Result<PathBuf> {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    var("HMMSIZE_CACHE")
        .or_else(|| var("XDG_CACHE_HOME").map(|dir| dir.join("hmmsize")))
        .or_else(|| var("HOME").map(|dir| dir.join(".cache/hmmsize")))
        .context("none of HMMSIZE_CACHE, XDG_CACHE_HOME and HOME is set: where is the cache?")
}

/// The tree that the user named with `$HMMSIZE_LINUX`, if any.
pub fn named() -> Result<Option<PathBuf>> {
    let Some(tree) = std::env::var_os("HMMSIZE_LINUX").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let tree = PathBuf::from(tree);
    version(&tree).context("HMMSIZE_LINUX")?;
    Ok(Some(tree))
}

/// The tree: the one named by the user, or the one in the cache, which is unpacked if need be.
pub fn tree() -> Result<PathBuf> {
    match named()? {
        Some(tree) => Ok(tree),
        None => unpacked(Path::new(TARBALL), &cache()?.join("src")),
    }
}

/// Debian's older tree in the cache, which is unpacked if need be.
pub fn older_tree() -> Result<PathBuf> {
    unpacked(Path::new(OLDER_TARBALL), &cache()?.join("src"))
}

/// `tarball` unpacked below `dir` as `linux-VERSION`. A stamp beside it says which tarball a tree
/// came from, so that the usual call costs two look-ups, and a newer package is unpacked anew.
fn unpacked(tarball: &Path, dir: &Path) -> Result<PathBuf> {
    let meta = fs::metadata(tarball).with_context(|| format!("{}", tarball.display()))?;
    let changed = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let key = format!("{} {}.{:09}", meta.len(), changed.as_secs(), changed.subsec_nanos());
    let name = tarball.file_name().unwrap_or_default().to_string_lossy();
    let stamp = dir.join(format!("{name}.stamp"));
    if let Ok(text) = fs::read_to_string(&stamp)
        && let Some((_, tree)) = text.trim_end().split_once('\t').filter(|(k, _)| *k == key)
    {
        let tree = dir.join(tree);
        if version(&tree).is_ok() {
            return Ok(tree);
        }
    }
    fs::create_dir_all(dir).with_context(|| format!("{}", dir.display()))?;
    let temporary = dir.join(format!(".unpacking.{}", std::process::id()));
    fs::create_dir(&temporary).with_context(|| format!("{}", temporary.display()))?;
    let result = unpack(tarball, &temporary, dir);
    if temporary.exists() {
        let _ = fs::remove_dir_all(&temporary);
    }
    let tree = result?;
    let file = tree.file_name().unwrap_or_default().to_string_lossy();
    let half = dir.join(format!(".stamp.{}", std::process::id()));
    fs::write(&half, format!("{key}\t{file}\n"))?;
    fs::rename(&half, &stamp)?;
    Ok(tree)
}

fn unpack(tarball: &Path, temporary: &Path, dir: &Path) -> Result<PathBuf> {
    eprintln!("xtask: unpacking {} (about 1.5 GB, once)", tarball.display());
    run(command("tar")
        .arg("-xf")
        .arg(tarball)
        .args(["--strip-components=1", "--no-same-owner", "-C"])
        .arg(temporary))?;
    let tree = dir.join(format!("linux-{}", version(temporary)?));
    if tree.exists() {
        // Another call was quicker, or the stamp is older than the tree.
        if version(&tree).is_ok() {
            return Ok(tree);
        }
        bail!("{} is in the way and is no kernel tree", tree.display());
    }
    fs::rename(temporary, &tree).with_context(|| format!("{}", tree.display()))?;
    Ok(tree)
}

/// `6.12.117` from the top Makefile of `tree`.
pub fn version(tree: &Path) -> Result<String> {
    let makefile = tree.join("Makefile");
    let text = fs::read_to_string(&makefile).with_context(|| format!("{}", makefile.display()))?;
    let value = |key: &str| {
        text.lines()
            .take(10)
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| name.trim() == key)
            .map(|(_, value)| value.trim().to_owned())
    };
    match (value("VERSION"), value("PATCHLEVEL"), value("SUBLEVEL")) {
        (Some(v), Some(p), Some(s)) => {
            Ok(format!("{v}.{p}.{s}{}", value("EXTRAVERSION").unwrap_or_default()))
        }
        _ => bail!("{}: not the top Makefile of a kernel tree", makefile.display()),
    }
}

/// A copy of `tree` in hard links, in seconds; what is there already is removed. Its files must be
/// changed by [`replace`], never written through.
///
/// # Errors
///
/// When the old copy cannot be removed, or `cp` fails.
pub fn linked_copy(tree: &Path, copy: &Path) -> Result<()> {
    if copy.exists() {
        fs::remove_dir_all(copy).with_context(|| copy.display().to_string())?;
    }
    if let Some(dir) = copy.parent() {
        fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    }
    run(command("cp").args(["-al", "--"]).arg(tree).arg(copy))
}

/// Replaces a hard-linked file by a new one, so that the tree it was copied from keeps its own.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    let new = path.with_extension("hmmsize-new");
    fs::write(&new, text).with_context(|| new.display().to_string())?;
    fs::rename(&new, path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn tarball(dir: &Path, sublevel: u32) -> PathBuf {
        let tree = dir.join("in/linux-source");
        fs::create_dir_all(&tree).unwrap();
        let text = format!("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = {sublevel}\nEXTRAVERSION =\n");
        fs::write(tree.join("Makefile"), text).unwrap();
        let file = dir.join("linux.tar");
        run(command("tar").arg("-cf").arg(&file).arg("-C").arg(dir.join("in")).arg("linux-source"))
            .unwrap();
        file
    }

    #[test]
    fn the_fixture_tree_has_a_version() {
        let tree = crate::root().join("fixtures/tree");
        assert_eq!(version(&tree).unwrap(), "6.12.0-fixture");
        assert!(version(&crate::root()).is_err());
    }

    #[test]
    fn a_tree_is_unpacked_once_and_a_newer_one_again() {
        let dir = scratch("unpack");
        let cache = dir.join("cache");
        let first = unpacked(&tarball(&dir, 1), &cache).unwrap();
        assert_eq!(first, cache.join("linux-6.12.1"));
        // A second call finds it by its stamp: with the tree gone it would have to unpack again.
        fs::write(first.join("mark"), "").unwrap();
        assert_eq!(unpacked(&dir.join("linux.tar"), &cache).unwrap(), first);
        assert!(first.join("mark").exists());
        assert_eq!(unpacked(&tarball(&dir, 20), &cache).unwrap(), cache.join("linux-6.12.20"));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_broken_tarball_leaves_nothing_behind() {
        let dir = scratch("broken");
        let file = dir.join("linux.tar");
        fs::write(&file, "this is no archive").unwrap();
        assert!(unpacked(&file, &dir.join("cache")).is_err());
        assert_eq!(fs::read_dir(dir.join("cache")).unwrap().count(), 0);
        fs::remove_dir_all(&dir).unwrap();
    }
}
