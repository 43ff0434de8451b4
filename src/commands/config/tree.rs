//! A tree with Kconfig files: read once, built into a model per architecture.
//!
//! Files are shared by all architectures and threads. Which toolchain is meant, what the environment
//! says and where probes' results come from is settled here; nothing is run unless asked for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bstr::ByteSlice as _;
use rustc_hash::FxHashMap;

use crate::cli::config::ProbeMode;
use crate::commands::output;
use crate::elf::HugePages;
use crate::exit::{At, Error, Result};
use crate::kbuild::environment::Env;
use crate::kbuild::kconfenv::{self, TopMakefile, Variables, Versions};
use crate::kbuild::probes::Probes;
use crate::kbuild::process::Runner;
use crate::kbuild::{arches, environment, source, toolchain};
use crate::kconf::dialect::Dialect;
use crate::kconf::model::{Message, Model, Severity};
use crate::kconf::probe::{self, Probe, Recording};
use crate::kconf::source::Sources;
use crate::kconf::syntax::File;
use crate::kconf::{build, output::Output};
use crate::model::snippet::{Level, Snippet};
use crate::model::words::MakeWords;

/// The environment, by name.
type Lookup<'a> = dyn Fn(&str) -> Option<String> + Sync + 'a;

/// The first file of a tree.
const ROOT: &str = "Kconfig";

/// A tree.
pub struct Tree {
    /// Where it is.
    pub dir: PathBuf,
    /// Its language.
    pub dialect: Dialect,
    /// Whether it has Linux's Makefile, whose rules and variables then count.
    pub is_linux: bool,
    makefile: TopMakefile,
    sources: Sources,
    /// [`Tree::read`] has been called.
    read: AtomicBool,
}

/// One architecture of a tree, ready to be evaluated.
pub struct Loaded {
    /// The model.
    pub model: Model,
    /// The architecture's directory; empty where the tree has none.
    pub srcarch: String,
    /// ARCH
    pub arch: String,
    /// BOARDS, of mips: those that a generic kernel is for.
    pub boards: Option<Vec<String>>,
}

/// Where probes' results come from.
pub struct ProbeSource<'a> {
    /// How.
    pub mode: ProbeMode,
    /// The file of recorded ones, if the user named one.
    pub file: Option<&'a Path>,
    /// Where they are run.
    pub dir: &'a Path,
    /// The environment of make and thus of what is run, where it is not ours; the toolchain is then
    /// what the words say.
    pub env: Option<&'a Env>,
}

impl Tree {
    /// The tree in `dir`; the dialect is that of its Makefile unless given.
    pub fn open(dir: &Path, dialect: Option<Dialect>) -> Result<Self> {
        if !dir.is_dir() {
            let missing = std::io::Error::from(std::io::ErrorKind::NotADirectory);
            let missing = dir.metadata().err().unwrap_or(missing);
            return Err(Error::io(dir, missing));
        }
        let dir = std::path::absolute(dir).map_err(|err| Error::io(dir, err))?;
        let makefile = TopMakefile::read(&dir);
        let of_makefile = makefile.version().as_deref().and_then(parse_version);
        let dialect = dialect.or(of_makefile).unwrap_or_default();
        let sources = Sources::new(&dir, dialect).with_threads(HugePages::for_this_thread);
        let read = AtomicBool::new(false);
        Ok(Self { dir, dialect, is_linux: of_makefile.is_some(), makefile, sources, read })
    }

    /// The same tree, of which nothing outside is read.
    #[must_use]
    pub fn confined(mut self) -> Self {
        self.sources = self.sources.confined();
        self
    }

    /// The tree as it is with the files of `overlay` in place of its own.
    #[must_use]
    pub fn with_overlay(mut self, overlay: &Path) -> Self {
        let sources =
            Sources::new(&self.dir, self.dialect).with_threads(HugePages::for_this_thread);
        self.sources = sources.with_current_directory(overlay);
        self
    }

    /// Whether `W=c` and `W=e` mean something: to 6.1 they do not. What is not Linux has no rules of
    /// its own.
    pub fn knows_warnings(&self) -> bool {
        let makefile = std::fs::read(self.dir.join("scripts/kconfig/Makefile")).unwrap_or_default();
        !self.is_linux || makefile.contains_str("KBUILD_EXTRA_WARN")
    }

