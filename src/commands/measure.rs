//! Measures what a build left behind, for `build` and everything that reads its results: a linked
//! kernel with its linker map, `vmlinux.o`, a scope (the members of `built-in.a` below a directory),
//! modules, the boot image. The numbers go into [`Measured`]; what is odd is said beside them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::analyze::{class, disagree, payload, size};
use crate::elf::{Input, MapFile, Want};
use crate::exit::{Error, Result};
use crate::model::diag::Diag;
use crate::model::image::Image;
use crate::model::payload::PayloadMap;
use crate::model::run::{FileSize, Measured};
use crate::model::size::Berkeley;

/// Measures a linked kernel: size, classes and payload, from `map` where there is one and
/// estimated where not, or where it can't be read.
pub fn linked(vmlinux: &Path, map: Option<&Path>) -> Result<(Measured, Vec<Diag>)> {
    let input = Input::open(vmlinux)?;
    let image = input.image(Want::SYMBOLS)?;
    let mut diags = warnings(&input);
    diags.extend(image.warnings.iter().map(|warning| Diag::new(&image.path, warning)));
    let mapped = map.and_then(|path| match from_map(&image, path) {
        Ok((payload, oddities)) => {
            diags.extend(oddities);
            Some((payload, name(path)))
        }
        // Nobody asked for it by name, so this is worth a warning, as it is to `compare`.
        Err(err) => {
            let (err, file) = (err.to_string(), name(path));
            let reason =
                err.strip_prefix(&file).map_or(&*err, |rest| rest.trim_start_matches([':', ' ']));
            diags.push(Diag::new(file, format!("{reason}; payload is estimated")));
            None
        }
    });
    let (payload, map) = match mapped {
        Some((payload, map)) => (payload, Some(map)),
        None => (payload::estimate(&image), None),
    };
    let measured = Measured {
        size: size::berkeley(&image),
        file: Some(name(vmlinux)),
        payload: Some(payload.payload()),
        classes: class::classify(&image, Some(&payload)),
        padding: disagree::padding(&image, &payload),
        bytes: Some(input.file_len()),
        map,
        ..Measured::default()
    };
    Ok((measured, diags))
}

/// The payload by the linker map at `path`, and what is odd about the map.
fn from_map(image: &Image<'_>, path: &Path) -> Result<(PayloadMap, Vec<Diag>)> {
    let file = MapFile::read(path)?;
    let (map, mut diags) = file.parse()?;
    let (payload, oddities) = payload::from_map(image, &map);
    diags.extend(oddities);
    Ok((payload, diags))
}

/// What `size` would say of `vmlinux.o` without the sections that never reach vmlinux.
pub fn prelink(vmlinux_o: &Path) -> Result<Berkeley> {
    let input = Input::open(vmlinux_o)?;
    Ok(class::prelink(&input.image(Want::TOTALS)?))
}

/// Measures a scope in the build directory `out`: a directory of the tree (`mm/`), or one of its
/// objects (`mm/hmm.o`, or its source `mm/hmm.c`).
///
/// Only members of `built-in.a` count (`built-in.o` before 4.20), never whatever objects lie in
/// the directory: make compiles `mm/hmm.o` when told to, wanted by the configuration or not. What
/// the configuration does not build counts 0 and is listed in [`Measured::not_built`].
pub fn scope(out: &Path, scope: &str) -> Result<(Measured, Vec<Diag>)> {
    let scope = scope.trim_start_matches("./");
    let object = ["o", "c", "S", "rs"].iter().find_map(|extension| {
        Some(format!("{}.o", scope.strip_suffix(extension)?.strip_suffix('.')?))
    });
    let dir = match &object {
        Some(object) => object.rsplit_once('/').map_or("", |(dir, _)| dir),
        None => scope.trim_end_matches(['/', '.']),
    };
    let absent = || Measured { not_built: vec![scope.to_owned()], ..Measured::default() };
    let Some(built_in) = built_in(&out.join(dir)) else { return Ok((absent(), Vec::new())) };
    let input = Input::open(&built_in)?;
    let diags = warnings(&input);
    let mut measured = Measured { file: Some(name(&built_in)), ..Measured::default() };
    for (image, bytes) in input.images(Want::TOTALS)?.iter().zip(input.lengths()) {
        let path = match image.member {
            Some(_) if image.name.contains(&b'/') => image.name.to_string(),
            Some(ref member) => name(&out.join(dir).join(member)),
            None => image.path.clone(),
        };
        let path = relative(&path, out);
        if object.as_ref().is_some_and(|object| *object != path) {
            continue;
        }
        if object.is_some() {
            measured.file = Some(name(&out.join(&path)));
        }
        let size = size::berkeley(image);
        measured.size += size;
        for (class, bytes) in class::classify(image, None) {
            let sum = measured.classes.entry(class).or_default();
            *sum = sum.wrapping_add(bytes);
        }
        measured.files.push(FileSize { name: path, size: Some(size), bytes });
    }
    if object.is_some() && measured.files.is_empty() {
        if !input.is_archive() {
            let why = "built-in.o of this kernel is linked, so its objects can't be told apart; \
                       measure the directory";
            return Err(Error::input(&built_in, why));
        }
        return Ok((absent(), diags));
    }
    Ok((measured, diags))
}

