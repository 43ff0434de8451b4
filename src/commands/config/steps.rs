//! What make does for a configuration target, step by step, in memory.
//!
//! Most targets are one call of `conf`; tinyconfig, fragments and merged defconfigs are several, with
//! `scripts/kconfig/merge_config.sh` between them. Only the last configuration is written.

use std::path::{Path, PathBuf};

use crate::kbuild::defconfig;
use crate::kbuild::generated::{self, Generated};
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
    /// Of these fragments, those are merged whose requirements hold in what olddefconfig would make
    /// of the configuration.
    Boards(Vec<PathBuf>),
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

/// Targets of an architecture's Makefile that make others may be this deep.
const MAX_TARGETS: usize = 8;

/// The steps of `target`; the error is one clause about it.
pub fn steps(
    tree: &Tree,
    loaded: &Loaded,
    target: &str,
    frags: &[PathBuf],
) -> Result<Vec<Step>, String> {
    let targets = Targets { tree, loaded };
    let asked = Asked { boards: loaded.boards.as_deref(), allconfig: frags, depth: 0 };
    let reads = ["allyesconfig", "allmodconfig", "allnoconfig", "alldefconfig", "randconfig"];
    if frags.is_empty() || reads.contains(&target) {
        return targets.steps(target, asked);
    }
    let mut steps = match target {
        "savedefconfig" | "listnewconfig" | "helpnewconfig" => {
            return Err(format!("--fragment does not go with {target}"));
        }
        "olddefconfig" => Vec::new(),
        _ => targets.steps(target, Asked { allconfig: &[], ..asked })?,
    };
    steps.extend([Step::Merge(None, frags.to_vec()), Step::Conf(Goal::OldDef, Vec::new())]);
    Ok(steps)
}

/// The targets of one architecture.
struct Targets<'a> {
    tree: &'a Tree,
    loaded: &'a Loaded,
}

/// What a target is made with.
#[derive(Clone, Copy)]
struct Asked<'a> {
    boards: Option<&'a [String]>,
    /// `KCONFIG_ALLCONFIG`
    allconfig: &'a [PathBuf],
    depth: usize,
}

