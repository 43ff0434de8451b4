//! A tree's own `scripts/kconfig/conf`, built and run outside of the tree.
//!
//! Not by make: the top Makefile takes seconds, refuses a tree that somebody has built in, and builds
//! more than this one program. What scripts/kconfig/Makefile does is little: flex, bison, one call of
//! the compiler. Generated files, the program and what it writes are in a directory of the caller's.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::environment::Env;
use super::process::{Command, Finished, Runner};
use super::state::write_whole;
use crate::exit::{Error, Result};

/// The sources besides lexer and parser, since 5.0; the last ones are there in some versions only.
const SOURCES: &[&str] = &["conf", "confdata", "expr", "menu", "preprocess", "symbol", "util"];

/// A `conf` that was built.
#[derive(Debug)]
pub struct Conf<'a> {
    tree: PathBuf,
    program: PathBuf,
    runner: &'a Runner,
}

/// What `conf` said and wrote.
#[derive(Debug, Clone)]
pub struct Said {
    /// How it ended.
    pub ended: Finished,
    /// Standard output and standard error, in the order in which they came.
    pub text: String,
    /// The `.config`; nothing if none was written.
    pub config: Option<Vec<u8>>,
}

impl<'a> Conf<'a> {
    /// Builds the `conf` of `tree` in the directory `out`, with programs found in `env`. What goes
    /// wrong with them is an [`Error::Cell`].
    pub fn build(
        tree: &Path,
        out: &Path,
        env: &Env,
        runner: &'a Runner,
        deadline: Option<Instant>,
    ) -> Result<Self> {
        let tree = std::path::absolute(tree).map_err(|err| Error::io(tree, err))?;
        let sources = tree.join("scripts/kconfig");
        let source = |name: &str| sources.join(name);
        let run = |argv: Vec<PathBuf>| -> Result<()> {
            let mut command = Command::new(argv).cwd(out).capture();
            command.env.clone_from(env);
            command.deadline = deadline;
            let done = runner.run(&command).map_err(|err| match err {
                signal @ Error::Signal(_) => signal,
                other => Error::Cell(format!("the tree's conf cannot be built: {other}")),
            })?;
            if done.ok() {
                return Ok(());
            }
            let said = String::from_utf8_lossy(&done.stderr).trim_end().to_owned();
            let how = format!("{} {}", command.shell(), done.how());
            Err(Error::Cell(format!("the tree's conf cannot be built: {how}\n{said}")))
        };
        let words = |words: &[&str]| words.iter().map(PathBuf::from).collect::<Vec<_>>();
        let mut cc = words(&["cc", "-O2", "-w", "-o", "conf", "-I.", "-I"]);
        cc.extend([sources.clone(), "-I".into(), tree.join("scripts/include")]);
        // The names before 5.0, and since.
        let named = [("zconf.l", "zconf.y"), ("lexer.l", "parser.y")];
        let known = named.iter().find(|(lexer, _)| source(lexer).is_file());
        if source("zconf.tab.c_shipped").is_file() {
            // Up to 4.15 what is generated was in the tree.
            for name in ["zconf.lex.c", "zconf.tab.c", "zconf.hash.c"] {
                let shipped = source(&format!("{name}_shipped"));
                if shipped.is_file() {
                    let text = std::fs::read(&shipped).map_err(|err| Error::io(&shipped, err))?;
                    write_whole(&out.join(name), &text)?;
                }
            }
            cc.extend([source("conf.c"), "zconf.tab.c".into()]);
        } else if let Some((lexer, parser)) = known {
            let (scanner, tables) = match *lexer {
                "zconf.l" => ("zconf.lex.c", "zconf.tab.c"),
                _ => ("lexer.lex.c", "parser.tab.c"),
            };
            let mut flex = words(&["flex", "-L", "-o", scanner]);
            flex.push(source(lexer));
            run(flex)?;
            let mut bison = words(&["bison", "-t", "-l", "-d", "-o", tables]);
            bison.push(source(parser));
            run(bison)?;
            let text = std::fs::read(source(parser)).unwrap_or_default();
            if memchr::memmem::find(&text, b"#include \"menu.c\"").is_some() {
                // The parser includes all the others.
                cc.extend([source("conf.c"), tables.into()]);
            } else {
                let there = SOURCES.iter().map(|name| source(&format!("{name}.c")));
                cc.extend(there.filter(|file| file.is_file()));
                cc.extend(words(&[scanner, tables]));
            }
        } else if source("conf.c").is_file() {
            cc.push(source("conf.c"));
        } else {
            let missing = format!("{} has no sources of conf", sources.display());
            return Err(Error::Cell(missing));
        }
        run(cc)?;
        Ok(Self { tree, program: out.join("conf"), runner })
    }