    /// The directories below arch/ that have a Kconfig, by name.
    pub fn archs(&self) -> Result<Vec<String>> {
        let dir = self.dir.join("arch");
        let entries = std::fs::read_dir(&dir).map_err(|err| Error::io(&dir, err))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|err| Error::io(&dir, err))?;
            // arch/um cannot be configured without the architecture it runs on, and says so itself.
            if entry.path().join("Kconfig").is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The files that were read so far, by name.
    pub fn files(&self) -> Vec<Arc<File>> {
        self.sources.files()
    }

    /// Reads the files of these architectures, in parallel. Not needed of one: building its model
    /// reads them.
    pub fn read(&self, archs: &[&str]) -> Result<()> {
        let srcarchs: Vec<String> = archs
            .iter()
            .map(|arch| self.makefile.srcarch(arch).unwrap_or_else(|_| (*arch).to_owned()))
            .collect();
        let srcarchs: Vec<&str> = srcarchs.iter().map(String::as_str).collect();
        self.sources.reading_ahead(ROOT, &srcarchs, |_| ())?;
        self.read.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The model for the architecture and toolchain of `words`. What `conf` would say while parsing
    /// is left to [`say`].
    pub fn load(&self, words: &MakeWords, probes: &ProbeSource<'_>) -> Result<Loaded> {
        let dialect = self.dialect;
        if self.read.load(Ordering::Relaxed) {
            let sources = |name: &str| self.sources.get(name);
            return self.load_with(words, probes, &|lookup, probe| {
                build::build(&sources, ROOT, lookup, probe, dialect)
            });
        }
        // All else that has to be known is found out while the files are read.
        let known = words.get("SRCARCH").map(str::to_owned);
        let srcarch = known.or_else(|| self.makefile.srcarch(kconfenv::arch(words)).ok());
        self.sources.reading_ahead(ROOT, srcarch.as_deref().as_slice(), |sources| {
            self.load_with(words, probes, &|lookup, probe| {
                build::build_here(sources, ROOT, lookup, probe, dialect)
            })
        })?
    }

    /// The same, with what builds the model.
    fn load_with(
        &self,
        words: &MakeWords,
        probes: &ProbeSource<'_>,
        build: &dyn Fn(&Lookup, &mut Probe) -> Model,
    ) -> Result<Loaded> {
        let runner = Runner::quiet();
        let words = if probes.env.is_some() { words.clone() } else { with_toolchain(words) };
        let around = probes.env.cloned().unwrap_or_else(|| std::env::vars_os().collect());
        let plain = environment::plain(around.clone());
        let mut recording = None;
        let versions = match probes.mode {
            ProbeMode::Never => Versions::default(),
            ProbeMode::Cached => {
                let known = self.recording(&words, probes)?;
                let known = recording.insert(known.unwrap_or_default());
                let asked = |name| kconfenv::version(name, &words, &plain, &runner);
                let pahole = || self.makefile.pahole(&words, &plain, &runner);
                let cc = Some(&known.toolchain).filter(|cc| !cc.is_empty());
                Versions {
                    cc: cc.map_or_else(|| asked("CC"), |cc| Ok(cc.clone()))?,
                    rustc: known.rustc.clone().map_or_else(|| asked("RUSTC"), Ok)?,
                    pahole: known.pahole.clone().map_or_else(pahole, Ok)?,
                }
            }
            ProbeMode::Run => self.makefile.versions(&words, &plain, &runner)?,
        };
        let variables = if self.is_linux {
            self.makefile.environment(&words, &versions)?
        } else {
            let mut variables: Variables =
                vec![("srctree".to_owned(), self.dir.to_string_lossy().into_owned())];
            variables.extend(words.to_words().iter().filter_map(|word| {
                word.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))
            }));
            variables
        };
        let env: FxHashMap<&str, &str> =
            variables.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let lookup = |name: &str| {
            let outer = || around.get(OsStr::new(name))?.to_str().map(str::to_owned);
            env.get(name).map(|value| (*value).to_owned()).or_else(outer)
        };
        let runs = Probes::new(&runner, process_environment(&around, &variables), probes.dir);
        let mut probe = match (probes.mode, &recording) {
            (ProbeMode::Cached, Some(recording)) => Probe::Cached(recording),
            (ProbeMode::Run, _) => {
                Probe::Run(Box::new(|command: &[u8]| runs.run(command).map(probe::kept)))
            }
            _ => Probe::Never,
        };
        // The compiler answers while the files are read.
        let (model, compiler) = std::thread::scope(|scope| {
            let known = recording.as_ref().is_some_and(|known| !known.toolchain.is_empty());
            let ask = || kconfenv::version("CC", &words, &plain, &Runner::quiet());
            // Which takes no time where the words say it.
            let is_said = words.get("CC_VERSION_TEXT").is_some();
            let thread = (known && !is_said).then(|| scope.spawn(ask));
            let model = build(&lookup, &mut probe);
            let compiler = thread.map(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            (model, compiler.or_else(|| known.then(ask)))
        });
        drop(probe);
        if let (Some(compiler), Some(known)) = (compiler, &recording) {
            check_compiler(known, &compiler?)?;
        }
        if probes.mode == ProbeMode::Run && !model.failed() {
            self.record(&model, &words, probes, versions)?;
        }
        let value = |name: &str| env.get(name).map_or_else(String::new, |v| (*v).to_owned());
        let boards = words.get("BOARDS").filter(|boards| !boards.is_empty());
        let boards = boards.map(|boards| boards.split_whitespace().map(str::to_owned).collect());
        Ok(Loaded { srcarch: value("SRCARCH"), arch: value("ARCH"), boards, model })
    }

