//! `hmmsize config`: reads a tree's Kconfig, evaluates, writes what `conf` would write.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rayon::prelude::*;

use crate::cli::common::Common;
use crate::cli::config::{Ask, Config};
use crate::commands::output;
use crate::exit::{Error, Exit, Result};
use crate::kbuild::{arches, defconfig};
use crate::kconf::eval::number::strtoll;
use crate::kconf::eval::{State, with_stack};
use crate::kconf::modes::{Settings, Stop};
use crate::kconf::output::{Output, Stream};
use crate::kconf::read::Reading;
use crate::model::words::MakeWords;
use crate::render;

pub(super) mod steps;
pub(super) mod tree;
pub(super) mod why;

use steps::{Step, Workspace};
use tree::{Loaded, ProbeSource, Tree};

/// Variables of the environment that make passes on to `conf` or takes for its own, and so do we.
const INHERITED: &[&str] = &["ARCH", "SUBARCH", "CROSS_COMPILE", "LLVM", "LLVM_IAS"];

/// What was asked for, whatever the architecture.
struct Request<'a> {
    args: &'a Config,
    targets: Vec<&'a str>,
    words: MakeWords,
    /// Where relative names are: O=, else here.
    dir: PathBuf,
    tree: Tree,
    seed: u32,
    time: bool,
}

/// What one architecture came to.
struct Done {
    output: Output,
    result: Result<(Files, Exit)>,
}

/// What there is to be written.
#[derive(Default)]
struct Files {
    config: Option<Vec<u8>>,
    old: Option<Vec<u8>>,
    defconfig: Option<Vec<u8>>,
}

/// Runs the command.
pub fn run(common: &Common, args: &Config) -> Result<Exit> {
    if let Some(Ask::Why(args)) = &args.ask {
        return why::run(common, args);
    }
    let request = Request::new(common, args)?;
    match (request.targets.as_slice(), args.check) {
        ([], false) => {
            return Err(Error::Usage("config: say a target, such as defconfig".into()));
        }
        ([target, ..], true) => {
            return Err(Error::Usage(format!("config: --check makes no {target}")));
        }
        _ => {}
    }
    let archs = archs(&request)?;
    if let [arch] = archs.as_slice() {
        let done = request.configure(arch.as_deref(), common);
        let finished = request.finish(done, common, None);
        // The process ends soon: to take a tree apart would be wasted time.
        std::mem::forget(request);
        return finished;
    }
    let start = Instant::now();
    request.tree.read(&archs.iter().flatten().map(String::as_str).collect::<Vec<_>>())?;
    request.phase(None, "read", start);
    let out = match common.output.as_deref().filter(|out| *out != "-") {
        _ if args.check => "",
        Some(out) => {
            std::fs::create_dir_all(out).map_err(|err| Error::io(out, err))?;
            out
        }
        None => return Err(Error::Usage("config: several architectures need -o DIR".into())),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(common.jobs.unwrap_or(0)).build();
    let pool = pool.map_err(|err| Error::Usage(format!("config: {err}")))?;
    let all = pool.install(|| {
        let each = archs.par_iter().map(|arch| {
            let done = request.configure(arch.as_deref(), common);
            (arch.clone().unwrap_or_default(), done)
        });
        each.collect::<Vec<_>>()
    });
    let mut worst = Exit::Ok;
    for (arch, done) in all {
        let name = Path::new(out).join(format!("{arch}.config"));
        match request.finish(done, common, Some(&name)) {
            Ok(exit) => worst = worst.max(exit),
            // The others are still worth having.
            Err(err) => {
                crate::exit::say(&format_args!("hmmsize: error: {arch}: {err}"));
                worst = worst.max(err.exit());
            }
        }
    }
    Ok(worst)
}

/// The architectures that are meant; nothing for a tree that has none.
fn archs(request: &Request<'_>) -> Result<Vec<Option<String>>> {
    let named = &request.args.arch;
    if named.iter().any(|arch| arch == "all") {
        return Ok(request.tree.archs()?.into_iter().map(Some).collect());
    }
    if named.is_empty() {
        let arch = request.words.get("ARCH").filter(|arch| !arch.is_empty());
        let host = || request.tree.is_linux.then(|| host_arch().to_owned());
        return Ok(vec![arch.map(str::to_owned).or_else(host)]);
    }
    Ok(named.iter().cloned().map(Some).collect())
}

/// The ARCH that make takes by itself.
pub(super) fn host_arch() -> &'static str {
    let machine = std::env::consts::ARCH;
    let native = arches::ARCHES.iter().find(|arch| arch.native.contains(&machine));
    match native {
        Some(arch) if arch.srcarch == "x86" => "x86",
        Some(arch) => &arch.name,
        None => machine,
    }
}