impl Targets<'_> {
    fn steps(&self, target: &str, asked: Asked) -> Result<Vec<Step>, String> {
        let conf = |goal| vec![Step::Conf(goal, Vec::new())];
        let with_fragments = |goal| vec![Step::Conf(goal, asked.allconfig.to_vec())];
        let configs = Path::new("arch").join(&self.loaded.srcarch).join("configs");
        Ok(match target {
            "allyesconfig" => with_fragments(Goal::AllYes),
            "allmodconfig" => with_fragments(Goal::AllMod),
            "allnoconfig" => with_fragments(Goal::AllNo),
            "alldefconfig" => with_fragments(Goal::AllDef),
            "randconfig" => with_fragments(Goal::Random),
            "olddefconfig" => conf(Goal::OldDef),
            "savedefconfig" => conf(Goal::SaveDef),
            "listnewconfig" => conf(Goal::ListNew),
            "helpnewconfig" => conf(Goal::HelpNew),
            "yes2modconfig" => conf(Goal::Yes2Mod),
            "mod2yesconfig" => conf(Goal::Mod2Yes),
            "mod2noconfig" => conf(Goal::Mod2No),
            "tinyconfig" => {
                let base = PathBuf::from("kernel/configs/tiny-base.config");
                let base = self.tree.dir.join(&base).is_file().then_some(base);
                let mut steps = vec![Step::Conf(Goal::AllNo, base.into_iter().collect())];
                steps.extend(fragment_steps(self.tree, &configs, "tiny.config")?);
                steps
            }
            "defconfig" => {
                let Loaded { arch, srcarch, .. } = self.loaded;
                let name = defconfig::default_target(&self.tree.dir, arch, srcarch);
                self.defconfig(&name, &configs, asked)?
            }
            name if name.ends_with("_defconfig") => self.defconfig(name, &configs, asked)?,
            name if name.ends_with(".config") => fragment_steps(self.tree, &configs, name)?,
            other => self.generated(other, asked)?.ok_or_else(|| {
                let known = "allyesconfig, allmodconfig, allnoconfig, alldefconfig, tinyconfig, \
                    defconfig, NAME_defconfig, NAME.config, olddefconfig, randconfig, \
                    savedefconfig, listnewconfig, helpnewconfig, yes2modconfig, mod2yesconfig, \
                    mod2noconfig, and what the architecture's Makefile makes of them";
                format!("`{other}` is no configuration target; there are {known}")
            })?,
        })
    }

    /// What the architecture's Makefile makes under this name, else a file: a rule of its own goes before
    /// the pattern `%_defconfig` (6.1's riscv has both for `rv32_defconfig`).
    fn defconfig(&self, name: &str, configs: &Path, asked: Asked) -> Result<Vec<Step>, String> {
        if let Some(steps) = self.generated(name, asked)? {
            return Ok(steps);
        }
        Ok(vec![Step::Conf(Goal::Defconfig(configs.join(name)), Vec::new())])
    }

    fn generated(&self, name: &str, asked: Asked) -> Result<Option<Vec<Step>>, String> {
        if asked.depth >= MAX_TARGETS {
            return Err(format!("`{name}` is made of too many targets"));
        }
        let srcarch = &self.loaded.srcarch;
        let old = Step::Conf(Goal::OldDef, Vec::new());
        Ok(match generated::find(&self.tree.dir, srcarch, name, asked.boards) {
            None => None,
            Some(Generated::Merged(base, fragments)) => {
                Some(vec![Step::Merge(Some(base), fragments), old])
            }
            Some(Generated::Boards(base, fragments, boards)) => {
                Some(vec![Step::Merge(Some(base), fragments), Step::Boards(boards), old])
            }
            Some(Generated::Targets { names, allconfig, boards }) => {
                let allconfig: Vec<PathBuf> = allconfig.into_iter().collect();
                let boards = boards.as_deref().or(asked.boards);
                let asked = Asked { boards, allconfig: &allconfig, depth: asked.depth + 1 };
                let mut steps = Vec::new();
                for name in &names {
                    steps.extend(self.steps(name, asked)?);
                }
                Some(steps)
            }
        })
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
                let script = self.tree.dir.join("scripts/kconfig/merge_config.sh");
                let separated = merge::separates(&std::fs::read(script).unwrap_or_default());
                let (merged, said) = merge::merge(&base, &parts, separated);
                output.note(said);
                self.config = Some(merged);
                self.written = true;
            }
            Step::Boards(boards) => {
                let fitting = self.fitting(boards, fresh, settings, output)?;
                self.step(&Step::Merge(None, fitting), fresh, settings, output)?;
            }
        }
        Ok(())
    }

    /// Those of the boards' fragments that require nothing that the configuration has not.
    fn fitting(
        &self,
        boards: &[PathBuf],
        fresh: &State,
        settings: &Settings,
        output: &mut Output,
    ) -> Result<Vec<PathBuf>, Stop> {
        let mut state = fresh.fresh();
        let open = |file: &Path| self.open(file, &settings.config);
        let made = match modes::run(&mut state, &Goal::OldDef, settings, &open)? {
            Written::DotConfig(text) => text,
            Written::Defconfig(_) | Written::Nothing => Vec::new(),
        };
        let mut fitting = Vec::new();
        for board in boards {
            match self.open(board, Path::new("")).map_err(Stop::Input)? {
                Some(text) if generated::board_fits(&text, &made) => fitting.push(board.clone()),
                Some(_) => {}
                None => {
                    output.note(format!("WARNING: Board config '{}' not found\n", board.display()));
                }
            }
        }
        Ok(fitting)
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