    /// Where the probes of `words` are recorded.
    fn probe_file(&self, words: &MakeWords, probes: &ProbeSource<'_>) -> Result<PathBuf> {
        if let Some(file) = probes.file {
            return Ok(file.to_owned());
        }
        let mut words = words.to_words();
        words.retain(|word| !word.starts_with("KCONFIG_"));
        let key = format!("{}\n{}", self.dir.display(), words.join("\n"));
        let digest = blake3::hash(key.as_bytes()).to_hex();
        let name = format!("{}.json", &digest[..16]);
        Ok(source::cache_dir()?.join("probes").join(name))
    }

    /// What is recorded; nothing where nothing is and no file was named.
    fn recording(&self, words: &MakeWords, probes: &ProbeSource<'_>) -> Result<Option<Recording>> {
        let file = self.probe_file(words, probes)?;
        match std::fs::read(&file) {
            Ok(text) => Recording::parse(&file, &text).map(Some),
            Err(err) if err.kind() == std::io::ErrorKind::NotFound && probes.file.is_none() => {
                Ok(None)
            }
            Err(err) => Err(Error::io(&file, err)),
        }
    }

    /// Adds what was run to the recording; one of another compiler is replaced.
    fn record(
        &self,
        model: &Model,
        words: &MakeWords,
        probes: &ProbeSource<'_>,
        versions: Versions,
    ) -> Result<()> {
        let file = self.probe_file(words, probes)?;
        let old = std::fs::read(&file).ok().and_then(|text| Recording::parse(&file, &text).ok());
        let mut recording = old.filter(|old| old.toolchain == versions.cc).unwrap_or_default();
        recording.schema = probe::SCHEMA;
        recording.toolchain = versions.cc;
        recording.rustc = Some(versions.rustc);
        recording.pahole = Some(versions.pahole).filter(|version| !version.is_empty());
        recording.add(&model.probes);
        if let Some(dir) = file.parent() {
            std::fs::create_dir_all(dir).map_err(|err| Error::io(dir, err))?;
        }
        let text = serde_json::to_vec_pretty(&recording)
            .map_err(|err| Error::input(&file, err.to_string()))?;
        output::write(Some(&file.to_string_lossy()), text)
    }
}

/// As many errors are shown with their lines.
const SHOWN: usize = 10;

