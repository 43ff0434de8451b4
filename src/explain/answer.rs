//! A function: its definitions, stubs and prototypes with their gates, and who uses it.

use rayon::prelude::*;

use super::place::{Asked, Opened};
use crate::model::explain::{Caller, Definition, FileAnswer, FunctionAnswer, FunctionOf};
use crate::source::guards::FileKind;
use crate::source::symbols::words::mentions_of;
use crate::source::symbols::{Function, Manner, NOWHERE};

/// What one file says about a name.
#[derive(Debug, Default)]
struct Said {
    defined: Vec<Definition>,
    /// `static` ones of a header.
    inline: Vec<Definition>,
    macros: Vec<Definition>,
    declared: Vec<Definition>,
    exported: Vec<String>,
    callers: Vec<Caller>,
    /// It has a `static` one of its own.
    own: bool,
}

/// What `files` say about the function `name`; `more` files mention it, too. Nothing if none of them
/// defines or declares it.
pub fn function(
    asked: &Asked<'_>,
    name: &str,
    files: &[&str],
    more: usize,
) -> Option<FunctionAnswer> {
    let said: Vec<Said> = files.par_iter().filter_map(|file| of_file(asked, name, file)).collect();
    let global = said.iter().any(|one| one.defined.iter().any(|one| !one.is_static));
    let shared =
        global || said.iter().any(|one| !one.inline.is_empty() || !one.declared.is_empty());
    let mut out = FunctionAnswer {
        name: name.to_owned(),
        definitions: Vec::new(),
        stubs: Vec::new(),
        prototypes: Vec::new(),
        exported: Vec::new(),
        callers: Vec::new(),
        more_files: more,
        bytes: Vec::new(),
    };
    for one in said {
        // A file's own function is not the one of others.
        if shared || one.own {
            out.callers.extend(one.callers);
        }
        out.definitions.extend(one.defined);
        if global {
            out.stubs.extend(one.inline);
            out.stubs.extend(one.macros);
        } else {
            out.definitions.extend(one.inline);
        }
        out.prototypes.extend(one.declared);
        out.exported.extend(one.exported);
    }
    let known = !out.definitions.is_empty() || !out.prototypes.is_empty();
    known.then_some(out)
}

fn of_file(asked: &Asked<'_>, name: &str, path: &str) -> Option<Said> {
    let opened = Opened::read(&asked.root, path)?;
    let text = &opened.source.text;
    let (file, mentions) = mentions_of(path, text, name);
    let is_header = file.kind == Some(FileKind::Header);
    let mut said = Said::default();
    let objects = (asked.objects)(path);
    let definition = |at: u32, is_static: bool| Definition {
        place: opened.place(at),
        is_static,
        chain: asked.chain(&opened, at),
    };
    let of = |f: &&Function| &text[f.name.0 as usize..f.name.1 as usize] == name.as_bytes();
    for function in file.functions.iter().filter(of) {
        let one = definition(function.name.0, function.is_static);
        let list = match (function.is_defined(), is_header && function.is_static) {
            (true, true) => &mut said.inline,
            (true, false) => &mut said.defined,
            (false, _) => &mut said.declared,
        };
        said.own |= function.is_static && function.is_defined();
        list.push(one);
    }
    // Macros and labels of assembly are no functions to the reader of C.
    if said.defined.is_empty() && (file.kind.is_some_and(FileKind::is_assembly)) {
        let labels = opened.source.definitions(name).into_iter();
        said.defined.extend(labels.map(|one| definition(one.at, false)));
    }
    for mention in mentions {
        let manner = match mention.manner {
            Manner::Called => "calls",
            Manner::Named => "names",
            Manner::InMacro => "in macro",
            Manner::Foreign => "foreign",
            Manner::Exported => {
                said.exported.push(opened.place(mention.at));
                continue;
            }
            Manner::Macro => {
                said.macros.push(definition(mention.at, false));
                continue;
            }
            _ => continue,
        };
        let within = file.functions.get(mention.within as usize);
        let within = within.filter(|_| mention.within != NOWHERE);
        let within = within.map(|f| {
            String::from_utf8_lossy(&text[f.name.0 as usize..f.name.1 as usize]).into_owned()
        });
        let place = opened.place(mention.at);
        let is_definition = said.defined.iter().any(|one| one.place == place);
        if !is_definition {
            let gates = asked.gates(&opened, mention.at, &objects);
            said.callers.push(Caller { place, within, manner: manner.to_owned(), gates });
        }
    }
    Some(said)
}

/// The functions of a file that have a body, each with the options of its guards.
pub fn functions_of(opened: &Opened) -> Vec<FunctionOf> {
    let text = &opened.source.text;
    let (file, _) = mentions_of(&opened.source.path, text, "");
    let defined = file.functions.iter().filter(|f| f.is_defined());
    let one = |f: &Function| {
        let mut options: Vec<String> = Vec::new();
        for gate in opened.source.guards_at(f.name.0, &opened.formulas) {
            options.extend(
                gate.options.into_iter().filter(|one| !options.contains(one)).collect::<Vec<_>>(),
            );
        }
        FunctionOf {
            name: String::from_utf8_lossy(&text[f.name.0 as usize..f.name.1 as usize]).into_owned(),
            place: opened.place(f.name.0),
            is_static: f.is_static,
            options,
        }
    };
    defined.map(one).collect()
}

/// A file of the tree, or a line of it. Nothing if it cannot be read.
pub fn file(asked: &Asked<'_>, path: &str, line: Option<u32>) -> Option<FileAnswer> {
    let opened = Opened::read(&asked.root, path)?;
    let at = line.map(|line| opened.source.offset(line));
    let (parsed, _) = mentions_of(path, &opened.source.text, "");
    let within = at.and_then(|at| {
        let around = |f: &&Function| f.is_defined() && f.start <= at && at < f.body.1;
        let found = parsed.functions.iter().find(around)?;
        let name = &opened.source.text[found.name.0 as usize..found.name.1 as usize];
        Some(String::from_utf8_lossy(name).into_owned())
    });
    let mut chain = asked.chain(&opened, at.unwrap_or(0));
    if at.is_none() {
        chain.guards.clear();
    }
    let functions = functions_of(&opened);
    Some(FileAnswer { file: path.to_owned(), line, within, chain, functions, bytes: Vec::new() })
}
