//! The index of a tree, in the user's cache: made when it is not there, is damaged or is of something
//! else, and never believed about a file that has changed.
//!
//! Three files for three kinds of knowledge. Kconfig's is keyed by the contents of all Kconfig files
//! (and of others that they source), that of makefiles by theirs and by the names of all files, since a
//! makefile may ask whether there is one. Which file has which name is kept for each file with the
//! hash of its contents; changed and new ones are read when a question is asked, until they are many.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::cli::common::Common;
use crate::cli::config::ProbeMode;
use crate::cli::lint::Lint;
use crate::commands::lint::load;
use crate::exit::{Error, Result};
use crate::explain::{names, objects, options};
use crate::kbuild::digest::{self, Contents};
use crate::kbuild::source::cache_dir;
use crate::kbuild::store::{Damaged, Store};
use crate::kconf::eval::with_stacks;
use crate::lint::Needs;
use crate::lint::context::Tree;
use crate::model::explain::ObjectOf;
use crate::source::makefile::mentions::is_makefile;
use crate::source::symbols::words::is_source;

/// Raised when what is kept changes its meaning.
const FORMAT: &str = concat!("2 hmmsize ", env!("CARGO_PKG_VERSION"));
/// When so many files have changed, the names are read anew.
const MANY: usize = 300;
/// The tree changed while it was read: so often it is read again.
const TRIES: usize = 3;
/// The record of other files that Kconfig reads, and of the architectures.
const EXTRA: &[u8] = b"\0extra";
const ARCHES: &[u8] = b"\0arches";
const MANIFEST: &[u8] = b"\0manifest";

/// Everything that is known of a tree.
pub struct Index {
    /// The tree.
    pub root: PathBuf,
    /// The architectures, sorted.
    pub arches: Vec<String>,
    options: Store,
    objects: Store,
    names: Store,
    /// The C, assembly and Rust files there are now, with their hashes.
    pub sources: Vec<(String, [u8; 32])>,
    /// The files of `names` by their numbers; nothing for one that has changed or is gone.
    known: Vec<Option<String>>,
    /// The files that `names` does not know as they are.
    pub fresh: Vec<String>,
    /// Keeps the files of an index that could not be put into the cache.
    _kept: Option<tempfile::TempDir>,
}

type Hashes<'a> = FxHashMap<&'a str, &'a [u8; 32]>;

/// What is no part of the kernel's sources, or made by a build.
fn is_left_out(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let made = |ending: &str| path.ends_with(ending);
    let below = |dir: &str| path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
    name.starts_with('.')
        || path == "tools"
        || (below("Documentation") && !name.starts_with("Kconfig"))
        || (path.ends_with("/generated") && path.contains("include"))
        || path == "include/config"
        || [".o", ".a", ".ko", ".mod", ".mod.c", ".order", ".symvers", ".map"]
            .iter()
            .any(|e| made(e))
        || name.starts_with("vmlinux") && !name.contains(".lds")
        || name == "System.map"
}

fn is_kconfig(path: &str) -> bool {
    path == "Makefile" || path.rsplit('/').next().is_some_and(|name| name.contains("Kconfig"))
}

fn is_read(path: &str) -> bool {
    is_kconfig(path) || is_makefile(path) || is_source(path)
}

fn digest(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.as_ref().len() as u64).to_le_bytes());
        hasher.update(part.as_ref());
    }
    hasher.finalize().as_bytes().to_vec()
}

/// The key of all files that are `wanted`.
fn key(first: &[u8], files: &[(String, [u8; 32])], wanted: fn(&str) -> bool) -> Vec<u8> {
    let files = files.iter().filter(|(path, _)| wanted(path));
    let parts = files.flat_map(|(path, hash)| [path.as_bytes(), &hash[..]]);
    digest([FORMAT.as_bytes(), first].into_iter().chain(parts))
}

/// The three files.
struct Paths {
    stamps: PathBuf,
    options: PathBuf,
    objects: PathBuf,
    names: PathBuf,
}

impl Paths {
    fn new(dir: &Path, root: &Path) -> Self {
        let stem = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
        let file = |ending: &str| dir.join(format!("{}.{ending}", &stem[..32]));
        Self {
            stamps: file("stamps"),
            options: file("options"),
            objects: file("objects"),
            names: file("names"),
        }
    }
}

impl Index {
    /// The index of the tree at `root`, up to date. A cache that cannot be written costs time only.
    pub fn open(common: &Common, root: &Path) -> Result<Self> {
        let root = std::path::absolute(root).map_err(|err| Error::io(root, err))?;
        let mut temporary = None;
        let mut dir = cache_dir()?.join("explain");
        if std::fs::create_dir_all(&dir).is_err() || tempfile::tempfile_in(&dir).is_err() {
            let own = tempfile::tempdir().map_err(|err| Error::io("a temporary directory", err))?;
            own.path().clone_into(&mut dir);
            temporary = Some(own);
        }
        let paths = Paths::new(&dir, &root);
        let read = || digest::contents(&root, &paths.stamps, is_left_out, is_read);
        let mut contents = read()?;
        for _ in 0..TRIES {
            let made = Self::update(common, &root, &paths, &contents)?;
            // What changed while it was read may be in there under a wrong key.
            let now = if made { read()? } else { Contents::default() };
            if !made || (now.files == contents.files && now.paths == contents.paths) {
                return Self::load(root, &paths, contents, temporary);
            }
            for path in [&paths.options, &paths.objects, &paths.names] {
                let _ = std::fs::remove_file(path);
            }
            contents = now;
        }
        Err(Error::input(&root, "the tree changes all the time"))
    }

