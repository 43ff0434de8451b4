//! What make does for a configuration target, step by step, in memory.
//!
//! Most targets are one call of `conf`; tinyconfig, fragments and merged defconfigs are several, with
//! `scripts/kconfig/merge_config.sh` between them. Only the last configuration is written.

use std::path::{Path, PathBuf};

use crate::kbuild::defconfig::{self, Defconfig};
use crate::kconf::eval::State;
use crate::kconf::merge;
use crate::kconf::modes::{self, Goal, Settings, Stop, Written};
use crate::kconf::output::Output;

use super::tree::{Loaded, Tree};

/// No configuration comes near this; what is larger is not read into memory.
const MAX_CONFIG: u64 = 64 << 20;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A call of `conf`; the files are in place of `KCONFIG_ALLCONFIG`.
    Conf(Goal, Vec<PathBuf>),
    /// Fragments are merged into the configuration, or into this file.
    Merge(Option<PathBuf>, Vec<PathBuf>),
}

/// The files of a configuration, as they are and as they will be.
pub struct Workspace<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// The directory that relative names are of.
    pub dir: &'a Path,
    /// The configuration that there is.
    pub config: Option<Vec<u8>>,
    /// What becomes of `.config.old`.
    pub old: Option<Vec<u8>>,
    /// A minimal configuration to be written.
    pub defconfig: Option<Vec<u8>>,
    /// Whether `config` has to be written.
    pub written: bool,
    /// The name that messages have for it.
    pub name: Vec<u8>,
    /// Neither compare nor keep the old one: with `KCONFIG_OVERWRITECONFIG`, and where the result
    /// goes to another file.
    pub overwrite: bool,
    /// A file that has this text, whatever lies there.
    pub overlay: Option<(PathBuf, Vec<u8>)>,
}

/// The steps of `target`; the error is one clause about it.
pub fn steps(
    tree: &Tree,
    loaded: &Loaded,
    target: &str,
    frags: &[PathBuf],
) -> Result<Vec<Step>, String> {
    let conf = |goal| Step::Conf(goal, Vec::new());
    let with_fragments = |goal| Step::Conf(goal, frags.to_vec());
    let configs = Path::new("arch").join(&loaded.srcarch).join("configs");
    let mut steps = match target {
        "allyesconfig" => return Ok(vec![with_fragments(Goal::AllYes)]),
        "allmodconfig" => return Ok(vec![with_fragments(Goal::AllMod)]),
        "allnoconfig" => return Ok(vec![with_fragments(Goal::AllNo)]),
        "alldefconfig" => return Ok(vec![with_fragments(Goal::AllDef)]),
        "randconfig" => return Ok(vec![with_fragments(Goal::Random)]),
        "olddefconfig" if frags.is_empty() => vec![conf(Goal::OldDef)],
        "olddefconfig" => Vec::new(),
        "savedefconfig" => vec![conf(Goal::SaveDef)],
        "listnewconfig" => vec![conf(Goal::ListNew)],
        "yes2modconfig" => vec![conf(Goal::Yes2Mod)],
        "mod2yesconfig" => vec![conf(Goal::Mod2Yes)],
        "mod2noconfig" => vec![conf(Goal::Mod2No)],
        "tinyconfig" => {
            let base = PathBuf::from("kernel/configs/tiny-base.config");
            let base = tree.dir.join(&base).is_file().then_some(base);
            let mut steps = vec![Step::Conf(Goal::AllNo, base.into_iter().collect())];
            steps.extend(fragment_steps(tree, &configs, "tiny.config")?);
            steps
        }
        "defconfig" => {
            let name = defconfig::default_target(&tree.dir, &loaded.arch, &loaded.srcarch);
            defconfig_steps(tree, loaded, &name)
        }
        name if name.ends_with("_defconfig") => defconfig_steps(tree, loaded, name),
        name if name.ends_with(".config") => fragment_steps(tree, &configs, name)?,
        other => {
            let known = "allyesconfig, allmodconfig, allnoconfig, alldefconfig, tinyconfig, \
                defconfig, NAME_defconfig, NAME.config, olddefconfig, randconfig, savedefconfig, \
                listnewconfig, yes2modconfig, mod2yesconfig, mod2noconfig";
            return Err(format!("`{other}` is no configuration target; there are {known}"));
        }
    };
    if !frags.is_empty() {
        if matches!(target, "savedefconfig" | "listnewconfig") {
            return Err(format!("--fragment does not go with {target}"));
        }
        steps.push(Step::Merge(None, frags.to_vec()));
        steps.push(conf(Goal::OldDef));
    }
    Ok(steps)
}

