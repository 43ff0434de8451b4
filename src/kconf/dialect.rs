//! Which constructs a tree's Kconfig language has.
//!
//! The language changed over the years, construct by construct, so there is no one cut-off: each
//! construct has its own range of kernel versions, and everything that behaves differently asks
//! [`Dialect`] by the construct's name. The dialect follows from VERSION, PATCHLEVEL and SUBLEVEL of the
//! tree's Makefile; `--dialect` overrides it. SUBLEVEL counts, since updates of long-term kernels bring
//! changes of `conf` back from later ones.

/// The Kconfig language of one kernel version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dialect {
    /// VERSION of the kernel's Makefile.
    pub version: u16,
    /// PATCHLEVEL of the kernel's Makefile.
    pub patchlevel: u16,
    /// SUBLEVEL of the kernel's Makefile.
    pub sublevel: u16,
}

impl Dialect {
    /// The language of the newest update of Linux `version`.`patchlevel`.
    pub const fn new(version: u16, patchlevel: u16) -> Self {
        Self { version, patchlevel, sublevel: u16::MAX }
    }

    /// The language of that update of it.
    #[must_use]
    pub const fn update(self, sublevel: u16) -> Self {
        Self { sublevel, ..self }
    }

    /// Whether this is one of these updates (version, patchlevel, sublevel), or a later one of the same
    /// kernel.
    pub const fn is_update(self, of: &[(u16, u16, u16)]) -> bool {
        let mut at = 0;
        while at < of.len() {
            let (version, patchlevel, sublevel) = of[at];
            if self.version == version && self.patchlevel == patchlevel {
                return self.sublevel >= sublevel;
            }
            at += 1;
        }
        false
    }

    /// The constants `y`, `m` and `n` are tristates, not texts without a type: since 6.10 (aabdc960a283,
    /// "kconfig: fix comparison to constant symbols, m, n": in 6.12, not in 6.5.0, 6.6.9 and 6.8.1), and in
    /// updates since June 2024 (reviewed for 6.9 on the 6th; in 5.15.215 and 6.1.192).
    pub const fn has_typed_constants(self) -> bool {
        self.since(6, 10)
            || self.is_update(&[
                (4, 19, 316),
                (5, 4, 278),
                (5, 10, 219),
                (5, 15, 161),
                (6, 1, 93),
                (6, 6, 33),
                (6, 9, 4),
            ])
    }

    /// In conditions of what is no tristate, `X != n` is simplified to `X`: until 6.9 ("kconfig: remove wrong
    /// `expr_trans_bool()`" of June 2024: in 6.8.1's `menu.c`, not in 6.12's), and not in updates since July 2024
    /// (reviewed for 5.4 on the 25th; in 5.15.135 and 6.6.9, not in 5.10.265, 5.15.215 and 6.1.192).
    pub const fn has_bool_conditions(self) -> bool {
        !self.since(6, 10)
            && !self.is_update(&[
                (4, 19, 319),
                (5, 4, 281),
                (5, 10, 223),
                (5, 15, 164),
                (6, 1, 101),
                (6, 6, 42),
                (6, 9, 11),
            ])
    }

    /// `$(…)`, variables and functions: since 4.18, when `scripts/kconfig/preprocess.c` came
    /// (104daea149c4). Before, `$NAME` in texts stands for a symbol with `option env=`.
    pub const fn has_macros(self) -> bool {
        self.since(4, 18)
    }

    /// One set of rules for words wherever they stand, keywords being keywords everywhere: since 5.0
    /// (no states COMMAND and PARAM in 5.0.1's `zconf.l`; 4.19's has them).
    pub const fn has_flat_lexer(self) -> bool {
        self.since(5, 0)
    }

    /// An option that is none leaves its entry open (`option_error` in `zconf.y`): until 4.20.
    pub const fn has_option_errors(self) -> bool {
        !self.since(5, 0)
    }

    /// A string that the end of the file cuts off is lost: until 4.18 (no `return T_WORD_QUOTE` at
    /// `<STRING><<EOF>>` in 4.18's `zconf.l`).
    pub const fn loses_last_string(self) -> bool {
        !self.since(4, 19)
    }

    /// The lexer's warnings name the line of the character, not that of the statement: since 5.0
    /// (`yylineno` in 5.0's `warn_ignored_character()`, `zconf_lineno()` in 4.20's).
    pub const fn has_lexer_lines(self) -> bool {
        self.since(5, 0)
    }

    /// Prompts, titles and paths may be single words without quotes: until 5.5 (`prompt: T_WORD` in
    /// 5.0.1's `zconf.y`; dropped by the series of December 2019, and gone in 5.7).
    pub const fn has_bare_texts(self) -> bool {
        !self.since(5, 6)
    }

    /// `boolean` for `bool`: until 4.15 (in 4.14's `kconf_id.c`, not in 4.16's).
    pub const fn has_boolean(self) -> bool {
        !self.since(4, 16)
    }

    /// `---help---` for `help`: until 5.8 (f70f74d15ca8; in 5.8.2's `lexer.l`, not in 5.9-rc1's).
    pub const fn has_dashed_help(self) -> bool {
        !self.since(5, 9)
    }

