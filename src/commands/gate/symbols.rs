//! Reads the images of a pair to name what grew.
//!
//! An image that is gone costs the names, not the verdict on payload: that is a warning here, and
//! only a limit on symbols themselves cannot be judged without them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::analyze::pairs::{Pair, Side};
use crate::analyze::symbols;
use crate::elf::{Input, Want};
use crate::exit::Result;
use crate::model::baseline::Named;
use crate::model::verdict::SymbolChange;

/// Fills `pair.symbols` if both sides have symbols to read.
pub fn read(pair: &mut Pair, dir: &Path) -> Result<()> {
    if let Some(head) = pair.head.file().map(|file| dir.join(file))
        && is_vmlinux(pair)
    {
        pair.symbols = changes(&pair.base, &head, dir)?;
    }
    Ok(())
}

/// Only the linked kernel's symbols are compared; a scope's members are not one image.
fn is_vmlinux(pair: &Pair) -> bool {
    pair.target == crate::model::run::Target::Vmlinux
}

fn changes(base: &Side, head: &Path, dir: &Path) -> Result<Option<Vec<SymbolChange>>> {
    let new = Input::open(head)?;
    let new = [new.image(Want::SYMBOLS)?];
    if let Some(file) = base.file() {
        let old = Input::open(&dir.join(file))?;
        let old = [old.image(Want::SYMBOLS)?];
        return Ok(Some(symbols::between(&old, &new)));
    }
    let nothing = BTreeMap::new();
    let old = match base.sizes() {
        Some(sizes) => match &sizes.symbols {
            Some(symbols) => symbols,
            None => return Ok(None),
        },
        None => &nothing,
    };
    Ok(Some(symbols::changes(old, &symbols::by_name(&new))))
}

/// The symbols of `file` by name.
pub fn by_name(file: &Path) -> Result<BTreeMap<String, Named>> {
    let input = Input::open(file)?;
    Ok(symbols::by_name(&[input.image(Want::SYMBOLS)?]))
}
