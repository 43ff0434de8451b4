//! The digest of a source tree's contents: two trees with one digest give one and the same kernel.
//!
//! Names, executable bits, symlink targets and contents of every file but `.git` count, because
//! make does not ask git what belongs to the tree. A kernel has 90,000 files, so the hash of a file
//! that has not changed (same inode, size and times) is taken from an index in the cache.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rayon::prelude::*;

use crate::exit::{Error, Result};

/// A file that changed this recently (nanoseconds) may change again without its times showing it.
const RACY_NS: i128 = 2_000_000_000;

/// What must be unchanged for a file's hash to be still valid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    mtime_ns: i128,
    ctime_ns: i128,
}

impl Stamp {
    fn of(meta: &Metadata) -> Self {
        let ns = |secs: i64, nanos: i64| i128::from(secs) * 1_000_000_000 + i128::from(nanos);
        Self {
            inode: meta.ino(),
            size: meta.size(),
            mtime_ns: ns(meta.mtime(), meta.mtime_nsec()),
            ctime_ns: ns(meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// One entry of a tree.
struct Entry {
    /// Below the tree.
    path: PathBuf,
    /// `x` executable, `f` other file, `l` symlink.
    kind: u8,
    hash: [u8; 32],
    stamp: Stamp,
}

type Known = (Stamp, [u8; 32]);
type Index = HashMap<Vec<u8>, Known>;

/// A tree as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Hex digest of the contents.
    pub digest: String,
    /// Hex digest of when files were written, and of which files they are (inodes): a file that was
    /// changed and changed back has other stamps. A further hard link to a file does not count.
    pub stamps: String,
}

/// Hex digest of the contents of `tree`. `index_dir` is where hashes are remembered; a cache that
/// cannot be read or written costs time only.
pub fn tree(tree: &Path, index_dir: &Path) -> Result<String> {
    find(tree, index_dir).map(|found| found.digest)
}

/// As [`tree`], with the stamps.
pub fn find(tree: &Path, index_dir: &Path) -> Result<Found> {
    let name = blake3::hash(tree.as_os_str().as_bytes()).to_hex();
    let index_file = index_dir.join(format!("{}.index", &name[..32]));
    let known = read_index(&index_file);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i128);
    let paths = list(tree)?;
    let mut entries: Vec<Entry> =
        paths.into_par_iter().map(|path| entry(tree, path, &known)).collect::<Result<_>>()?;
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hasher = blake3::Hasher::new();
    let mut stamps = blake3::Hasher::new();
    for entry in &entries {
        stamps.update(&entry.stamp.inode.to_le_bytes());
        stamps.update(&entry.stamp.mtime_ns.to_le_bytes());
        let path = entry.path.as_os_str().as_bytes();
        hasher.update(&(path.len() as u64).to_le_bytes());
        hasher.update(path);
        hasher.update(&[entry.kind]);
        hasher.update(&entry.hash);
    }
    if entries.iter().any(|e| !is_known(&known, e)) || known.len() > entries.len() {
        let _ = write_index(&index_file, &entries, now);
    }
    let hex = |hasher: blake3::Hasher| hasher.finalize().to_hex().to_string();
    Ok(Found { digest: hex(hasher), stamps: hex(stamps) })
}

/// What there is below `tree`, and the hashes of some of it.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Every path from the top that was not left out, sorted.
    pub paths: Vec<String>,
    /// Those that were `wanted`, with the hashes of their contents, sorted.
    pub files: Vec<(String, [u8; 32])>,
}

/// What is below `tree`, where `skip` leaves out a directory or file by its path from the top, and
/// `wanted` says which files are hashed. `index` remembers hashes by inode, size and times, as git's
/// index does: a file that changed in the last two seconds is always read again, and since ctime
/// cannot be set, one whose mtime was put back is too. A file that cannot be read counts as empty.
pub fn contents(
    tree: &Path,
    index: &Path,
    skip: impl Fn(&str) -> bool + Sync,
    wanted: impl Fn(&str) -> bool + Sync,
) -> Result<Contents> {
    let known = read_index(index);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i128);
    let mut paths = walk(tree, "", &skip).map_err(|err| Error::io(tree, err))?;
    paths.par_sort_unstable();
    let entry = |path: &String| {
        let full = tree.join(path);
        // Through symbolic links: what is read is what they lead to.
        let stamp = fs::metadata(&full).map(|meta| Stamp::of(&meta)).unwrap_or_default();
        let hash = match known.get(path.as_bytes()) {
            Some((old, hash)) if *old == stamp => *hash,
            _ => *blake3::hash(&fs::read(&full).unwrap_or_default()).as_bytes(),
        };
        Entry { path: path.into(), kind: b'f', hash, stamp }
    };
    let wanted: Vec<&String> = paths.iter().filter(|path| wanted(path)).collect();
    let entries: Vec<Entry> = wanted.par_iter().map(|path| entry(path)).collect();
    if entries.iter().any(|e| !is_known(&known, e)) || known.len() > entries.len() {
        let _ = write_index(index, &entries, now);
    }
    let files = wanted.into_iter().zip(entries).map(|(path, entry)| (path.clone(), entry.hash));
    Ok(Contents { files: files.collect(), paths })
}

