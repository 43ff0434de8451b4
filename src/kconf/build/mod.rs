//! Builds the model of one tree and architecture out of the lines of its files.
//!
//! Walks the statements across `source`, expands macros, nests blocks and keeps to the grammar of
//! scripts/kconfig/parser.y, with its recovery from errors: what bison would pop, discard or say is
//! done and said here, in the same order. The result is finalized as menu.c does it, checked for
//! recursive dependencies and then never changes again.

mod again;
mod blocks;
mod entry;
mod lines;
mod recover;
mod words;

pub(super) use entry::{shown, type_name};

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::dialect::Dialect;
use super::macros::{Macros, Stop};
use super::model::{
    FileId, MOD, Menu, MenuId, Message, Model, NO, Place, ROOT, Severity, Symbol, SymbolId, Text,
    Type, YES,
};
use super::probe::{Probe, Prober};
use super::syntax::{File, LineKind, Span};
use super::{cycles, finalize};
use words::Names;

/// Files that a tree may read in all, each `source` counted; Linux has some 1,700.
const MAX_SOURCED: usize = 100_000;
/// A tree with so many is Linux, or as large.
const MANY_FILES: usize = 64;
/// Nodes that a tree may have.
const MAX_MENUS: usize = 4_000_000;
/// The thread that builds has this much stack: expressions and macros nest, within bounds.
pub(super) const STACK: usize = 512 << 20;

/// Gives the file of a name, as `source` has it.
pub type Sources<'a> = dyn Fn(&str) -> crate::exit::Result<Arc<File>> + Sync + 'a;

/// Builds the tree whose first file is `root`. Never fails: what went wrong is in
/// [`Model::messages`], and [`Model::failed`] says whether `conf` would have given up.
pub fn build(
    sources: &Sources,
    root: &str,
    env: &(dyn Fn(&str) -> Option<String> + Sync),
    probe: &mut Probe,
    dialect: Dialect,
) -> Model {
    let run = || build_here(sources, root, env, probe, dialect);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("kconfig".into()).stack_size(STACK);
        match thread.spawn_scoped(scope, run) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(err) => {
                let text = format!("no thread to read Kconfig with: {err}");
                let mut model = empty(dialect);
                model.messages.push(Message {
                    severity: Severity::Fatal,
                    place: None,
                    text,
                    stdout: false,
                });
                model
            }
        }
    })
}

/// [`build`] for those who have a stack of [`STACK`] bytes, as in [`super::source::Sources::reading_ahead`].
pub fn build_here(
    sources: &Sources,
    root: &str,
    env: &(dyn Fn(&str) -> Option<String> + Sync),
    probe: &mut Probe,
    dialect: Dialect,
) -> Model {
    let mut builder = Builder::new(sources, env, probe, dialect);
    let _ = builder.run(root);
    builder.finish()
}

/// A model without a tree.
fn empty(dialect: Dialect) -> Model {
    let ty = if dialect.has_typed_constants() { Type::Tristate } else { Type::Unknown };
    let constant =
        |name: &[u8]| Symbol { name: name.into(), ty, constant: true, ..Symbol::default() };
    let nowhere = Place { file: FileId(0), line: 0, span: Span::default() };
    let root = Menu {
        next: None,
        parent: None,
        list: None,
        symbol: None,
        prompt: None,
        visibility: None,
        dep: None,
        own_dep: None,
        written_parent: None,
        help: None,
        place: nowhere,
    };
    Model {
        dialect,
        symbols: vec![constant(b"n"), constant(b"m"), constant(b"y")],
        menus: vec![root],
        ..Model::default()
    }
}

/// Where the next node of the menu tree is hung in.
#[derive(Clone, Copy)]
enum Slot {
    Next(MenuId),
    List(MenuId),
}

/// A statement whose options may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Config,
    MenuConfig,
    Choice,
    Menu,
    Comment,
}

/// A block whose end is to come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BlockKind {
    If,
    Menu,
    Choice,
}

struct Block {
    kind: BlockKind,
    menu: MenuId,
    /// Whether only what a choice may hold is allowed in it.
    in_choice: bool,
}

