//! What changed in `conf`'s evaluation from version to version, each rule under its own name.
//!
//! The language's dialect decides what may be written; these decide what it means. The rules of 4.14,
//! 6.1 and 6.12 are each checked against the `conf` of that tree.

use crate::kconf::dialect::Dialect;

/// The evaluation rules of one kernel version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The dialect they were made from.
    pub dialect: Dialect,
    /// Buckets of the symbols' hash table: 16,384 since 6.12's rewrite, 9,973 before.
    pub buckets: u32,
    /// Choices have a list of members and a value of their own; until 6.10. Since 6.11 they only
    /// have members with priorities (symbol.c: `sym_calc_choice`).
    pub choice_lists: bool,
    /// The value of an expression is kept until everything is invalidated; since 6.12 (expr.c:
    /// `expr_invalidate_all`).
    pub keeps_expressions: bool,
    /// An int or hex symbol without any default is `0` or `0x0` rather than empty; since 6.8.
    pub zero_numbers: bool,
    /// Visibility and range of a value that was read are checked again after reading (confdata.c:
    /// `conf_read`); until 6.10.
    pub resets_values: bool,
    /// A line of `.config` has to end after `is not set`, and one without `=` is warned about; since
    /// 6.9.
    pub strict_lines: bool,
    /// `# CONFIG_X is not set` is `CONFIG_X=n` for every type: in 6.1's updates (6.1.192), not in
    /// 5.15-rc7. Before, it was ignored for what is neither bool nor tristate.
    pub unset_is_n: bool,
    /// `# end of MENU` and a blank line after menus; since 5.2.
    pub ends_menus: bool,
    /// Warnings about unmet direct dependencies have a line for every selector; since 4.18.
    pub long_warnings: bool,
    /// A direct dependency of `m` is not taken for `y`, so selecting with `y` warns; since 4.18.
    pub modular_dependencies: bool,
    /// Defaults that are `n` do not write the symbol into `.config`; since 4.19.
    pub silent_n_defaults: bool,
    /// `imply`: until 5.6 `y` forbids `m`, and counts only where the direct dependency is met ("kconfig:
    /// allow symbols implied by y to become m" of March 2020, in 5.7.6).
    pub strong_imply: bool,
    /// A value out of range becomes the bound's number, printed; until 6.6. Later it becomes the
    /// bound's text ("kconfig: fix memory leak from range properties" of November 2023), and so it does in
    /// the updates of the long-term kernels from 4.19 on, which are what is met of those.
    pub prints_bounds: bool,
    /// bool and tristate compare as 0, 1 and 2; since 4.17. Before, as texts.
    pub compares_tristates: bool,
    /// A `.config` that would not change is left alone; since 5.2.
    pub keeps_unchanged: bool,
    /// `KCONFIG_SEED=` goes to standard error: until 5.12 ("kconfig: split randconfig setup code into
    /// `set_randconfig_seed()`" of March 2021; to standard error in 5.11-rc2, to standard output in
    /// 5.15-rc7).
    pub seed_to_stderr: bool,
    /// `olddefconfig` walks the menus before it writes, as `oldconfig` does; until 4.17.
    pub walks_menus: bool,
    /// New symbols are listed with their values; since 5.0. Before, only names.
    pub lists_values: bool,
    /// `KCONFIG_WERROR` is obeyed, and the texts it needs exist; since 6.6 and in 6.1's updates.
    pub obeys_werror: bool,
}

impl Rules {
    /// The rules of `dialect`.
    pub const fn of(dialect: Dialect) -> Self {
        Self {
            dialect,
            buckets: if dialect.since(6, 12) { 1 << 14 } else { 9973 },
            choice_lists: !dialect.since(6, 11),
            keeps_expressions: dialect.since(6, 12),
            zero_numbers: dialect.since(6, 8),
            resets_values: !dialect.since(6, 11),
            strict_lines: dialect.since(6, 9),
            unset_is_n: dialect.since(6, 1),
            ends_menus: dialect.since(5, 2),
            long_warnings: dialect.since(4, 18),
            modular_dependencies: dialect.since(4, 18),
            silent_n_defaults: dialect.since(4, 19),
            strong_imply: !dialect.since(5, 7),
            prints_bounds: !dialect.since(6, 7) && !long_term(dialect),
            compares_tristates: dialect.since(4, 17),
            keeps_unchanged: dialect.since(5, 2),
            seed_to_stderr: !dialect.since(5, 13),
            walks_menus: !dialect.since(4, 18),
            lists_values: dialect.since(5, 0),
            obeys_werror: dialect.since(6, 1),
        }
    }
}

/// The long-term kernels that still had updates at the end of 2023, 4.14 apart.
const fn long_term(dialect: Dialect) -> bool {
    matches!((dialect.version, dialect.patchlevel), (4, 19) | (5, 4 | 10 | 15) | (6, 1 | 6))
}
