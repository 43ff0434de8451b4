//! A Kconfig tree of one architecture as plain data: symbols, properties, menus.
//!
//! It is what `conf` holds after `conf_parse()`: macros are expanded, dependencies of enclosing menus
//! propagated, automatic submenus made, `if` blocks flattened, reverse dependencies collected. It
//! does not change any more: a configuration is evaluated in a state of its own ([`super::eval`]),
//! so that many configurations of one tree can be evaluated at once.

use std::sync::Arc;

use smallvec::SmallVec;

use super::dialect::Dialect;
use super::expr::{ExprId, Exprs};
use super::id::id;
use super::syntax::{File, Span};
pub use super::syntax::{Severity, Type};

id! {
    /// Index into [`Model::symbols`].
    SymbolId
}
id! {
    /// Index into [`Model::menus`].
    MenuId
}
id! {
    /// Index into [`Model::props`].
    PropId
}
/// Index into [`Model::files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

impl FileId {
    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The constant `n`; the three tristate constants are always the first symbols.
pub const NO: SymbolId = SymbolId::new(0);
/// The constant `m`.
pub const MOD: SymbolId = SymbolId::new(1);
/// The constant `y`.
pub const YES: SymbolId = SymbolId::new(2);
/// The root menu.
pub const ROOT: MenuId = MenuId::new(0);

/// A place in a file of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The 1-based line that `conf` would name.
    pub line: u32,
    /// The text.
    pub span: Span,
}

/// A symbol: `config NAME`, a constant, or a choice (which has no name until it is given one).
#[derive(Debug, Clone, Default)]
pub struct Symbol {
    /// The name, or the text of a constant; bytes, as constants may be anything. Empty for a choice
    /// without a name.
    pub name: Box<[u8]>,
    /// Its type.
    pub ty: Type,
    /// Quoted in the source, or one of `y`, `m`, `n`.
    pub constant: bool,
    /// Whether this is a choice.
    pub is_choice: bool,
    /// `optional` choices (until 6.8).
    pub optional: bool,
    /// `option allnoconfig_y`
    pub allnoconfig_y: bool,
    /// `option defconfig_list`
    pub defconfig_list: bool,
    /// `transitional` (newer trees)
    pub transitional: bool,
    /// `option env="NAME"`: the value comes from there.
    pub env: Option<Box<[u8]>>,
    /// Its properties, in the order they were read.
    pub props: SmallVec<[PropId; 4]>,
    /// Its definitions, in the order they were read.
    pub menus: SmallVec<[MenuId; 4]>,
    /// For a choice: its members, in the order they were read.
    pub members: Vec<SymbolId>,
    /// For a member of a choice: the choice's menu.
    pub choice: Option<MenuId>,
    /// The direct dependency: the OR over its definitions. Nothing means `y`.
    pub dir_dep: Option<ExprId>,
    /// The reverse dependency (`select`). Nothing means `n`.
    pub rev_dep: Option<ExprId>,
    /// The weak reverse dependency (`imply`). Nothing means `n`.
    pub implied: Option<ExprId>,
}

/// What a property is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PropKind {
    /// `prompt "…"`, `bool "…"`
    Prompt,
    /// `comment "…"`
    Comment,
    /// `menu "…"`, and the prompt of `menuconfig`
    Menu,
    /// `default …`
    Default,
    /// `select …`
    Select,
    /// `imply …`
    Imply,
    /// `range …`
    Range,
    /// The symbol's part in a choice, or a choice's list of members (until 6.8).
    Choice,
}

/// The text of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// As it stands in the property's file.
    Source(Span),
    /// One of [`Model::texts`]: it had macros or escapes.
    Own(u32),
}

/// A property of a symbol or menu.
#[derive(Debug, Clone)]
pub struct Property {
    /// What it is.
    pub kind: PropKind,
    /// The text of a prompt, menu or comment; [`Model::text`] has its bytes.
    pub text: Option<Text>,
    /// Its condition with everything inherited; nothing means `y`.
    pub visible: Option<ExprId>,
    /// Its condition as written (`if …`), before anything was inherited or simplified.
    pub cond: Option<ExprId>,
    /// Default: the value; select and imply: the symbol; range: the bounds.
    pub expr: Option<ExprId>,
    /// The definition it belongs to.
    pub menu: MenuId,
    /// Where it stands.
    pub place: Place,
}

