//! Reads the images of a pair to name what grew.
//!
//! An image that is gone costs the names, not the verdict on payload: that is a warning here, and
//! only a limit on symbols themselves cannot be judged without them.

use std::path::Path;

use crate::analyze::pairs::{Pair, Side};
use crate::analyze::symbols;
use crate::elf::{Input, Want};
use crate::exit::Result;
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
    let new = by_name(head)?;
    let old = match (base.file().map(|file| dir.join(file)), base.sizes()) {
        (Some(file), _) => by_name(&file)?,
        (None, Some(sizes)) => match &sizes.symbols {
            Some(symbols) => symbols.clone(),
            None => return Ok(None),
        },
        (None, None) => std::collections::BTreeMap::new(),
    };
    Ok(Some(symbols::changes(&old, &new)))
}

/// The sizes of the symbols of `file` by name.
pub fn by_name(file: &Path) -> Result<std::collections::BTreeMap<String, u64>> {
    let input = Input::open(file)?;
    Ok(symbols::by_name(&input.image(Want::SYMBOLS)?))
}
