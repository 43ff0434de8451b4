//! Builds the kernel's own `scripts/kconfig/conf` outside of its tree.
//!
//! Not by make: a configuration target of the top Makefile takes seconds, wants an O= directory for
//! each tree and builds more than this one program. What scripts/kconfig/Makefile and
//! scripts/Makefile.host do is little: flex, bison, one call of the compiler. The program lies in
//! the cache as `kconf/VERSION-DIGEST/conf`, where the digest is of its sources, so that a changed
//! tree gets its own; nothing is ever written into the tree.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::kernel;
use crate::process::{command, run};

/// The sources of `conf` since 4.20, besides the lexer and the parser.
const SOURCES: &[&str] = &["conf", "confdata", "expr", "menu", "preprocess", "symbol", "util"];

/// The `conf` of `tree`, built if it is not in the cache.
pub fn built(tree: &Path) -> Result<PathBuf> {
    let version = kernel::version(tree)?;
    let sources = tree.join("scripts/kconfig");
    let digest = digest(&[sources.clone(), tree.join("scripts/include")])?;
    let cache = kernel::cache()?.join("kconf");
    let dir = cache.join(format!("{version}-{digest:016x}"));
    let conf = dir.join("conf");
    if conf.is_file() {
        return Ok(conf);
    }
    let half = cache.join(format!(".{version}.{}", std::process::id()));
    fs::create_dir_all(&half).with_context(|| format!("{}", half.display()))?;
    let result = compile(tree, &sources, &half)
        .with_context(|| format!("conf of {}", tree.display()))
        .and_then(|()| match fs::rename(&half, &dir) {
            // Another call was quicker.
            Err(_) if conf.is_file() => Ok(()),
            other => other.with_context(|| format!("{}", dir.display())),
        });
    if half.exists() {
        let _ = fs::remove_dir_all(&half);
    }
    result.map(|()| conf)
}

/// A digest of the C, lex and yacc files in `dirs`.
fn digest(dirs: &[PathBuf]) -> Result<u64> {
    let mut files = Vec::new();
    for dir in dirs.iter().filter(|dir| dir.is_dir()) {
        for entry in fs::read_dir(dir).with_context(|| format!("{}", dir.display()))? {
            files.push(entry?.path());
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        let extension = file.extension().unwrap_or_default().to_string_lossy();
        if ["c", "h", "l", "y", "c_shipped"].contains(&extension.as_ref()) {
            hasher.write(file.file_name().unwrap_or_default().as_encoded_bytes());
            hasher.write(&fs::read(&file).with_context(|| format!("{}", file.display()))?);
        }
    }
    Ok(hasher.finish())
}

fn compile(tree: &Path, sources: &Path, out: &Path) -> Result<()> {
    let mut cc = command("cc");
    cc.current_dir(out).args(["-O2", "-w", "-o", "conf", "-I."]);
    cc.arg("-I").arg(sources).arg("-I").arg(tree.join("scripts/include"));
    let source = |name: &str| sources.join(name);
    // Names of the lexer and the parser, and of what is made of them: scripts/Makefile.host's cmd_flex and
    // cmd_bison (until 4.19 scripts/Makefile.lib's).
    let generated = [("lexer", "lexer.lex.c", "parser"), ("zconf", "zconf.lex.c", "zconf")];
    if source("zconf.tab.c_shipped").is_file() {
        // Up to 4.15 the generated files were in the tree, and the parser included all the others.
        for name in ["zconf.lex.c", "zconf.tab.c"] {
            fs::copy(source(&format!("{name}_shipped")), out.join(name))?;
        }
        cc.arg(source("conf.c")).arg("zconf.tab.c");
    } else if let Some((lexer, lexed, parser)) =
        generated.into_iter().find(|(lexer, ..)| source(&format!("{lexer}.l")).is_file())
    {
        let grammar = source(&format!("{parser}.y"));
        let mut flex = command("flex");
        flex.current_dir(out).arg(format!("-o{lexed}")).arg("-L");
        run(flex.arg(source(&format!("{lexer}.l"))))?;
        let mut bison = command("bison");
        bison.current_dir(out).arg("-o").arg(format!("{parser}.tab.c"));
        bison.arg(format!("--defines={parser}.tab.h")).args(["-t", "-l"]);
        run(bison.arg(&grammar))?;
        // In 5.10 and before the parser included some or all of them.
        let parser_text = fs::read_to_string(&grammar)?;
        let apart = |name: &str| !parser_text.contains(&format!("#include \"{name}\""));
        let there = SOURCES.iter().map(|name| format!("{name}.c"));
        cc.args(
            there.filter(|name| apart(name) && source(name).is_file()).map(|name| source(&name)),
        );
        cc.args(apart(lexed).then_some(lexed)).arg(format!("{parser}.tab.c"));
    } else {
        bail!("neither lexer.l nor zconf.l in {}", sources.display());
    }
    run(&mut cc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_sources_are_another_conf() {
        let dir = std::env::temp_dir().join(format!("xtask-conf-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("conf.c"), "int main(void) { return 0; }\n").unwrap();
        fs::write(dir.join("conf.o"), "built in the tree\n").unwrap();
        let first = digest(std::slice::from_ref(&dir)).unwrap();
        fs::write(dir.join("conf.o"), "built again\n").unwrap();
        assert_eq!(digest(std::slice::from_ref(&dir)).unwrap(), first);
        fs::write(dir.join("conf.c"), "int main(void) { return 1; }\n").unwrap();
        assert_ne!(digest(std::slice::from_ref(&dir)).unwrap(), first);
        fs::remove_dir_all(&dir).unwrap();
    }
}
