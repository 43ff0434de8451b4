//! Debian's kernels with debug information, fetched once into the cache: large real inputs.
//!
//! The generic and the cloud flavour of one release, since two builds of one flavour can have equal
//! symbols. Only the vmlinux is unpacked (about 600 MB each).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::kernel;
use crate::process::{command, output, run};

/// The two vmlinux files, generic first.
pub fn vmlinux_pair() -> Result<[PathBuf; 2]> {
    let cache = kernel::cache()?.join("vmlinux");
    fs::create_dir_all(&cache).with_context(|| format!("{}", cache.display()))?;
    let architecture = output(command("dpkg").arg("--print-architecture"))?;
    let architecture = architecture.trim();
    let generic = fetched(&format!("linux-image-{architecture}-dbg"), &cache)?;
    let cloud = fetched(&format!("linux-image-cloud-{architecture}-dbg"), &cache)?;
    Ok([generic, cloud])
}

/// The vmlinux of the package that the meta package `meta` stands for. What is in the cache is taken
/// whatever apt's lists say by now, so that two runs of a benchmark read the same file.
fn fetched(meta: &str, cache: &Path) -> Result<PathBuf> {
    let link = cache.join(meta);
    if let Ok(file) = fs::canonicalize(&link) {
        return Ok(file);
    }
    let package = dependency(meta)?;
    let directory = cache.join(format!(".{package}.{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    let result = unpack(&package, &directory, cache);
    fs::remove_dir_all(&directory).with_context(|| format!("{}", directory.display()))?;
    let file = result?;
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(file.file_name().unwrap_or_default(), &link)?;
    Ok(file)
}

/// `linux-image-6.1.0-56-amd64-dbg`, on which `linux-image-amd64-dbg` depends.
fn dependency(meta: &str) -> Result<String> {
    let depends = |meta| output(command("apt-cache").args(["depends", meta]));
    let mut text = depends(meta);
    if text.is_err() {
        run(command("apt-get").args(["-q", "update"]))?;
        text = depends(meta);
    }
    let text = text?;
    first_dependency(&text).with_context(|| format!("{meta} depends on no package"))
}

fn first_dependency(text: &str) -> Option<String> {
    text.lines().find_map(|line| line.trim().strip_prefix("Depends: ")).map(str::to_owned)
}

fn unpack(package: &str, directory: &Path, cache: &Path) -> Result<PathBuf> {
    eprintln!("xtask: fetching {package} (a few hundred MB, once)");
    run(command("apt-get").current_dir(directory).args(["-q", "download", package]))?;
    let find = |extension: &str| -> Result<PathBuf> {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|found| found == extension) {
                return Ok(path);
            }
        }
        bail!("{package}: apt-get download left no .{extension}")
    };
    let unpacked = directory.join("unpacked");
    run(command("dpkg-deb").arg("-x").arg(find("deb")?).arg(&unpacked))?;
    let boot = unpacked.join("usr/lib/debug/boot");
    for entry in fs::read_dir(&boot).with_context(|| format!("{}", boot.display()))? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default();
        if name.to_string_lossy().starts_with("vmlinux-") {
            let place = cache.join(name);
            fs::rename(&file, &place).with_context(|| format!("{}", place.display()))?;
            return Ok(place);
        }
    }
    bail!("{package}: no vmlinux in {}", boot.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meta_package_names_the_real_one() {
        let text = "linux-image-amd64-dbg\n  Depends: linux-image-6.1.0-56-amd64-dbg\n";
        assert_eq!(first_dependency(text).unwrap(), "linux-image-6.1.0-56-amd64-dbg");
        assert_eq!(first_dependency("nothing\n"), None);
    }
}