/// `--seed`, else `KCONFIG_SEED` where it is a number, else the time.
fn seed(args: &Config, words: &MakeWords) -> Result<u32> {
    let number = |text: &str| {
        let parsed = strtoll(text.as_bytes(), 0);
        (parsed.used == text.len() && parsed.used > 0).then_some(parsed.value as u32)
    };
    if let Some(text) = &args.seed {
        let bad = || Error::Usage(format!("--seed {text}: expected a number"));
        return number(text).ok_or_else(bad);
    }
    let text = variable(words, "KCONFIG_SEED");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let clock = (now.as_secs() + 1).wrapping_mul(u64::from(now.subsec_micros()) + 1) as u32;
    Ok(text.and_then(|text| number(&text)).unwrap_or(clock))
}

/// A variable of the command line or of the environment.
fn variable(words: &MakeWords, name: &str) -> Option<String> {
    words.get(name).map(str::to_owned).or_else(|| std::env::var(name).ok())
}

/// `KCONFIG_CONFIG`: what the configuration is called.
fn config_name(words: &MakeWords) -> PathBuf {
    variable(words, "KCONFIG_CONFIG").unwrap_or_else(|| ".config".to_owned()).into()
}

impl<'a> Request<'a> {
    fn new(common: &Common, args: &'a Config) -> Result<Self> {
        let is_word = |word: &&String| MakeWords::is_word(word);
        let mut words = MakeWords::default();
        for name in INHERITED {
            if let Ok(value) = std::env::var(name) {
                words.set(name, &value);
            }
        }
        let given = MakeWords::parse(args.words.iter().filter(is_word)).map_err(Error::Usage)?;
        words.extend(&given);
        let targets: Vec<&str> =
            args.words.iter().filter(|word| !is_word(word)).map(String::as_str).collect();
        let dir = words.take("O").map(PathBuf::from).unwrap_or_default();
        let dialect = tree::dialect(args.dialect.as_deref())?;
        let tree = Tree::open(args.tree.as_deref().unwrap_or(Path::new(".")), dialect)?;
        let seed = seed(args, &words)?;
        Ok(Self { args, targets, words, dir, tree, seed, time: common.time })
    }

    /// Configures one architecture, in memory.
    fn configure(&self, arch: Option<&str>, common: &Common) -> Done {
        let mut output = Output::default();
        let mut words = self.words.clone();
        if let Some(arch) = arch {
            words.set("ARCH", arch);
        }
        let start = Instant::now();
        let dir = if self.dir.as_os_str().is_empty() { Path::new(".") } else { &self.dir };
        let file = self.probe_file(arch);
        let probes = ProbeSource { mode: self.args.probe, file: file.as_deref(), dir, env: None };
        let loaded = self.tree.load(&words, &probes);
        self.phase(arch, "build", start);
        let result = loaded.and_then(|loaded| {
            if self.args.check || loaded.model.failed() {
                tree::say(&loaded.model, &mut output);
            }
            if loaded.model.failed() {
                let color = output::stderr_colored(common);
                for snippet in tree::snippets(&loaded.model) {
                    output.err(render::snippet::render(&snippet, color));
                }
                return Err(tree::rejected(&self.tree, &loaded.model));
            }
            if self.args.check {
                std::mem::forget(loaded);
                return Ok((Files::default(), Exit::Ok));
            }
            let start = Instant::now();
            let done = with_stack(|| self.evaluate(&loaded, &words, common, &mut output))
                .map_err(|err| Error::io("a thread", err))?;
            self.phase(arch, "evaluate", start);
            // The process ends soon: to take a model apart would be wasted time.
            std::mem::forget(loaded);
            done
        });
        Done { output, result }
    }

