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
    /// 6.8 (`strcmp(p, "is not set")` in 6.8.1's confdata.c, `strncmp` in 6.6.9's).
    pub strict_lines: bool,
    /// `# CONFIG_X is not set` is `CONFIG_X=n` for every type; before, it was ignored for what is neither
    /// bool nor tristate. Since 6.8 (d854b4b21de6, "kconfig: deduplicate code in `conf_read_simple()`": in
    /// 6.8.1, not in 6.6.9), and in updates of 2025 (reviewed for 6.6 on February 5th, for 5.15 on March
    /// 10th; in 5.15.215 and 6.1.166, not in 5.10.265).
    pub unset_is_n: bool,
    /// What is out of range when it is read is forgotten, so that the default counts; until 6.7. Later it
    /// becomes the bound (`sym->flags &= ~SYMBOL_VALID` in 6.8.1's confdata.c; 6.6.9's also clears
    /// `SYMBOL_DEF_USER`).
    pub forgets_out_of_range: bool,
    /// `# end of MENU` and a blank line after menus; since 5.2.
    pub ends_menus: bool,
    /// The same after menus in which nothing is visible; since 5.18 (a7d4f58e99dd, "kconfig: fix missing '# end
    /// of' for empty menu", of February 2022: `end_check:` in 5.19's confdata.c, not in 5.17-rc5's).
    pub ends_empty_menus: bool,
    /// Help begins where a prompt is with `Main menu`; from 5.16 ("kconfig: Create links to main menu items in
    /// search", taken in September 2021: in 5.17-rc5's menu.c, not in 5.15.215's) to 6.0 (in 6.0.1's).
    pub names_main_menu: bool,
    /// Help names the menu entry itself as the last part of where it is; since 6.1 (`menu = prop->menu` in
    /// 6.1-rc6's menu.c, `prop->menu->parent` in 6.0.1's).
    pub locates_itself: bool,
    /// Warnings about unmet direct dependencies have a line for every selector; since 4.17
    /// (`sym_warn_unmet_dep()` in 4.17's symbol.c, not in 4.16.13's).
    pub long_warnings: bool,
    /// A direct dependency of `m` is not taken for `y`, so selecting with `y` warns; since 4.17 (the
    /// same).
    pub modular_dependencies: bool,
    /// Defaults that are `n` do not write the symbol into `.config`; since 4.17 (`if (newval.tri != no)` in
    /// `sym_calc_value()`, not in 4.16.13).
    pub silent_n_defaults: bool,
    /// `imply`: until 5.6 `y` forbids `m`, and counts only where the direct dependency is met ("kconfig:
    /// allow symbols implied by y to become m" of March 2020, in 5.7.6).
    pub strong_imply: bool,
    /// A value out of range becomes the bound's number, printed; until 6.6. Later it becomes the
    /// bound's text ("kconfig: fix memory leak from range properties" of November 2023), and so it does in
    /// the updates of the long-term kernels from 4.19 on, which are what is met of those.
    pub prints_bounds: bool,
    /// bool and tristate compare as 0, 1 and 2; since 4.15 (`expr_parse_string()`, not in 4.14). Before, as
    /// texts.
    pub compares_tristates: bool,
    /// A `.config` that would not change is left alone; since 5.2.
    pub keeps_unchanged: bool,
    /// `KCONFIG_SEED=` goes to standard error: until 5.12 ("kconfig: split randconfig setup code into
    /// `set_randconfig_seed()`" of March 2021; to standard error in 5.11-rc2, to standard output in
    /// 5.15-rc7).
    pub seed_to_stderr: bool,
    /// `olddefconfig` walks the menus before it writes, as `oldconfig` does; until 4.16 (`case
    /// olddefconfig` of 4.16.13's conf.c falls into that, 4.17's does not).
    pub walks_menus: bool,
    /// What is below an entry whose prompt is hidden is not visible either; in 6.11 only (`return visible !=
    /// no` in 6.11.11's `menu_is_visible()`; d01661e1f422, "kconfig: show sub-menu entries even if the prompt
    /// is hidden", took it back in 6.12).
    pub hides_below_hidden: bool,
    /// That a member of a choice is written is never taken back once something made it so; until 4.15 (`if
    /// (!sym_is_choice_value(sym))` in `sym_calc_value()`, not in 4.16.13).
    pub members_stay_written: bool,
    /// New symbols are listed with their values, members of choices too; since 4.17 (conf.c, not in
    /// 4.16.13). Before, only names.
    pub lists_values: bool,
    /// The symbol with `option defconfig_list` is never written; since 4.16 (`SYMBOL_AUTO` in 4.16.13's
    /// `menu_add_option()`, not in 4.15's; `SYMBOL_NO_WRITE` in 4.19.1's).
    pub hides_defconfig_list: bool,
    /// `KCONFIG_WERROR` is obeyed, and the texts it needs exist; since 6.6 (in 6.6.9, not in 6.5.0) and in
    /// the updates of 5.15 and 6.1 (in 5.15.215 and 6.1.166, not in 5.10.265).
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
            strict_lines: dialect.since(6, 8),
            unset_is_n: dialect.since(6, 8) || has_checks(dialect),
            forgets_out_of_range: !dialect.since(6, 8),
            ends_menus: dialect.since(5, 2),
            ends_empty_menus: dialect.since(5, 18),
            names_main_menu: dialect.since(5, 16) && !dialect.since(6, 1),
            locates_itself: dialect.since(6, 1),
            long_warnings: dialect.since(4, 17),
            modular_dependencies: dialect.since(4, 17),
            silent_n_defaults: dialect.since(4, 17),
            strong_imply: !dialect.since(5, 7),
            prints_bounds: !dialect.since(6, 7) && !long_term(dialect),
            compares_tristates: dialect.since(4, 15),
            keeps_unchanged: dialect.since(5, 2),
            seed_to_stderr: !dialect.since(5, 13),
            walks_menus: !dialect.since(4, 17),
            hides_below_hidden: dialect.since(6, 11) && !dialect.since(6, 12),
            members_stay_written: !dialect.since(4, 16),
            lists_values: dialect.since(4, 17),
            hides_defconfig_list: dialect.since(4, 16),
            obeys_werror: dialect.since(6, 6) || has_checks(dialect),
        }
    }
}

/// The long-term kernels that still had updates at the end of 2023, 4.14 apart.
const fn long_term(dialect: Dialect) -> bool {
    matches!((dialect.version, dialect.patchlevel), (4, 19) | (5, 4 | 10 | 15) | (6, 1 | 6))
}

/// Updates of long-term kernels that brought the checks of `.config` back from later ones, with what they
/// rest on.
const fn has_checks(dialect: Dialect) -> bool {
    dialect.is_update(&[(5, 15, 179), (6, 1, 129), (6, 6, 76)])
}
