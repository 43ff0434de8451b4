//! The clock jumps: files are newer than now, or older than what they are made of.

use std::time::SystemTime;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

/// Sets the times of all files below `dir`.
fn set_times(dir: &Path, time: SystemTime) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            set_times(&entry.path(), time);
        } else if kind.is_file() {
            fs::File::open(entry.path()).unwrap().set_modified(time).unwrap();
        }
    }
}

/// A build that is interrupted in its middle.
fn half_built(site: &Site) {
    let child = site.asleep(&[]);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(143));
    site.no_fault();
    assert!(site.cell("out", "with").join("build/.config").exists());
}

#[test]
fn clock_is_set_back() {
    let Some(site) = Site::new() else { return };
    half_built(&site);
    // An object that was made of something else, in a day that is now to come.
    let object = site.cell("out", "without").join("build/init/main.o");
    let other = site.cell("out", "without").join("build/init/version.o");
    fs::copy(other, object).unwrap();
    set_times(&site.path("out"), SystemTime::now() + DAY);
    site.resumes("out");
    // Only the configuration: make would make what is made of it for ever.
    half_built_again(&site);
    for variant in ["without", "with"] {
        let config = site.cell("out", variant).join("build/.config");
        fs::File::open(config).unwrap().set_modified(SystemTime::now() + DAY).unwrap();
    }
    site.resumes("out");
}

fn half_built_again(site: &Site) {
    fs::remove_dir_all(site.path("out")).unwrap();
    half_built(site);
}

#[test]
fn clock_is_set_forward() {
    let Some(site) = Site::new() else { return };
    half_built(&site);
    set_times(&site.path("out"), SystemTime::UNIX_EPOCH + DAY);
    site.resumes("out");
}

#[test]
fn source_is_of_the_future() {
    let Some(site) = Site::new() else { return };
    for time in [SystemTime::now() + 365 * DAY, SystemTime::UNIX_EPOCH] {
        set_times(&site.place.tree(), time);
        site.run(0, &[]);
        site.is_calm("out");
        fs::remove_dir_all(site.path("out")).unwrap();
    }
}