    fn evaluate(
        &self,
        loaded: &Loaded,
        words: &MakeWords,
        common: &Common,
        output: &mut Output,
    ) -> Result<(Files, Exit)> {
        let settings = self.settings(loaded, words);
        let path = self.dir.join(&settings.config);
        let config = match steps::read_input(&path) {
            Ok(text) => Some(text),
            Err(err)
                if err.kind() == std::io::ErrorKind::NotFound && self.args.config.is_none() =>
            {
                None
            }
            Err(err) => return Err(Error::io(&path, err)),
        };
        let name = match common.output.as_deref() {
            Some(name) => PathBuf::from(name),
            None => config_name(words),
        };
        let overwrite = variable(words, "KCONFIG_OVERWRITECONFIG");
        let mut workspace = Workspace {
            tree: &self.tree,
            dir: &self.dir,
            config,
            old: None,
            defconfig: None,
            written: false,
            name: name.into_os_string().into_encoded_bytes(),
            overwrite: overwrite.is_some_and(|value| !value.is_empty()) || common.output.is_some(),
            overlay: None,
        };
        let state = State::new(&loaded.model);
        for target in &self.targets {
            let steps = steps::steps(&self.tree, loaded, target, &self.args.fragment);
            for step in steps.map_err(Error::Usage)? {
                if matches!(step, Step::Conf(..)) {
                    tree::say(&loaded.model, output);
                }
                match workspace.step(&step, &state, &settings, output) {
                    Ok(()) => {}
                    Err(Stop::Warnings) => return Ok((Files::default(), Exit::Verdict)),
                    Err(Stop::Input(msg)) => return Err(Error::Usage(msg)),
                }
            }
        }
        // With -o the file is made even if nothing changed.
        let wanted =
            workspace.written || (common.output.is_some() && workspace.defconfig.is_none());
        let config = workspace.config.filter(|_| wanted);
        let Workspace { old, defconfig, .. } = workspace;
        Ok((Files { config, old, defconfig }, Exit::Ok))
    }

    fn settings(&self, loaded: &Loaded, words: &MakeWords) -> Settings {
        let get = |name: &str| variable(words, name);
        // W=c and W=e, where scripts/kconfig/Makefile knows them.
        let extra = get("W").filter(|_| self.tree.knows_warnings()).unwrap_or_default();
        let werror = get("KCONFIG_WERROR").is_some() || extra.contains('e');
        let warn_unknown = get("KCONFIG_WARN_UNKNOWN_SYMBOLS").is_some() || extra.contains('c');
        Settings {
            config: self.args.config.clone().unwrap_or_else(|| config_name(words)),
            allconfig: get("KCONFIG_ALLCONFIG").map(PathBuf::from),
            fragments: Vec::new(),
            defconfig_list: self.defconfig_list(loaded, get("KCONFIG_DEFCONFIG_LIST")),
            seed: self.seed,
            probability: get("KCONFIG_PROBABILITY"),
            werror,
            reading: Reading { warn_unknown },
        }
    }