fn defconfig_steps(tree: &Tree, loaded: &Loaded, name: &str) -> Vec<Step> {
    match defconfig::find(&tree.dir, &loaded.srcarch, name) {
        Defconfig::File(file) => vec![Step::Conf(Goal::Defconfig(file), Vec::new())],
        Defconfig::Merged(base, fragments) => {
            vec![Step::Merge(Some(base), fragments), Step::Conf(Goal::OldDef, Vec::new())]
        }
    }
}

/// `make NAME.config`: the fragments of this name in kernel/configs and the architecture's.
fn fragment_steps(tree: &Tree, configs: &Path, name: &str) -> Result<Vec<Step>, String> {
    let files: Vec<PathBuf> = [Path::new("kernel/configs"), configs]
        .iter()
        .map(|dir| tree.dir.join(dir).join(name))
        .filter(|file| file.is_file())
        .collect();
    if files.is_empty() {
        return Err(format!("{name}: this architecture has no such fragment"));
    }
    Ok(vec![Step::Merge(None, files), Step::Conf(Goal::OldDef, Vec::new())])
}

impl<'a> Workspace<'a> {
    /// Nothing there yet, and nothing that will be kept.
    pub fn new(tree: &'a Tree, dir: &'a Path) -> Self {
        Self {
            tree,
            dir,
            config: None,
            old: None,
            defconfig: None,
            written: false,
            name: b".config".into(),
            overwrite: true,
            overlay: None,
        }
    }
    /// Does one step. What is printed goes to `output`.
    pub fn step(
        &mut self,
        step: &Step,
        fresh: &State,
        settings: &Settings,
        output: &mut Output,
    ) -> Result<(), Stop> {
        match step {
            Step::Conf(goal, fragments) => {
                let mut settings = settings.clone();
                if !fragments.is_empty() {
                    settings.fragments.clone_from(fragments);
                }
                let mut state = fresh.fresh();
                let open = |file: &Path| self.open(file, &settings.config);
                let written = modes::run(&mut state, goal, &settings, &open);
                output.append(&mut state.output);
                match written? {
                    Written::DotConfig(text) => {
                        self.store(text, fresh.rules().keeps_unchanged, output);
                    }
                    Written::Defconfig(text) => self.defconfig = Some(text),
                    Written::Nothing => {}
                }
            }
            Step::Merge(base, fragments) => {
                let base = match base {
                    Some(file) => self.need(file)?,
                    None => self.config.clone().unwrap_or_default(),
                };
                let mut parts = Vec::new();
                for file in fragments {
                    parts.push((file.as_os_str().as_encoded_bytes().to_vec(), self.need(file)?));
                }
                let (merged, said) = merge::merge(&base, &parts);
                output.note(said);
                self.config = Some(merged);
                self.written = true;
            }
        }
        Ok(())
    }

    /// Takes a configuration as the new one (confdata.c: `conf_write`).
    fn store(&mut self, text: Vec<u8>, keeps_unchanged: bool, output: &mut Output) {
        let name = self.name.clone();
        if !self.overwrite && keeps_unchanged && self.config.as_ref() == Some(&text) {
            output.message(&[b"No change to ", name.as_slice()].concat());
            return;
        }
        if !self.overwrite {
            self.old = self.config.take();
        }
        self.config = Some(text);
        self.written = true;
        output.message(&[b"configuration written to ", name.as_slice()].concat());
    }

    /// A file as `conf` finds it: here, else below the tree.
    fn open(&self, file: &Path, config: &Path) -> Result<Option<Vec<u8>>, String> {
        if file == config {
            return Ok(self.config.clone());
        }
        if let Some((name, text)) = &self.overlay
            && file == name
        {
            return Ok(Some(text.clone()));
        }
        for path in [self.dir.join(file), self.tree.dir.join(file)] {
            match read_input(&path) {
                Ok(text) => return Ok(Some(text)),
                Err(err) if err.kind() == std::io::ErrorKind::NotFound => {}
                Err(err) => return Err(format!("{}: {err}", path.display())),
            }
        }
        Ok(None)
    }

    fn need(&self, file: &Path) -> Result<Vec<u8>, Stop> {
        let found = self.open(file, Path::new("")).map_err(Stop::Input)?;
        found.ok_or_else(|| Stop::Input(format!("{}: no such file", file.display())))
    }
}

/// A configuration: a regular file, or a pipe that the user made (`<(…)`); of a sane size.
pub fn read_input(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::{Error, ErrorKind, Read as _};
    use std::os::unix::fs::FileTypeExt as _;
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(Error::from(ErrorKind::IsADirectory));
    }
    if !kind.is_file() && !kind.is_fifo() {
        return Err(Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(MAX_CONFIG + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_CONFIG {
        return Err(Error::new(ErrorKind::FileTooLarge, "larger than 64 MiB"));
    }
    Ok(text)
}