    /// `olddefconfig` with `config` in the directory `dir`. `env` is the environment of make; the
    /// tree is added to it.
    pub fn olddefconfig(
        &self,
        config: &[u8],
        dir: &Path,
        env: &Env,
        deadline: Option<Instant>,
    ) -> Result<Said> {
        let (written, log) = (dir.join(".config"), dir.join("conf.log"));
        write_whole(&written, config)?;
        let root: PathBuf = "Kconfig".into();
        let argv = [self.program.clone(), "--olddefconfig".into(), root];
        let mut command = Command::new(argv).cwd(dir).log(&log);
        command.env.clone_from(env);
        command.env.insert("srctree".into(), self.tree.clone().into());
        command.env.insert("KCONFIG_CONFIG".into(), ".config".into());
        command.deadline = deadline;
        let ended = self.runner.run(&command)?;
        let text = std::fs::read(&log).map_err(|err| Error::io(&log, err))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Said { ended, text, config: std::fs::read(&written).ok() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kbuild::environment;

    /// Builds what `files` of scripts/kconfig are, and returns what the program says.
    fn built(files: &[(&str, &str)]) -> Result<String> {
        let tree = tempfile::tempdir().unwrap();
        let out = tempfile::tempdir().unwrap();
        let sources = tree.path().join("scripts/kconfig");
        std::fs::create_dir_all(&sources).unwrap();
        for (name, text) in files {
            std::fs::write(sources.join(name), text).unwrap();
        }
        let (runner, env) = (Runner::quiet(), environment::plain(std::env::vars_os()));
        let conf = Conf::build(tree.path(), out.path(), &env, &runner, None)?;
        let said = conf.olddefconfig(b"CONFIG_A=y\n", out.path(), &env, None)?;
        assert_eq!(said.config.as_deref(), Some(b"CONFIG_A=y\n".as_slice()));
        assert!(said.ended.ok());
        Ok(said.text)
    }

    const MAIN: &str = "#include <stdio.h>\nconst char *name(void);\n\
                        int main(int n, char **v) { printf(\"%s %s\\n\", name(), v[1]); return 0; }\n";
    const LEXER: &str = "%option noyywrap nounput noinput\n%%\n. { return 1; }\n";
    const TAIL: &str = "%token X\n%%\nstart: X;\n%%\nint yylex(void);\n\
                        void yyerror(const char *e) { (void)e; }\n";

    #[test]
    fn the_layouts_of_all_versions_are_built() {
        let shipped = "const char *name(void) { return \"4.14\"; }\n";
        let said = built(&[("conf.c", MAIN), ("zconf.tab.c_shipped", shipped)]).unwrap();
        assert_eq!(said, "4.14 --olddefconfig\n");
        // The parser includes the others.
        let parser = format!("{TAIL}#include \"zconf.lex.c\"\n#include \"menu.c\"\n");
        let menu = "const char *name(void) { return \"4.20\"; }\n";
        let files = [("conf.c", MAIN), ("zconf.l", LEXER), ("zconf.y", &parser), ("menu.c", menu)];
        assert_eq!(built(&files).unwrap(), "4.20 --olddefconfig\n");
        // Each file by itself.
        let menu = "const char *name(void) { return \"6.12\"; }\n";
        let files = [("conf.c", MAIN), ("lexer.l", LEXER), ("parser.y", TAIL), ("menu.c", menu)];
        assert_eq!(built(&files).unwrap(), "6.12 --olddefconfig\n");
    }

    #[test]
    fn what_cannot_be_built_is_said() {
        let error = built(&[("conf.c", "int main(void) { return x; }\n")]).unwrap_err();
        assert!(error.to_string().contains("'x' undeclared"), "{error}");
        let error = built(&[]).unwrap_err();
        assert!(error.to_string().contains("has no sources of conf"), "{error}");
    }
}