    /// Where a configuration is looked for if there is none, as scripts/kconfig/Makefile says it.
    fn defconfig_list(&self, loaded: &Loaded, said: Option<String>) -> Vec<PathBuf> {
        if let Some(said) = said {
            return said.split_ascii_whitespace().map(PathBuf::from).collect();
        }
        if !self.tree.is_linux {
            return Vec::new();
        }
        let mut files = Vec::new();
        let machine = std::env::consts::ARCH;
        let native = arches::find(&loaded.arch).is_some_and(|row| row.native.contains(&machine));
        if native && let Ok(release) = std::fs::read_to_string("/proc/sys/kernel/osrelease") {
            let release = release.trim();
            files.push(format!("/lib/modules/{release}/.config").into());
            files.push("/etc/kernel-config".into());
            files.push(format!("/boot/config-{release}").into());
        }
        let name = defconfig::default_target(&self.tree.dir, &loaded.arch, &loaded.srcarch);
        files.push(Path::new("arch").join(&loaded.srcarch).join("configs").join(name));
        files
    }

    /// `--probe-file`; of several architectures a directory, as each has its compiler.
    fn probe_file(&self, arch: Option<&str>) -> Option<PathBuf> {
        let file = self.args.probe_file.as_ref()?;
        let several = self.args.arch.len() > 1 || self.args.arch.iter().any(|arch| arch == "all");
        match arch {
            Some(arch) if several => Some(file.join(format!("{arch}.json"))),
            _ => Some(file.clone()),
        }
    }

    /// Prints and writes what one architecture came to; `name` is its file, of several.
    fn finish(&self, done: Done, common: &Common, name: Option<&Path>) -> Result<Exit> {
        let start = Instant::now();
        let to_stdout = common.output.as_deref() == Some("-");
        let has_config = done.result.as_ref().is_ok_and(|(files, _)| files.config.is_some());
        for (stream, text) in &done.output.pieces {
            let quiet = common.quiet > 0 || to_stdout;
            let failed = |err| Error::io("standard output", err);
            match stream {
                Stream::Err => drop(std::io::stderr().write_all(text)),
                Stream::Message if quiet => {}
                Stream::Out if to_stdout && has_config => {
                    drop(std::io::stderr().write_all(text));
                }
                Stream::Out | Stream::Message => {
                    std::io::stdout().write_all(text).map_err(failed)?;
                }
            }
        }
        let (files, exit) = done.result?;
        if self.args.check {
            return Ok(exit);
        }
        let named = name.map(|name| name.to_string_lossy().into_owned());
        let target = named.or_else(|| common.output.clone());
        if let Some(target) = &target {
            if let Some(text) = files.defconfig.or(files.config) {
                output::write(Some(target), text)?;
            }
        } else {
            self.write_here(files)?;
        }
        self.phase(None, "write", start);
        Ok(exit)
    }

    /// Writes where `conf` would: `.config`, `.config.old`, `defconfig`.
    fn write_here(&self, files: Files) -> Result<()> {
        let config = self.dir.join(config_name(&self.words));
        let write = |file: &Path, text: Vec<u8>| output::write(Some(&file.to_string_lossy()), text);
        if let Some(dir) = config.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            std::fs::create_dir_all(dir).map_err(|err| Error::io(dir, err))?;
        }
        if let Some(text) = files.defconfig {
            write(&self.dir.join("defconfig"), text)?;
        }
        if let Some(text) = files.old {
            let mut old = config.clone().into_os_string();
            old.push(".old");
            write(Path::new(&old), text)?;
        }
        if let Some(text) = files.config {
            let overwrite = variable(&self.words, "KCONFIG_OVERWRITECONFIG");
            if overwrite.is_some_and(|value| !value.is_empty()) {
                return std::fs::write(&config, text).map_err(|err| Error::io(&config, err));
            }
            write(&config, text)?;
        }
        Ok(())
    }

    /// `--time`
    fn phase(&self, arch: Option<&str>, name: &str, since: Instant) {
        if self.time {
            let arch = arch.unwrap_or_default();
            crate::exit::say(&format_args!(
                "time: {name:<8} {:>9.3} ms {arch}",
                since.elapsed().as_secs_f64() * 1e3
            ));
        }
    }
}