    /// `option env="NAME"`: until 4.17 (in 4.17's `kconf_id.c`, not in 4.18's).
    pub const fn has_option_env(self) -> bool {
        !self.since(4, 18)
    }

    /// `modules` is a keyword wherever it stands: since 5.0, at first after `option` only (in 5.0.1's
    /// `zconf.l`).
    pub const fn has_modules_keyword(self) -> bool {
        self.since(5, 0)
    }

    /// `option modules`, `option defconfig_list`, `option allnoconfig_y`: until 5.12 (in 5.12's
    /// `parser.y`, not in 5.14's); then `modules` is an option by itself.
    pub const fn has_option_lines(self) -> bool {
        !self.since(5, 13)
    }

    /// Anything may stand in a choice, menus apart: until 5.7. Then only `config`, `comment` and `if`
    /// (`stmt_list_in_choice` in 5.8.2's `parser.y`; `choice_block` in 5.7.6's).
    pub const fn has_open_choices(self) -> bool {
        !self.since(5, 8)
    }

    /// `choice NAME`: until 6.8 (`word_opt` in 6.8's `parser.y`, not in 6.9's).
    pub const fn has_named_choices(self) -> bool {
        !self.since(6, 9)
    }

    /// A choice without a prompt is an error: since 6.9 (`choice must have a prompt` in `parser.y`).
    pub const fn has_mandatory_choice_prompts(self) -> bool {
        self.since(6, 9)
    }

    /// The end of the first file ends a statement even without a newline: until 6.8. Then it is a
    /// syntax error (`if (current_buf)` for `if (current_file)` at `<<EOF>>` in 6.9's `lexer.l`).
    pub const fn has_final_newline(self) -> bool {
        !self.since(6, 9)
    }

    /// `optional` choices: until 6.9 (in 6.9's `lexer.l`, not in 6.10's).
    pub const fn has_optional_choices(self) -> bool {
        !self.since(6, 10)
    }

    /// `tristate` choices, and types of choices at all: until 6.10 (`logic_type` in 6.10's `parser.y`,
    /// not in 6.12's; fde192511bdb went into 6.11).
    pub const fn has_tristate_choices(self) -> bool {
        !self.since(6, 11)
    }

    /// `bool "prompt"` in a choice: until 6.12 (in 6.12's `parser.y`, not in 6.13's), where only
    /// `prompt` is left.
    pub const fn has_choice_types(self) -> bool {
        !self.since(6, 13)
    }

    /// `menuconfig` without a prompt, and blank or repeated help texts, are errors and not warnings:
    /// since 6.13 (`zconf_error` for `zconfprint` in `parser.y`).
    pub const fn has_strict_entries(self) -> bool {
        self.since(6, 13)
    }

    /// `transitional`: since 6.18 (in 6.18's `lexer.l`, not in 6.14's; proposed for 6.18).
    pub const fn has_transitional(self) -> bool {
        self.since(6, 18)
    }

    /// `depends on X if Y`: since 7.0 (in 7.1's `parser.y`, not in 6.19's).
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

    /// `X && y` is simplified to `X` even where nothing else can be: since 6.11 ("kconfig: call
    /// `expr_eliminate_yn()` at least once in `expr_eliminate_dups()`" of July 2024: in 6.11.11's expr.c, not
    /// in 6.9's).
    pub const fn trims_constants(self) -> bool {
        self.since(6, 11)
    }

    /// A choice is a menu with members, bool and with a prompt; before, it was a symbol with a value
    /// that its members depend on (6.11: scripts/kconfig/menu.c, `choice_members`; `P_CHOICE` in 6.1).
    pub const fn choices_are_menus(self) -> bool {
        self.since(6, 11)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kconf::eval::Rules;

    /// What the sources of `conf` in these trees have, each looked at.
    #[test]
    fn updates_bring_changes_back() {
        // Typed constants; conditions simplified for bool; checks of `.config`; `is not set` is n.
        let trees: [(Dialect, [bool; 4]); 9] = [
            (Dialect::new(5, 10).update(265), [true, false, false, false]),
            (Dialect::new(5, 15).update(135), [false, true, false, false]),
            (Dialect::new(5, 15).update(215), [true, false, true, true]),
            (Dialect::new(6, 1).update(166), [true, false, true, true]),
            (Dialect::new(6, 1).update(192), [true, false, true, true]),
            (Dialect::new(6, 5).update(0), [false, true, false, false]),
            (Dialect::new(6, 6).update(9), [false, true, true, false]),
            (Dialect::new(6, 8).update(1), [false, true, true, true]),
            (Dialect::new(6, 12).update(117), [true, false, true, true]),
        ];
        for (dialect, expected) in trees {
            let rules = Rules::of(dialect);
            let found = [
                dialect.has_typed_constants(),
                dialect.has_bool_conditions(),
                rules.obeys_werror,
                rules.unset_is_n,
            ];
            assert_eq!(found, expected, "{dialect:?}");
        }
        // The newest update, where nobody says which.
        assert!(Dialect::new(6, 6).has_typed_constants());
        assert!(Rules::of(Dialect::new(6, 6)).unset_is_n);
    }
}
