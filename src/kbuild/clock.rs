//! What a clock that was set back leaves behind: files that are newer than now.
//!
//! make goes by times. An object from the future is up to date whatever becomes of its source, and a
//! makefile that is older than what it is made from, for ever, is made for ever.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::exit::{Error, Result};

/// What a file server's clock may be ahead of ours.
const SLACK: Duration = Duration::from_secs(2);

/// Whether any file below `dir` is newer than `now`.
pub fn is_ahead(dir: &Path, now: SystemTime) -> bool {
    let walk = ignore::WalkBuilder::new(dir).standard_filters(false).follow_links(false).build();
    let mut times = walk.flatten().filter_map(|entry| entry.metadata().ok()?.modified().ok());
    times.any(|time| time > now + SLACK)
}

/// Makes a file that is newer than `now` as old as now. One that is not there is none.
///
/// # Errors
/// Its time cannot be set.
pub fn bring_back(file: &Path, now: SystemTime) -> Result<()> {
    let set = || -> io::Result<()> {
        if fs::metadata(file)?.modified()? > now {
            File::options().append(true).open(file)?.set_modified(now)?;
        }
        Ok(())
    };
    match set() {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io(file, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_future_are_found_and_brought_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sub/auto.conf");
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(&file, "x").unwrap();
        let now = SystemTime::now();
        assert!(!is_ahead(dir.path(), now));
        let day = Duration::from_secs(86400);
        File::options().append(true).open(&file).unwrap().set_modified(now + day).unwrap();
        assert!(is_ahead(dir.path(), now));
        bring_back(&file, now).unwrap();
        assert!(!is_ahead(dir.path(), now));
        bring_back(&dir.path().join("none"), now).unwrap();
    }
}