/// The first errors of a tree, with the lines that they are in.
pub fn snippets(model: &Model) -> Vec<Snippet> {
    let bad = model.messages.iter().filter(|message| message.severity > Severity::Warning);
    let snippet = |message: &Message| {
        let place = message.place?;
        let file = model.file(place.file);
        // Without the place, which conf writes in front.
        let text = message.text.strip_prefix(&*file.name).unwrap_or(&message.text);
        let text = text.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()).trim_start();
        let what = (Level::Error, text.to_owned());
        let (start, len) = (place.span.start as usize, place.span.len as usize);
        Some(Snippet::cut(what, file.name.clone(), &file.text, (start, len)))
    };
    let mut snippets: Vec<_> = bad.filter_map(snippet).take(2 * SHOWN).collect();
    // conf says `syntax error` and then what it is: the latter is enough.
    snippets.reverse();
    snippets.dedup_by_key(|snippet| (snippet.file.clone(), snippet.line, snippet.column));
    snippets.reverse();
    snippets.truncate(SHOWN);
    snippets
}

/// The error of a tree that `conf` would not accept, at the first place that is wrong.
pub fn rejected(tree: &Tree, model: &Model) -> Error {
    let bad = model.messages.iter().filter(|message| message.severity > Severity::Warning);
    let count = bad.clone().count();
    let msg = format!("the tree's Kconfig cannot be used: {count} errors");
    let msg = if count == 1 { "the tree's Kconfig cannot be used".to_owned() } else { msg };
    match bad.clone().find_map(|message| message.place) {
        Some(place) => {
            let file = model.file(place.file);
            let column = file.position(place.span.start).1;
            let at = At::LineColumn(place.line as usize, column as usize);
            Error::input_at(&file.path, at, msg)
        }
        None if !tree.dir.join("Kconfig").is_file() => {
            Error::input(&tree.dir, "no kernel tree here (no Kconfig); -C TREE names one")
        }
        None => Error::input(tree.dir.join("Kconfig"), msg),
    }
}

/// What `--dialect` says.
pub fn dialect(text: Option<&str>) -> Result<Option<Dialect>> {
    let Some(text) = text else { return Ok(None) };
    let bad =
        || Error::Usage(format!("--dialect {text}: expected a version of Linux, such as 6.12"));
    parse_version(text).map(Some).ok_or_else(bad)
}

/// `6.12`, or longer: `6.12.117`, `6.12.117-rc1`.
fn parse_version(text: &str) -> Option<Dialect> {
    let mut numbers = text.split(['.', '-']);
    let version = numbers.next()?.parse().ok()?;
    let newest = Dialect::new(version, numbers.next()?.parse().ok()?);
    let sublevel = numbers.next().and_then(|number| number.parse().ok());
    Some(sublevel.map_or(newest, |sublevel| newest.update(sublevel)))
}

/// `words` with the cross compiler that `build` would take, unless the user has said which.
pub fn with_toolchain(words: &MakeWords) -> MakeWords {
    let mut words = words.clone();
    let said = ["CROSS_COMPILE", "LLVM", "CC"].iter().any(|name| words.get(name).is_some());
    if !said && let Some(arch) = words.get("ARCH").and_then(arches::find) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let prefix = toolchain::find_prefix(arch, false, OsStr::new(&path));
        if let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) {
            words.set("CROSS_COMPILE", &prefix);
        }
    }
    words
}

/// A compiler that is here and says something else than the recorded one is an error: its answers
/// would be others.
fn check_compiler(known: &Recording, cc: &str) -> Result<()> {
    if cc.is_empty() || cc == known.toolchain {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "the recorded probes are of `{}`, the compiler is `{cc}`; --probe=run asks it",
        known.toolchain
    )))
}

/// What a probe sees: the environment around it and Kconfig's variables.
fn process_environment(around: &Env, variables: &Variables) -> Env {
    let mut env = around.clone();
    env.extend(variables.iter().map(|(key, value)| (key.into(), value.into())));
    env
}

/// What `conf` says while it parses the tree, which it does at every call.
pub fn say(model: &Model, said: &mut Output) {
    for message in &model.messages {
        let line = model.printed(message);
        if message.stdout {
            said.out(line);
        } else {
            said.err(line);
        }
    }
}
