//! Which constructs a tree's Kconfig language has.
//!
//! The language changed over the years, construct by construct, so there is no one cut-off: each
//! construct has its own range of kernel versions, and everything that behaves differently asks
//! [`Dialect`] by the construct's name. The dialect follows from VERSION and PATCHLEVEL of the
//! tree's Makefile; `--dialect` overrides it.

/// The Kconfig language of one kernel version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dialect {
    /// VERSION of the kernel's Makefile.
    pub version: u16,
    /// PATCHLEVEL of the kernel's Makefile.
    pub patchlevel: u16,
}

impl Dialect {
    /// The language of Linux `version`.`patchlevel`.
    pub const fn new(version: u16, patchlevel: u16) -> Self {
        Self { version, patchlevel }
    }

    /// `$(…)`, variables, `$(shell,…)`: since 4.18 (104daea149c4).
    pub const fn has_macros(self) -> bool {
        self.since(4, 18)
    }

    /// Words are cut in one way wherever they stand; keywords are keywords everywhere: since 5.0.
    pub const fn has_flat_lexer(self) -> bool {
        self.since(5, 0)
    }

    /// Prompts, menus and paths may be single words without quotes: until 4.20.
    pub const fn has_bare_texts(self) -> bool {
        !self.since(5, 0)
    }

    /// The end of the first file ends a statement even without a newline.
    pub const fn has_final_newline(self) -> bool {
        !self.since(6, 9)
    }

    /// `boolean`
    pub const fn has_boolean(self) -> bool {
        !self.since(4, 18)
    }

    /// `---help---`
    pub const fn has_dashed_help(self) -> bool {
        !self.since(5, 9)
    }

    /// `modules` as a keyword
    pub const fn has_modules_keyword(self) -> bool {
        self.since(5, 13)
    }

    /// `option …`
    pub const fn has_option_lines(self) -> bool {
        !self.since(5, 13)
    }

    /// `allnoconfig_y` and `defconfig_list` as keywords
    pub const fn has_option_keywords(self) -> bool {
        self.since(5, 0) && !self.since(5, 13)
    }

    /// `optional` of a choice
    pub const fn has_optional_choices(self) -> bool {
        !self.since(6, 9)
    }

    /// `choice NAME`
    pub const fn has_named_choices(self) -> bool {
        !self.since(6, 9)
    }

    /// `tristate` choices
    pub const fn has_tristate_choices(self) -> bool {
        !self.since(6, 9)
    }

    /// `transitional`
    pub const fn has_transitional(self) -> bool {
        self.since(6, 18)
    }

    /// `depends on X if Y`
    pub const fn has_conditional_depends(self) -> bool {
        self.since(7, 0)
    }

    /// Whether this is the language of `version`.`patchlevel` or a later one.
    pub const fn since(self, version: u16, patchlevel: u16) -> bool {
        self.version > version || (self.version == version && self.patchlevel >= patchlevel)
    }
}

/// Linux 6.12 (a long-term kernel), the reference of our tests.
impl Default for Dialect {
    fn default() -> Self {
        Self::new(6, 12)
    }
}

/// What the builder of the model asks.
impl Dialect {
    /// Expressions are shared and never rewritten in place: scripts/kconfig/expr.c has
    /// `expr_hashtable` since 6.12.
    pub const fn shares_expressions(self) -> bool {
        self.since(6, 12)
    }

    /// A choice is a menu with members, bool and with a prompt; before, it was a symbol with a value
    /// that its members depend on (6.11: scripts/kconfig/menu.c, `choice_members`; `P_CHOICE` in 6.1).
    pub const fn choices_are_menus(self) -> bool {
        self.since(6, 11)
    }
}