/// The files below a directory, in no order; `dir` is its path from the top.
fn walk(
    tree: &Path,
    dir: &str,
    skip: &(impl Fn(&str) -> bool + Sync),
) -> std::io::Result<Vec<String>> {
    let (mut files, mut below) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(tree.join(dir))? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if dir.is_empty() { name } else { format!("{dir}/{name}") };
        if !skip(&path) {
            let list = if entry.file_type()?.is_dir() { &mut below } else { &mut files };
            list.push(path);
        }
    }
    let below: Vec<Vec<String>> =
        below.par_iter().map(|dir| walk(tree, dir, skip)).collect::<std::io::Result<_>>()?;
    files.extend(below.into_iter().flatten());
    Ok(files)
}

/// Hex digest of one file.
pub fn file(path: &Path) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut file = fs::File::open(path).map_err(|e| Error::io(path, e))?;
    std::io::copy(&mut file, &mut hasher).map_err(|e| Error::io(path, e))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// The first file of `tree`, by name, that was written, renamed or changed in mode since `time`.
/// One that was removed leaves no trace.
pub fn changed_since(tree: &Path, time: SystemTime) -> Result<Option<PathBuf>> {
    let time = time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i128);
    let changed = |path: &PathBuf| {
        let meta = tree.join(path).symlink_metadata();
        meta.is_ok_and(|meta| Stamp::of(&meta).ctime_ns >= time)
    };
    Ok(list(tree)?.into_iter().filter(changed).min())
}

/// Every file and symlink below `tree`, in no order.
fn list(tree: &Path) -> Result<Vec<PathBuf>> {
    let walk = ignore::WalkBuilder::new(tree)
        .standard_filters(false)
        .follow_links(false)
        .filter_entry(|entry| !(entry.depth() == 1 && entry.file_name() == OsStr::new(".git")))
        .build();
    let mut out = Vec::new();
    for item in walk {
        let item = item.map_err(|e| Error::input(tree, e.to_string()))?;
        if item.file_type().is_some_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = item.into_path();
        out.push(path.strip_prefix(tree).unwrap_or(&path).to_owned());
    }
    Ok(out)
}

fn entry(tree: &Path, path: PathBuf, known: &Index) -> Result<Entry> {
    let full = tree.join(&path);
    let io = |e| Error::io(&full, e);
    let meta = full.symlink_metadata().map_err(io)?;
    let stamp = Stamp::of(&meta);
    if meta.is_symlink() {
        let target = fs::read_link(&full).map_err(io)?.into_os_string().into_vec();
        return Ok(Entry { path, kind: b'l', hash: *blake3::hash(&target).as_bytes(), stamp });
    }
    if !meta.is_file() {
        return Err(Error::input(&full, "is neither a file nor a directory nor a symlink"));
    }
    let kind = if meta.permissions().mode() & 0o111 == 0 { b'f' } else { b'x' };
    let hash = match known.get(path.as_os_str().as_bytes()) {
        Some((old, hash)) if *old == stamp => *hash,
        _ => *blake3::hash(&fs::read(&full).map_err(io)?).as_bytes(),
    };
    Ok(Entry { path, kind, hash, stamp })
}

fn is_known(known: &Index, entry: &Entry) -> bool {
    entry.kind == b'l'
        || known.get(entry.path.as_os_str().as_bytes()).is_some_and(|(old, _)| *old == entry.stamp)
}

