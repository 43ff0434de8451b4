//! The images whose options are looked at: one that was named, those of a run, or one that is built.

use std::path::{Path, PathBuf};

use crate::cli::common::Common;
use crate::cli::cost::Cost;
use crate::commands::audit::subject::{Picture, missing, picture};
use crate::commands::build;
use crate::commands::gate::{directory, read_run};
use crate::commands::json::is_json;
use crate::exit::{Error, Result};
use crate::model::run::{Cell, Run, Target};
use crate::model::words::MakeWords;

/// An image to look at.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The image.
    pub picture: Picture,
    /// The kernel's ARCH name; of a bare image it is read from the file.
    pub arch: Option<String>,
    /// The words for make that it was built with, where a run says so.
    pub words: Vec<String>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Subject {
    /// The images.
    pub images: Vec<Wanted>,
    /// Cells without a result, one sentence each.
    pub missing: Vec<String>,
}

impl Subject {
    /// What the command line names, or what it builds.
    pub fn read(common: &Common, args: &Cost) -> Result<Self> {
        let is_word = |word: &&String| MakeWords::is_word(word);
        let files: Vec<&String> = args.what.words.iter().filter(|word| !is_word(word)).collect();
        let subject = match files.as_slice() {
            [] => {
                let what = super::exact::What {
                    option: Vec::new(),
                    variant: Vec::new(),
                    ..args.what.clone()
                };
                let (run, file) = build::carry_out(common, &what)?;
                Self::of_run(&run, &directory(&file), args)
            }
            [file] if is_json(Path::new(file)) => {
                let file = Path::new(file);
                Self::of_run(&read_run(file)?, &directory(file), args)
            }
            [file] => Self::of_image(file, args)?,
            [_, file, ..] => {
                return Err(Error::Usage(format!(
                    "{file}: cost takes one run.json, or one kernel"
                )));
            }
        };
        if subject.images.is_empty() && subject.missing.is_empty() {
            let msg = "the run has no kernel (vmlinux) of that architecture and variant";
            return Err(Error::Usage(msg.into()));
        }
        Ok(subject)
    }

    fn of_image(file: &str, args: &Cost) -> Result<Self> {
        let arch = match args.what.arch.as_slice() {
            [] => None,
            [arch] => Some(arch.clone()),
            _ => return Err(Error::Usage("an image is of one architecture: --arch ARCH".into())),
        };
        let picture = Picture { name: file.to_owned(), file: PathBuf::from(file), config: None };
        let words = args.what.words.iter().filter(|word| MakeWords::is_word(word));
        let wanted = Wanted { picture, arch, words: words.cloned().collect() };
        Ok(Self { images: vec![wanted], missing: Vec::new() })
    }

    fn of_run(run: &Run, dir: &Path, args: &Cost) -> Self {
        let asked = |list: &[String], name: &String| list.is_empty() || list.contains(name);
        let counts = |cell: &&Cell| {
            matches!(cell.target, Target::Vmlinux)
                && asked(&args.what.arch, &cell.arch)
                && asked(&args.what.variant, &cell.variant)
        };
        let mut subject = Self::default();
        for cell in run.cells.iter().filter(counts) {
            if let Some(picture) = picture(run, dir, cell) {
                let arch = Some(cell.arch.clone());
                subject.images.push(Wanted { picture, arch, words: cell.make_words.clone() });
            } else if let Some(sentence) = missing(cell) {
                subject.missing.push(sentence);
            }
        }
        subject
    }
}
