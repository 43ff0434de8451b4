//! What an evaluation needs to know of a model besides the model: the order in which `conf` visits
//! all symbols, symbols by name, and who belongs to which choice.
//!
//! `conf` keeps symbols in a hash table and walks it bucket by bucket. The order decides which
//! warning comes first and which symbol gets which random number, so it is reproduced: FNV-1a of the
//! name, modulo 9,973 buckets (scripts/kconfig/expr.h of 6.1) or 16,384 (internal.h of 6.12), new
//! symbols at the head of their bucket.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::rules::Rules;
use crate::kconf::model::{MOD, MenuId, Model, NO, SymbolId, YES};

/// Derived data of one model, shared by all its evaluations.
#[derive(Debug)]
pub struct Tables {
    /// For a member of a choice: the choice's menu.
    pub choice_of: Vec<Option<MenuId>>,
    /// The members of every choice in the order of its menu (a member that is defined twice appears
    /// twice).
    pub entries: FxHashMap<MenuId, Vec<SymbolId>>,
    /// The members of choices as they are written, which is how important they are before the user says
    /// anything (since 6.11).
    pub priorities: FxHashMap<MenuId, Vec<SymbolId>>,
    order: OnceLock<Vec<SymbolId>>,
    names: OnceLock<FxHashMap<Box<[u8]>, SymbolId>>,
    buckets: u32,
}

impl Tables {
    /// The tables of `model`.
    pub fn new(model: &Model, rules: Rules) -> Self {
        let mut choice_of = vec![None; model.symbols.len()];
        let mut entries = FxHashMap::default();
        let mut priorities = FxHashMap::default();
        for (number, symbol) in model.symbols.iter().enumerate() {
            if !symbol.is_choice {
                continue;
            }
            for menu in &symbol.menus {
                if !rules.choice_lists {
                    priorities.insert(*menu, symbol.members.clone());
                }
                if rules.choice_lists {
                    entries.insert(*menu, symbol.members.clone());
                } else {
                    entries.insert(*menu, entries_below(model, *menu));
                }
            }
            for member in &symbol.members {
                let member = member.index();
                choice_of[member] = if rules.choice_lists {
                    model.symbols[member].choice.or(symbol.menus.first().copied())
                } else {
                    choice_menu(model, SymbolId::new(member as u32))
                };
            }
            debug_assert!(number > 2);
        }
        Self {
            choice_of,
            entries,
            priorities,
            order: OnceLock::new(),
            names: OnceLock::new(),
            buckets: rules.buckets,
        }
    }

    /// All symbols but `n`, `m` and `y`, in the order of `conf`'s hash table.
    pub fn order(&self, model: &Model) -> &[SymbolId] {
        self.order.get_or_init(|| {
            let mut heads = vec![u32::MAX; self.buckets as usize];
            let mut next = vec![u32::MAX; model.symbols.len()];
            for (number, symbol) in model.symbols.iter().enumerate().skip(3) {
                // Symbols without a name, that is choices, are in the first bucket.
                let unnamed = symbol.name.is_empty() && symbol.is_choice;
                let bucket = if unnamed { 0 } else { hash(&symbol.name) % self.buckets } as usize;
                next[number] = std::mem::replace(&mut heads[bucket], number as u32);
            }
            let mut order = Vec::with_capacity(model.symbols.len());
            for head in heads {
                let mut at = head;
                while at != u32::MAX {
                    order.push(SymbolId::new(at));
                    at = next[at as usize];
                }
            }
            order
        })
    }

    /// The symbol of this name that is no constant (scripts/kconfig/symbol.c: `sym_find`).
    pub fn find(&self, model: &Model, name: &[u8]) -> Option<SymbolId> {
        match name {
            b"n" => return Some(NO),
            b"m" => return Some(MOD),
            b"y" => return Some(YES),
            _ => {}
        }
        let names = self.names.get_or_init(|| {
            let symbols = model.symbols.iter().enumerate().skip(3);
            symbols
                .filter(|(_, symbol)| {
                    !symbol.constant && (!symbol.is_choice || !symbol.name.is_empty())
                })
                .map(|(number, symbol)| (symbol.name.clone(), SymbolId::new(number as u32)))
                .collect()
        });
        names.get(name).copied()
    }
}

/// FNV-1a of 32 bits over `char`s, which are signed where `conf` usually runs
/// (scripts/include/hash.h: `hash_str`).
fn hash(name: &[u8]) -> u32 {
    let mut hash = 2_166_136_261u32;
    for byte in name {
        hash = (hash ^ (*byte as i8 as u32)).wrapping_mul(0x0100_0193);
    }
    hash
}

/// The symbols of all menus below `choice`.
fn entries_below(model: &Model, choice: MenuId) -> Vec<SymbolId> {
    let below = model.menus_below(choice).into_iter();
    below.filter_map(|menu| model.menu(menu).symbol).collect()
}

/// The choice around the first definition that has a prompt (symbol.c: `sym_get_choice_menu`).
fn choice_menu(model: &Model, symbol: SymbolId) -> Option<MenuId> {
    let menus = &model.symbol(symbol).menus;
    let mut at = *menus.iter().find(|menu| model.menu(**menu).prompt.is_some())?;
    loop {
        at = model.menu(at).parent?;
        if let Some(symbol) = model.menu(at).symbol {
            return model.symbol(symbol).is_choice.then_some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv1a() {
        // Reference values of FNV-1a, 32 bits.
        assert_eq!(hash(b""), 0x811c_9dc5);
        assert_eq!(hash(b"a"), 0xe40c_292c);
        assert_eq!(hash(b"foobar"), 0xbf9c_f968);
    }
}