/// A file that is being read.
struct Frame {
    file: Arc<File>,
    id: FileId,
    /// The next of its lines.
    next: usize,
    /// The next of its lexer's messages.
    diag: usize,
    /// The line of the `source` that led from here to the frame above.
    source_line: u32,
}

struct Builder<'a, 'p> {
    model: Model,
    macros: Macros<'a, 'p>,
    sources: &'a Sources<'a>,
    /// The files of the model, by their names.
    files: HashTable<FileId>,
    symbols: Names,
    constants: Names,
    choices: FxHashMap<Box<[u8]>, SymbolId>,
    frames: Vec<Frame>,
    sourced: usize,
    /// Bytes of files that were parsed again.
    again: usize,
    blocks: Vec<Block>,
    open: Option<Open>,
    current_menu: MenuId,
    current_entry: MenuId,
    current_choice: Option<MenuId>,
    slot: Slot,
    /// The statement that is being read (`cur_filename`, `cur_lineno`).
    place: Place,
    /// Where its entries and properties are said to be: the statement, unless the end of a sourced
    /// file stands for its newline. Then the lexer is back in the file that has the `source`.
    entry_place: Place,
    /// Where the statement ends in its file.
    line_end: u32,
    /// The end of the input has been reached.
    ended: bool,
    /// bison's `yyerrstatus`: errors are not reported while it is above 0.
    recovering: u8,
    /// Whether `mainmenu` may not come any more.
    started: bool,
}

impl<'a, 'p> Builder<'a, 'p> {
    fn new(
        sources: &'a Sources<'a>,
        env: &'a dyn Fn(&str) -> Option<String>,
        probe: &'a mut Probe<'p>,
        dialect: Dialect,
    ) -> Self {
        let mut builder = Self {
            model: empty(dialect),
            macros: Macros::new(env, Prober::new(probe)),
            sources,
            files: HashTable::new(),
            symbols: Names::default(),
            constants: Names::default(),
            choices: FxHashMap::default(),
            frames: Vec::new(),
            sourced: 0,
            again: 0,
            blocks: Vec::new(),
            open: None,
            current_menu: ROOT,
            current_entry: ROOT,
            current_choice: None,
            slot: Slot::List(ROOT),
            place: Place { file: FileId(0), line: 0, span: Span::default() },
            entry_place: Place { file: FileId(0), line: 0, span: Span::default() },
            line_end: 0,
            ended: false,
            recovering: 0,
            started: false,
        };
        // One letter is the constant, quoted or not (symbol.c: `sym_lookup`).
        for symbol in [NO, MOD, YES] {
            let name = &builder.model.symbols[symbol.index()].name;
            for names in [&mut builder.symbols, &mut builder.constants] {
                if let Err(hash) = names.find(name) {
                    names.insert(name, hash, symbol);
                }
            }
        }
        builder
    }

    /// Reads everything; stops where `conf` would exit.
    fn run(&mut self, root: &str) -> Result<(), Stop> {
        let Ok(file) = (self.sources)(root) else {
            // zconf_initscan
            self.fatal_nowhere(format!("can't find file {root}"));
            return Err(Stop);
        };
        self.enter(file);
        let dialect = self.model.dialect;
        let mut file = Arc::clone(&self.frames[0].file);
        loop {
            let frame_is_last = self.frames.len() == 1;
            let Some(frame) = self.frames.last_mut() else { break };
            if !Arc::ptr_eq(&file, &frame.file) {
                file = Arc::clone(&frame.file);
            }
            let Some(line) = file.lines.get(frame.next) else {
                self.leave()?;
                continue;
            };
            frame.next += 1;
            let id = frame.id;
            let bad = matches!(line.kind, LineKind::Bad(_));
            // Of most lines nobody asks where they end.
            if bad || !file.diags.is_empty() {
                let rest = file.text.get((line.span.start + line.span.len) as usize..);
                let rest = rest.and_then(|rest| memchr::memchr(b'\n', rest)).unwrap_or(0);
                self.line_end = line.span.start + line.span.len + rest as u32;
                if bad && self.read_again(&file, id)? {
                    continue;
                }
                self.lexer_messages(&file, line.span.start)?;
                if !bad || self.fine_so_far(&file, line) {
                    self.lexer_messages(&file, self.line_end)?;
                }
            }
            let last = frame_is_last && !dialect.has_final_newline() && file.no_newline;
            if last && self.frames[0].next == file.lines.len() {
                // bison gets the end of the input where it wants the end of the line.
                self.lexer_messages(&file, u32::MAX)?;
                self.place = Place { file: id, line: line.line, span: line.span };
                self.entry_place = self.place;
                self.unclosed();
                return Ok(());
            }
            let place = Place { file: id, line: line.line, span: line.span };
            self.statement(&file, place, line)?;
            if self.model.menus.len() > MAX_MENUS {
                return Err(self.stop("more entries than a tree may have"));
            }
        }
        self.end_of_input();
        Ok(())
    }