    /// Throws the index away.
    pub fn forget(root: &Path) -> Result<()> {
        let root = std::path::absolute(root).map_err(|err| Error::io(root, err))?;
        let paths = Paths::new(&cache_dir()?.join("explain"), &root);
        for path in [&paths.options, &paths.objects, &paths.names] {
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }

    fn load(
        root: PathBuf,
        paths: &Paths,
        contents: Contents,
        temporary: Option<tempfile::TempDir>,
    ) -> Result<Self> {
        let open = |path: &Path| {
            Store::open(path)
                .ok_or_else(|| Error::input(path, "is damaged as soon as it is written"))
        };
        let (options, objects) = (open(&paths.options)?, open(&paths.objects)?);
        let names = open(&paths.names)?;
        let mut sources = contents.files;
        sources.retain(|(path, _)| is_source(path));
        let now: Hashes<'_> = sources.iter().map(|(path, hash)| (path.as_str(), hash)).collect();
        let known = manifest(&names, &now);
        let seen: FxHashSet<&str> = known.iter().flatten().map(String::as_str).collect();
        let fresh = sources.iter().map(|(path, _)| path.clone());
        let fresh = fresh.filter(|path| !seen.contains(path.as_str())).collect();
        let arches = options.get(ARCHES).ok().flatten().unwrap_or_default();
        let arches = serde_json::from_slice(&arches).unwrap_or_default();
        Ok(Self { root, arches, options, objects, names, sources, known, fresh, _kept: temporary })
    }

    /// Makes what is missing; whether anything was.
    fn update(common: &Common, root: &Path, paths: &Paths, contents: &Contents) -> Result<bool> {
        let files = &contents.files;
        let hashes: Hashes<'_> = files.iter().map(|(path, hash)| (path.as_str(), hash)).collect();
        let of_kconfig = key(b"kconfig", files, is_kconfig);
        let all_paths = digest(&contents.paths);
        let of_makefiles = key(&[&of_kconfig[..], &all_paths].concat(), files, is_makefile);
        let options = Store::open(&paths.options)
            .filter(|store| store.key() == of_kconfig && has_extra(store, root, &hashes));
        let objects = Store::open(&paths.objects)
            .filter(|store| options.is_some() && store.key() == of_makefiles);
        let names = Store::open(&paths.names).filter(|store| {
            let is_current = store.key() == FORMAT.as_bytes();
            let known = if is_current { manifest(store, &hashes) } else { Vec::new() };
            let same = known.iter().flatten().count();
            let all = files.iter().filter(|(path, _)| is_source(path)).count();
            is_current && all.saturating_sub(same) + (known.len() - same) <= MANY
        });
        if options.is_some() && objects.is_some() && names.is_some() {
            return Ok(false);
        }
        if common.quiet == 0 {
            crate::exit::say(&format_args!("hmmsize: indexing {} …", root.display()));
        }
        let io = |path: &Path| {
            let path = path.to_owned();
            move |err| Error::io(path, err)
        };
        let start = std::time::Instant::now();
        let say = |what: &str| {
            if common.time {
                crate::exit::say(&format_args!("{:9.3} s  {what}", start.elapsed().as_secs_f64()));
            }
        };
        if objects.is_none() {
            let tree = read_tree(root, &mut Vec::new())?;
            say("Kconfig and makefiles are read");
            if options.is_none() {
                let records = option_records(&tree, &hashes)?;
                Store::write(&paths.options, &of_kconfig, records).map_err(io(&paths.options))?;
                say("options are written");
            }
            let records = object_records(&tree)?;
            Store::write(&paths.objects, &of_makefiles, records).map_err(io(&paths.objects))?;
            say("objects are written");
        }
        if names.is_none() {
            let files: Vec<&(String, [u8; 32])> =
                files.iter().filter(|(path, _)| is_source(path)).collect();
            let paths_: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
            let mut records = names::records(root, &paths_);
            let mut manifest = Vec::new();
            for (path, hash) in files {
                manifest.extend_from_slice(hash);
                manifest.extend_from_slice(path.as_bytes());
                manifest.push(0);
            }
            records.push((MANIFEST.to_vec(), manifest));
            Store::write(&paths.names, FORMAT.as_bytes(), records).map_err(io(&paths.names))?;
            say("names are written");
        }
        Ok(true)
    }

    /// What Kconfig says about an option (without `CONFIG_`).
    pub fn option(&self, name: &str) -> Result<Option<Vec<u8>>, Damaged> {
        self.options.get(name.as_bytes())
    }

    /// The objects of a source file.
    pub fn objects_of(&self, source: &str) -> Result<Option<Vec<u8>>, Damaged> {
        self.objects.get(format!("o{source}").as_bytes())
    }

    /// The rules that name an option.
    pub fn rules(&self, option: &str) -> Result<Option<Vec<u8>>, Damaged> {
        self.objects.get(format!("c{option}").as_bytes())
    }

    /// The files that have a name, and whether each has a function of it; only those that have not
    /// changed. Nothing for a name that none of them gives to a function or option.
    pub fn files(&self, name: &str) -> Result<Option<Vec<(&str, bool)>>, Damaged> {
        let Some(record) = self.names.get(name.as_bytes())? else { return Ok(None) };
        let postings = names::postings(&record).into_iter();
        let known = |one: names::Posting| {
            Some((self.known.get(one.file as usize)?.as_deref()?, one.has_function))
        };
        Ok(Some(postings.filter_map(known).collect()))
    }

    /// All names of options, then of functions: what might have been meant.
    pub fn all_names(&self) -> impl Iterator<Item = (bool, &[u8])> {
        let options = (0..self.options.len()).map(|at| (true, self.options.name(at)));
        let names = (0..self.names.len()).map(|at| (false, self.names.name(at)));
        options.chain(names).filter(|(_, name)| !name.starts_with(b"\0"))
    }
}

/// Reads Kconfig and the makefiles of all architectures.
fn read_tree(root: &Path, phases: &mut Vec<crate::lint::Phase>) -> Result<Tree> {
    // Nothing of the tree is run.
    let args = Lint { tree: Some(root.to_owned()), probe: ProbeMode::Never, ..Lint::default() };
    let what = (load::What::default(), Needs::KBUILD);
    with_stacks(|| load::load(&args, false, what, phases))
        .map_err(|err| Error::io("a thread", err))?
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|err| Error::Usage(format!("explain: {err}")))
}