/// The archive of what is built into the kernel from a directory.
fn built_in(dir: &Path) -> Option<PathBuf> {
    ["built-in.a", "built-in.o"].iter().map(|name| dir.join(name)).find(|path| path.is_file())
}

/// Measures every module of the build directory `out`: those in `modules.order`, which a later
/// configuration rewrites while the files of an earlier one stay.
pub fn modules(out: &Path) -> Result<(Measured, Vec<Diag>)> {
    let mut measured = Measured { bytes: Some(0), ..Measured::default() };
    let mut diags = Vec::new();
    for path in module_files(out)? {
        let input = Input::open(&path)?;
        let image = input.image(Want::TOTALS)?;
        diags.extend(image.warnings.iter().map(|warning| Diag::new(&image.path, warning)));
        let size = size::berkeley(&image);
        let bytes = input.file_len();
        measured.size += size;
        measured.bytes = measured.bytes.map(|sum| sum + bytes);
        for (class, bytes) in class::classify(&image, None) {
            let sum = measured.classes.entry(class).or_default();
            *sum = sum.wrapping_add(bytes);
        }
        let name = relative(&name(&path), out);
        measured.files.push(FileSize { name, size: Some(size), bytes });
    }
    Ok((measured, diags))
}

/// The `.ko` files of a build directory, sorted and without repetition. `modules.order` names
/// them `a/b.ko`, since 6.3 `a/b.o`, before 5.3 `kernel/a/b.ko`.
fn module_files(out: &Path) -> Result<Vec<PathBuf>> {
    let order = out.join("modules.order");
    let text = match fs::read_to_string(&order) {
        Ok(text) => text,
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::input(&order, "no such file: were modules built here?"));
        }
        Err(err) => return Err(Error::io(&order, err)),
    };
    let mut files: Vec<PathBuf> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let path = out.join(line.trim()).with_extension("ko");
            match line.trim().strip_prefix("kernel/") {
                Some(rest) if !path.is_file() => out.join(rest).with_extension("ko"),
                _ => path,
            }
        })
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// Measures a boot image: its bytes are what counts where flash is scarce.
pub fn boot_image(path: &Path) -> Result<Measured> {
    let meta = fs::metadata(path).map_err(|err| Error::io(path, err))?;
    if !meta.is_file() {
        return Err(Error::input(path, "is not a regular file"));
    }
    let file = FileSize { name: name(path), size: None, bytes: meta.len() };
    Ok(Measured {
        file: Some(name(path)),
        files: vec![file],
        bytes: Some(meta.len()),
        ..Measured::default()
    })
}

fn warnings(input: &Input) -> Vec<Diag> {
    let file = name(input.path());
    input.warnings().iter().map(|warning| Diag::new(file.clone(), warning)).collect()
}

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// `path` as the tree names it: without the build directory.
fn relative(path: &str, out: &Path) -> String {
    Path::new(path).strip_prefix(out).map_or_else(|_| path.to_owned(), name)
}