    /// Begins to read `file` (lexer.l: `zconf_nextfile`, `file_lookup`).
    fn enter(&mut self, file: Arc<File>) {
        let files = &mut self.model.files;
        let hash = |name: &str| FxBuildHasher.hash_one(name);
        let same = |id: &FileId| files[id.index()].name == file.name;
        let entry = self.files.entry(hash(&file.name), same, |id| hash(&files[id.index()].name));
        let id = match entry {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(vacant) => {
                let id = FileId(files.len() as u32);
                vacant.insert(id);
                files.push(Arc::clone(&file));
                id
            }
        };
        self.sourced += 1;
        if self.sourced == MANY_FILES {
            self.make_room();
        }
        self.frames.push(Frame { file, id, next: 0, diag: 0, source_line: 0 });
    }

    /// Makes room for all of Linux at once, by the figures of x86 in 6.12: to move what has grown takes
    /// as long as to make it.
    fn make_room(&mut self) {
        self.model.symbols.reserve(20_000);
        self.symbols.reserve(20_000);
        self.model.props.reserve(40_000);
        self.model.menus.reserve(20_000);
        self.model.exprs.reserve(56_000);
    }

    /// Where entries of the statement at `place` are said to be.
    fn entry_place(&self, file: &File, place: Place) -> Place {
        if !file.no_newline {
            return place;
        }
        let [.., outer, inner] = &self.frames[..] else { return place };
        if inner.next != file.lines.len() {
            return place;
        }
        let source = outer.next.checked_sub(1).and_then(|line| outer.file.lines.get(line));
        let span = source.map_or(Span::default(), |line| line.span);
        Place { file: outer.id, line: place.line, span }
    }

    /// The end of a file.
    fn leave(&mut self) -> Result<(), Stop> {
        let Some(frame) = self.frames.last() else { return Ok(()) };
        let file = Arc::clone(&frame.file);
        self.lexer_messages(&file, u32::MAX)?;
        if self.frames.len() == 1 {
            // For the parser, the end of the input is the first token of a statement.
            self.place = end_of(&file, self.frames[0].id);
            self.ended = true;
        }
        self.frames.pop();
        Ok(())
    }

    fn finish(mut self) -> Model {
        let failed = self.model.failed();
        if let Some(title) = self.model.menus[0].prompt.filter(|_| !self.model.dialect.has_macros())
        {
            let text = self.model.text(self.model.prop(title)).unwrap_or_default();
            let text = self.expand_symbols(text).into();
            self.model.props[title.index()].text = Some(Text::Own(self.model.texts.len() as u32));
            self.model.texts.push(text);
        }
        let (environment, probes) = self.macros.finish();
        self.model.environment = environment;
        self.model.probes = probes;
        if !failed {
            finalize::finalize(&mut self.model);
            cycles::check(&mut self.model);
        }
        self.model
    }
}

/// The place after the last line of `file`.
fn end_of(file: &File, id: FileId) -> Place {
    let span = Span { start: file.text.len() as u32, len: 0 };
    Place { file: id, line: file.text.line_starts().len() as u32, span }
}

#[cfg(test)]
mod tests;
