//! What `compare --by option` and `--by guard` need: the partition of `audit` between two kernels.

use std::path::Path;

use super::audit::pair::{self, Asked};
use super::audit::subject::{Pair, Picture};
use crate::cli::compare::Compare;
use crate::commands::diffconfig::requested;
use crate::exit::{Error, Result};
use crate::model::audit::Cost;

/// The partition of the difference between two images, whose tree is `-C TREE`.
///
/// # Errors
///
/// No tree, no configuration, images of different machines, or what is no linked kernel.
pub fn cost(args: &Compare, old: &Path, new: &Path) -> Result<Cost> {
    let Some(root) = &args.tree else {
        let msg = "--by option and --by guard read the source: -C TREE names it";
        return Err(Error::Usage(msg.into()));
    };
    if !root.join("Kconfig").is_file() {
        let msg = "no kernel tree here (no Kconfig); -C TREE names the one the images are of";
        return Err(Error::input(root, msg));
    }
    let options: Vec<String> = requested(&args.option)?.into_iter().collect();
    let picture = |file: &Path| Picture {
        name: file.display().to_string(),
        file: file.to_owned(),
        config: None,
    };
    let (old, new) = (picture(old), picture(new));
    let opened = (pair::open(&old)?, pair::open(&new)?);
    let arch = opened.1.arch()?.unwrap_or_default();
    let mut source = pair::arch_source(root, &arch)?;
    let pair = Pair { arch: Some(arch), on: true, old, new, identical: false, revision: None };
    let asked = Asked { options: &options, before: None, with_debug: false };
    pair::cost(&pair, (&opened.0, &opened.1), root, &mut source, &asked)
}
