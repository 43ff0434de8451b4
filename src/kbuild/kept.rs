//! What stays of a finished cell: everything that was measured is put beside its record, so that the
//! build tree may be removed, and so that the next build in it changes no old result. Links, where
//! the file system allows them: they take no space.

use std::fs;
use std::path::{Path, PathBuf};

use super::outputs::Outputs;
use super::state::{self, OutDir};
use crate::exit::{Error, Result};
use crate::model::linkmap::PRELINK_MAP;
use crate::model::run::Measured;

/// What a scope or the modules were measured from, in the cell's directory.
const MEASURED: &str = "measured";

/// What stays of a finished cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// The build tree too.
    #[default]
    All,
    /// What was measured, the `.config`, the logs, `reproduce.sh`: a long series of allyesconfig
    /// trees fills any disk.
    Results,
}

impl Keep {
    /// Removes the build tree of a finished cell where only results are kept. That this fails is no
    /// reason to doubt the result.
    pub fn clear(self, build: &Path) {
        if self == Self::Results {
            let _ = fs::remove_dir_all(build);
        }
    }
}

/// Puts what was measured into the cell's directory `dir` and names it as `run.json` does.
pub fn keep(out: &OutDir, dir: &Path, outputs: &Outputs, measured: &mut Measured) -> Result<()> {
    let link = |from: &Path, name: &str| -> Result<String> {
        let to = dir.join(name);
        state::keep(from, &to)?;
        Ok(out.relative(&to))
    };
    measured.config = Some(out.relative(&dir.join(".config")));
    measured.map = None;
    match outputs {
        Outputs::Vmlinux(linked) | Outputs::Image { linked, .. } => {
            measured.file = Some(link(&linked.vmlinux, "vmlinux")?);
            measured.map = linked.map.as_ref().map(|map| link(map, "vmlinux.map")).transpose()?;
            // It is found beside the other: `elf::MapFile`.
            let _ = fs::remove_file(dir.join(PRELINK_MAP));
            linked.prelink_map.as_ref().map(|map| link(map, PRELINK_MAP)).transpose()?;
            let prelink = linked.prelink.as_ref();
            measured.prelink_file = prelink.map(|p| link(p, "vmlinux.o")).transpose()?;
        }
        Outputs::Modules(build) | Outputs::Scope { build, .. } => {
            measured.file =
                members(build, &dir.join(MEASURED), measured)?.map(|f| out.relative(&f));
        }
    }
    if let Outputs::Image { image, .. } = outputs {
        let name = image.file_name().unwrap_or_default().to_string_lossy();
        if name != "vmlinux" {
            link(image, &name)?;
        }
    }
    Ok(())
}

/// Puts the measured files of `build` below `top` under the names they have there: a thin archive
/// finds its members from where it lies. The archive's new place, if there is one.
fn members(build: &Path, top: &Path, measured: &Measured) -> Result<Option<PathBuf>> {
    let archive = measured.file.as_deref().map(Path::new);
    let archive = archive.map(|file| file.strip_prefix(build).unwrap_or(file));
    let files = measured.files.iter().map(|file| Path::new(&file.name));
    let _ = fs::remove_dir_all(top);
    // Members of an archive that is not thin are nowhere else.
    for name in files.chain(archive).filter(|name| build.join(name).is_file()) {
        let to = top.join(name);
        let parent = to.parent().unwrap_or(top);
        fs::create_dir_all(parent).map_err(|e| Error::io(parent, e))?;
        state::keep(&build.join(name), &to)?;
    }
    Ok(archive.map(|name| top.join(name)))
}
