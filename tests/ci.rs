//! What others run of us: the action of GitHub, the template of GitLab, the hook of pre-commit, `git bisect`, and
//! the settings of editors in the README. Each is taken from the file that users take it from, and run.

mod support;

#[path = "ci/bisect.rs"]
mod bisect;
#[path = "ci/editors.rs"]
mod editors;
#[path = "ci/github.rs"]
mod github;
#[path = "ci/gitlab.rs"]
mod gitlab;
#[path = "ci/hook.rs"]
mod hook;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::small::Place;
use yaml_rust2::{Yaml, YamlLoader};

/// A file of the repository.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

/// The one document of a YAML file of the repository.
fn yaml(name: &str) -> Yaml {
    let documents =
        YamlLoader::load_from_str(&file(name)).unwrap_or_else(|err| panic!("{name}: {err}"));
    assert_eq!(documents.len(), 1, "{name}");
    documents.into_iter().next().unwrap()
}

/// The block of the README that is marked as `language` and contains `word`, without its fences.
fn readme(language: &str, word: &str) -> String {
    let text = file("README.md");
    let start = format!("```{language}\n");
    let mut blocks = text.split(&start).skip(1).filter_map(|rest| rest.split("\n```").next());
    let block = blocks.find(|block| block.contains(word));
    block.unwrap_or_else(|| panic!("no block {language} with {word}")).to_owned()
}

/// The small tree as a repository: `base`, where nothing is wrong, two harmless commits of the series, and one
/// that makes everybody pay and repeats a line of Kconfig. `None` where a tool is missing.
struct Repository {
    place: Place,
}

impl Repository {
    fn new() -> Option<Self> {
        if !["git", "jq", "bash"].iter().all(|tool| support::have(tool)) {
            return None;
        }
        let place = Place::new()?;
        place.git(&["init", "-q"]);
        place.git(&["add", "-A", "-f"]);
        place.git(&["commit", "-qm", "A small tree"]);
        place.git(&["tag", "base"]);
        fs::create_dir(place.path("bin")).unwrap();
        let repository = Self { place };
        std::os::unix::fs::symlink(
            env!("CARGO_BIN_EXE_hmmsize"),
            repository.place.path("bin/hmmsize"),
        )
        .unwrap();
        Some(repository)
    }

    /// Applies the patch of the series whose name begins with `number`.
    fn apply(&self, number: &str) {
        let entries = fs::read_dir(support::fixtures("series")).unwrap();
        let is_it = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(number))
        };
        let patch = entries.map(|entry| entry.unwrap().path()).find(is_it).expect("the patch");
        self.place.git(&["am", "-q", patch.to_str().unwrap()]);
    }

    /// Puts `text` at the end of a file and commits it.
    fn append(&self, name: &str, text: &str) {
        let path = self.place.tree().join(name);
        let old = fs::read_to_string(&path).unwrap();
        support::rewrite(&path, format!("{old}{text}").as_bytes());
        self.place.git(&["commit", "-qam", &format!("{name}: more")]);
    }

    /// A program of this name that comes before that of the system.
    fn program(&self, name: &str, script: &str) {
        let path = self.place.path("bin").join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A command in the tree with our programs first, and nothing of this machine's caches.
    fn command(&self, program: &str, args: &[&str]) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(program);
        command.env("PATH", format!("{}:{path}", self.place.path("bin").display()));
        command.env("XDG_CACHE_HOME", self.place.path("cache")).env_remove("MAKEFLAGS");
        command.env_remove("HMMSIZE_CACHE").env("LC_ALL", "C");
        command.current_dir(self.place.tree()).args(args);
        command
    }
}

fn text(output: &Output) -> String {
    support::small::said(output)
}