/// A node of the menu tree: a definition of a symbol, a menu, a comment, a choice, an `if`.
#[derive(Debug, Clone)]
pub struct Menu {
    /// The next node of the same level.
    pub next: Option<MenuId>,
    /// The enclosing node.
    pub parent: Option<MenuId>,
    /// The first node inside.
    pub list: Option<MenuId>,
    /// The symbol it defines.
    pub symbol: Option<SymbolId>,
    /// Its prompt.
    pub prompt: Option<PropId>,
    /// `visible if`
    pub visibility: Option<ExprId>,
    /// `depends on` and everything inherited; nothing means `y`.
    pub dep: Option<ExprId>,
    /// The dependencies as written at this very node (`depends on`, the condition of an `if`), their AND.
    pub own_dep: Option<ExprId>,
    /// The enclosing node as written, before submenus were made and `if`s flattened.
    pub written_parent: Option<MenuId>,
    /// The help text, as `conf` would keep it.
    pub help: Option<Span>,
    /// Where it stands.
    pub place: Place,
}

/// One message about the tree, in `conf`'s words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How bad it is.
    pub severity: Severity,
    /// The place it is about, if any.
    pub place: Option<Place>,
    /// The exact text that `conf` prints, without the line feed at its end.
    pub text: String,
    /// Whether `conf` prints it to standard output (`$(info …)`) rather than to standard error.
    pub stdout: bool,
}

/// A tree of one architecture.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// The language it is written in.
    pub dialect: Dialect,
    /// The files in the order they were first read.
    pub files: Vec<Arc<File>>,
    /// `n`, `m`, `y`, then everything in the order it was first mentioned.
    pub symbols: Vec<Symbol>,
    /// All properties.
    pub props: Vec<Property>,
    /// The texts that do not stand in a file as they are.
    pub texts: Vec<Box<[u8]>>,
    /// All menu nodes; the first is the root.
    pub menus: Vec<Menu>,
    /// All expressions.
    pub exprs: Exprs,
    /// The symbol of `modules`; without one, modules are off.
    pub modules: Option<SymbolId>,
    /// The probes of the toolchain, in the order they were first asked for; see [`super::probe`].
    pub probes: Vec<super::probe::Outcome>,
    /// Every variable of the environment that was looked up, with its value, in order.
    pub environment: Vec<(String, String)>,
    /// Everything `conf` would have said while parsing, in its order.
    pub messages: Vec<Message>,
}

impl Model {
    /// The symbol of `id`.
    #[inline]
    pub fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.index()]
    }

    /// The menu node of `id`.
    #[inline]
    pub fn menu(&self, id: MenuId) -> &Menu {
        &self.menus[id.index()]
    }

    /// The text of a prompt, menu or comment.
    pub fn text(&self, prop: &Property) -> Option<&[u8]> {
        match prop.text? {
            Text::Source(span) => Some(self.file(prop.place.file).text(span)),
            Text::Own(text) => self.texts.get(text as usize).map(|text| &**text),
        }
    }

    /// The property of `id`.
    #[inline]
    pub fn prop(&self, id: PropId) -> &Property {
        &self.props[id.index()]
    }

    /// The file of `id`.
    pub fn file(&self, id: FileId) -> &File {
        &self.files[id.index()]
    }

    /// The bytes that `conf` prints for `message`, a line feed included: a character that it does not
    /// know is printed as it is, which in a text may be no character at all.
    pub fn printed(&self, message: &Message) -> Vec<u8> {
        let byte = message.place.filter(|place| place.span.len == 1);
        let byte = byte.map(|place| self.file(place.file).text(place.span));
        match (message.text.strip_suffix("'\u{fffd}'"), byte) {
            (Some(text), Some(byte)) => [text.as_bytes(), b"'", byte, b"'\n"].concat(),
            _ => [message.text.as_bytes(), b"\n"].concat(),
        }
    }

    /// Whether something makes the tree unusable, as it would make `conf` exit with 1.
    pub fn failed(&self) -> bool {
        self.messages.iter().any(|message| message.severity > Severity::Warning)
    }

    /// Depth first over the menu tree, from the root's first child on.
    pub fn menus_in_order(&self) -> impl Iterator<Item = MenuId> + '_ {
        let mut at = Some(ROOT);
        std::iter::from_fn(move || {
            at = at.and_then(|menu| self.menu_after(menu));
            at
        })
    }

    /// Everything below `root`, depth first (menu.c: `menu_for_each_sub_entry`).
    pub fn menus_below(&self, root: MenuId) -> Vec<MenuId> {
        let mut found = Vec::new();
        let mut at = root;
        loop {
            if let Some(child) = self.menu(at).list {
                at = child;
            } else {
                while at != root && self.menu(at).next.is_none() {
                    at = self.menu(at).parent.unwrap_or(root);
                }
                match self.menu(at).next {
                    Some(next) if at != root => at = next,
                    _ => return found,
                }
            }
            found.push(at);
        }
    }

    fn menu_after(&self, menu: MenuId) -> Option<MenuId> {
        if let Some(child) = self.menu(menu).list {
            return Some(child);
        }
        let mut at = menu;
        loop {
            if let Some(next) = self.menu(at).next {
                return Some(next);
            }
            at = self.menu(at).parent?;
        }
    }
}
