//! Where results go: standard output, or a file that is whole or not there at all.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::cli::common::{Color, Common};
use crate::exit::{Error, Result};
use crate::render::table::View;

/// Writes `text` to `target`: a file name, or `-` or nothing for standard output. A file appears
/// under its name only when it is complete, and nothing at all if what it is about changed meanwhile.
pub fn write(target: Option<&str>, text: impl AsRef<[u8]>) -> Result<()> {
    let text = text.as_ref();
    crate::elf::whole()?;
    let Some(name) = target.filter(|name| *name != "-") else {
        let mut out = io::stdout().lock();
        return out
            .write_all(text)
            .and_then(|()| out.flush())
            .map_err(|err| Error::io("standard output", err));
    };
    let path = Path::new(name);
    let failed = |err| Error::io(path, err);
    // Pipes and devices (`-o /dev/stderr`, `>(…)`) can't be renamed onto.
    if path.metadata().is_ok_and(|meta| !meta.is_file()) {
        return File::options()
            .write(true)
            .open(path)
            .and_then(|mut file| file.write_all(text))
            .map_err(failed);
    }
    let parent = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let mut temporary =
        tempfile::NamedTempFile::new_in(parent.unwrap_or(Path::new("."))).map_err(failed)?;
    temporary.write_all(text).map_err(failed)?;
    // Temporary files are private; a result has the permissions any new file would have.
    let mode = path.metadata().map_or(0o666 & !umask(), |meta| meta.permissions().mode());
    temporary.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    temporary.persist(path).map_err(|err| Error::io(path, err.error))?;
    Ok(())
}

/// The process's umask. The only way to ask for it is to set it.
fn umask() -> u32 {
    use nix::sys::stat::{Mode, umask};
    let mask = umask(Mode::empty());
    umask(mask);
    mask.bits()
}

/// Whether what goes to standard error is in colours.
pub fn stderr_colored(common: &Common) -> bool {
    colored(common, io::stderr().is_terminal())
}

fn colored(common: &Common, to_terminal: bool) -> bool {
    match common.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => to_terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    }
}

/// How wide a table may be and whether in colours. The width is what `COLUMNS` says, else that of
/// the terminal if the result goes to one, else 80.
pub fn view(common: &Common) -> View {
    let to_standard = common.output.as_deref().is_none_or(|name| name == "-");
    let to_terminal = to_standard && io::stdout().is_terminal();
    let color = colored(common, to_terminal);
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal =
        || terminal_size::terminal_size().filter(|_| to_terminal).map(|(w, _)| usize::from(w.0));
    let width = asked.or_else(terminal).unwrap_or(80);
    View { width: width.clamp(40, 1000), color }
}