type Records = Vec<(Vec<u8>, Vec<u8>)>;

fn option_records(tree: &Tree, hashes: &Hashes<'_>) -> Result<Records> {
    let mut records = Records::new();
    for facts in options::facts(tree) {
        records.push((facts.name.clone().into_bytes(), json(&facts)?));
    }
    let names: Vec<&str> = tree.arches.iter().map(|arch| arch.name.as_str()).collect();
    records.push((ARCHES.to_vec(), json(&names)?));
    // Files whose names do not say that they are Kconfig's.
    let read = tree.arches.iter().flat_map(|arch| &arch.model.files);
    let mut extra: Vec<&str> = read.map(|file| file.name.as_str()).collect();
    extra.retain(|name| !is_kconfig(name) || !hashes.contains_key(name));
    extra.sort_unstable();
    extra.dedup();
    let mut known: Vec<(&str, Vec<u8>)> = Vec::new();
    for name in extra {
        known.push((name, hash_now(&tree.root, name)));
    }
    records.push((EXTRA.to_vec(), json(&known)?));
    Ok(records)
}

fn hash_now(root: &Path, name: &str) -> Vec<u8> {
    let text = std::fs::read(root.join(name)).unwrap_or_default();
    blake3::hash(&text).as_bytes().to_vec()
}

/// Whether other files that Kconfig read are what they were.
fn has_extra(store: &Store, root: &Path, hashes: &Hashes<'_>) -> bool {
    let Ok(Some(record)) = store.get(EXTRA) else { return false };
    let Ok(known) = serde_json::from_slice::<Vec<(String, Vec<u8>)>>(&record) else { return false };
    known.iter().all(|(name, hash)| match hashes.get(name.as_str()) {
        Some(now) => now[..] == hash[..],
        None => hash_now(root, name) == *hash,
    })
}

fn object_records(tree: &Tree) -> Result<Records> {
    let keep = |source: &str, objects: Vec<ObjectOf>| -> Result<(Vec<u8>, Vec<u8>)> {
        Ok((format!("o{source}").into_bytes(), json(&objects)?))
    };
    let (sources, rules) = objects::objects(tree, keep);
    let mut records: Records = sources.into_iter().collect::<Result<_>>()?;
    for (option, rules) in &rules {
        records.push((format!("c{option}").into_bytes(), json(rules)?));
    }
    Ok(records)
}

/// The files by their numbers, of those that are as they were.
fn manifest(store: &Store, now: &Hashes<'_>) -> Vec<Option<String>> {
    let Ok(Some(record)) = store.get(MANIFEST) else { return Vec::new() };
    let mut out = Vec::new();
    let mut rest = &record[..];
    while rest.len() > 32 {
        let (hash, after) = rest.split_at(32);
        let end = memchr::memchr(0, after).unwrap_or(after.len());
        let path = String::from_utf8_lossy(&after[..end]);
        let same = now.get(&*path).is_some_and(|now| now[..] == *hash);
        out.push(same.then(|| path.into_owned()));
        rest = after.get(end + 1..).unwrap_or_default();
    }
    out
}