/// Lines of `inode size mtime ctime hash path`, each ended by NUL: paths may hold newlines.
fn read_index(file: &Path) -> Index {
    let bytes = fs::read(file).unwrap_or_default();
    bytes.split(|&b| b == 0).filter_map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<(Vec<u8>, Known)> {
    let mut words = line.splitn(6, |&b| b == b' ');
    let mut word = || words.next().and_then(|w| std::str::from_utf8(w).ok());
    let stamp = Stamp {
        inode: word()?.parse().ok()?,
        size: word()?.parse().ok()?,
        mtime_ns: word()?.parse().ok()?,
        ctime_ns: word()?.parse().ok()?,
    };
    let hash = blake3::Hash::from_hex(word()?).ok()?;
    Some((words.next()?.to_vec(), (stamp, *hash.as_bytes())))
}

fn write_index(file: &Path, entries: &[Entry], now_ns: i128) -> std::io::Result<()> {
    let dir = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let temporary = tempfile::NamedTempFile::new_in(dir)?;
    let mut out = std::io::BufWriter::new(temporary);
    for entry in entries.iter().filter(|e| e.kind != b'l') {
        let Stamp { inode, size, mtime_ns, ctime_ns } = entry.stamp;
        if mtime_ns.max(ctime_ns) + RACY_NS > now_ns {
            continue;
        }
        let hash = blake3::Hash::from_bytes(entry.hash).to_hex();
        write!(out, "{inode} {size} {mtime_ns} {ctime_ns} {hash} ")?;
        out.write_all(entry.path.as_os_str().as_bytes())?;
        out.write_all(&[0])?;
    }
    let temporary = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    temporary.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("mm")).unwrap();
        fs::write(dir.path().join("mm/hmm.c"), "int x;\n").unwrap();
        fs::write(dir.path().join("Makefile"), "VERSION = 6\n").unwrap();
        dir
    }

    #[test]
    fn equal_contents_have_one_digest_wherever_they_lie() {
        let (a, b, cache) = (sample(), sample(), tempfile::tempdir().unwrap());
        let first = tree(a.path(), cache.path()).unwrap();
        assert_eq!(first, tree(b.path(), cache.path()).unwrap());
        fs::create_dir(a.path().join(".git")).unwrap();
        fs::write(a.path().join(".git/HEAD"), "x").unwrap();
        assert_eq!(first, tree(a.path(), cache.path()).unwrap());
    }

    #[test]
    fn a_file_that_changed_is_found() {
        let dir = sample();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let now = SystemTime::now();
        assert_eq!(changed_since(dir.path(), now).unwrap(), None);
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(dir.path().join("mm/hmm.c"), "int y;\n").unwrap();
        assert_eq!(changed_since(dir.path(), now).unwrap(), Some("mm/hmm.c".into()));
    }

    #[test]
    fn a_file_that_was_changed_and_changed_back_has_other_stamps() {
        let (dir, cache) = (sample(), tempfile::tempdir().unwrap());
        let look = || find(dir.path(), cache.path()).unwrap();
        let first = look();
        fs::hard_link(dir.path().join("mm/hmm.c"), cache.path().join("link")).unwrap();
        assert_eq!(look(), first, "a link is no change");
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(dir.path().join("mm/hmm.c"), "int y;\n").unwrap();
        fs::write(dir.path().join("mm/hmm.c"), "int x;\n").unwrap();
        let last = look();
        assert_eq!(last.digest, first.digest);
        assert_ne!(last.stamps, first.stamps);
    }

    #[test]
    fn content_name_and_mode_all_count() {
        let (dir, cache) = (sample(), tempfile::tempdir().unwrap());
        let digest = || tree(dir.path(), cache.path()).unwrap();
        let first = digest();
        fs::write(dir.path().join("mm/hmm.c"), "int y;\n").unwrap();
        let second = digest();
        assert_ne!(first, second, "same length, other content");
        fs::rename(dir.path().join("mm/hmm.c"), dir.path().join("mm/hmn.c")).unwrap();
        let third = digest();
        assert_ne!(second, third);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(dir.path().join("mm/hmn.c"), mode).unwrap();
        assert_ne!(third, digest());
    }

    #[test]
    fn the_index_is_used_and_a_broken_one_does_no_harm() {
        let (dir, cache) = (sample(), tempfile::tempdir().unwrap());
        let old = fs::File::options().append(true).open(dir.path().join("Makefile")).unwrap();
        old.set_modified(SystemTime::now() - std::time::Duration::from_secs(60)).unwrap();
        // ctime cannot be set back, so wait until the file is no longer racy.
        std::thread::sleep(std::time::Duration::from_millis(2100));
        let first = tree(dir.path(), cache.path()).unwrap();
        let index = fs::read_dir(cache.path()).unwrap().next().unwrap().unwrap().path();
        assert!(read_index(&index).contains_key(b"Makefile".as_slice()));
        assert_eq!(first, tree(dir.path(), cache.path()).unwrap());
        fs::write(&index, b"1 2 3\0nonsense \xff\0").unwrap();
        assert_eq!(first, tree(dir.path(), cache.path()).unwrap());
    }
}
