//! What the first options really cost: kernels without each of them, built and measured.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::subject::Wanted;
pub use crate::cli::build::What;
use crate::cli::common::Common;
use crate::cli::cost::Cost;
use crate::commands::audit::subject::missing;
use crate::commands::build;
use crate::exit::{Error, Result};
use crate::model::cost::Build;
use crate::model::run::{Cell, Run};
use crate::model::size::Payload;

/// Where these kernels are built, below the directory for what else is.
const BELOW: &str = "exact";
/// The variant that nothing is taken away from.
const WHOLE: &str = "as-it-is";

/// Builds the first `--exact` options of `build` that can be set n, one variant each, from the
/// configuration `config`, and notes what was measured.
pub fn measure(
    common: &Common,
    args: &Cost,
    wanted: &Wanted,
    config: &[u8],
    build: &mut Build,
) -> Result<()> {
    let removable = build.options.iter().filter(|one| one.removes.is_some());
    let options: Vec<String> = removable.take(args.exact).map(|one| one.option.clone()).collect();
    if options.is_empty() {
        return Ok(());
    }
    let dir = tempfile::tempdir().map_err(|err| Error::io("a temporary directory", err))?;
    let (base, file) = (dir.path().join("config"), dir.path().join("matrix.toml"));
    std::fs::write(&base, config).map_err(|err| Error::io(&base, err))?;
    std::fs::write(&file, matrix(&build.arch, &options)).map_err(|err| Error::io(&file, err))?;
    // The architecture is the matrix's.
    let is_ours = |word: &&String| !word.starts_with("ARCH=") && !word.starts_with("O=");
    let what = What {
        words: wanted.words.iter().filter(is_ours).cloned().collect(),
        source: args.what.source.clone(),
        matrix: Some(file),
        base_config: Some(base.display().to_string()),
        out: out(args),
        ..What::default()
    };
    let (run, _) = build::carry_out(common, &what)?;
    let Some(whole) = payload(&run, WHOLE) else {
        let why = run.cells.iter().find_map(missing);
        return Err(Error::Cell(why.unwrap_or_else(|| "the kernel was not built".to_owned())));
    };
    if whole != build.payload {
        build.warnings.push(format!(
            "built again, the kernel has a payload of {} bytes, not {}: exact sizes are differences \
             to the kernel that was built",
            whole.bytes, build.payload.bytes
        ));
    }
    for (number, option) in options.iter().enumerate() {
        let measured = payload(&run, &variant(number));
        let same_kind = measured.filter(|other| other.kind == whole.kind);
        let Some(one) = build.options.iter_mut().find(|one| one.option == *option) else {
            continue;
        };
        if let Some(other) = same_kind {
            one.exact = Some((whole.bytes as i64).wrapping_sub(other.bytes as i64));
            continue;
        }
        let cell = run.cells.iter().find(|cell| cell.variant == variant(number));
        let why = cell.and_then(missing).unwrap_or_else(|| "no result".to_owned());
        build.warnings.push(format!("without {option}: {why}"));
    }
    Ok(())
}

/// The directory to build in, if one was named.
fn out(args: &Cost) -> Option<PathBuf> {
    let word = args.what.words.iter().find_map(|word| word.strip_prefix("O="));
    let named = args.what.out.clone().or_else(|| word.map(crate::kbuild::matrix::home));
    named.map(|dir| dir.join(BELOW))
}

/// The name of the variant without the option of that number; names of options may be too long.
fn variant(number: usize) -> String {
    format!("without-{}", number + 1)
}

fn matrix(arch: &str, options: &[String]) -> String {
    let mut text = format!(
        "architectures = [\"{arch}\"]\nbaseline-variant = \"{WHOLE}\"\n\n[[variant]]\nname = \
         \"{WHOLE}\"\noptions = []\n"
    );
    for (number, option) in options.iter().enumerate() {
        let name = variant(number);
        write!(text, "\n[[variant]]\nname = \"{name}\"\noptions = [\"{option}=n\"]\n")
            .expect("a string takes all that is written");
    }
    text
}

/// The payload of the cell of a variant, or of the one that it is identical to.
fn payload(run: &Run, variant: &str) -> Option<Payload> {
    let cell = run.cells.iter().find(|cell| cell.variant == variant)?;
    let same = |other: &&Cell| other.identity.is_some() && other.identity == cell.identity;
    let measured = cell.measured.as_ref();
    let measured = measured.or_else(|| run.cells.iter().find(same)?.measured.as_ref())?;
    measured.payload
}
