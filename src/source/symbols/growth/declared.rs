//! How a declaration within something is reached: a member of a structure that is new or longer.

use super::entities::{Kind, POINTER, Parsed};
use super::{Growth, NAME, Reached};

impl Growth {
    /// How the bytes of `file` from `from` to `to` are reached: they lie in a spot, or mention a macro, a
    /// constant or a type that is. The name that they declare is at `name`.
    pub fn of_bytes(
        &self,
        file: &str,
        (from, to): (u32, u32),
        name: (u32, u32),
    ) -> Option<Reached> {
        let source = self.sources.get(file);
        let header = || self.headers.iter().find(|header| header.path == file);
        let known = source.map(|(file, _)| file).or_else(header)?;
        let kind = Kind::Variable;
        let touching = known.spots.iter().filter(|spot| spot.from < to && from < spot.to);
        if let Some(tag) = touching.map(|spot| spot.tag).min() {
            return Some(Reached { tag, through: Vec::new(), kind });
        }
        let mut words = Parsed::default();
        words.mention(&known.text, name, (from, to));
        let reached = words.words.iter().filter_map(|word| {
            let name = word & NAME;
            let own = source.and_then(|(_, own)| own.get(&name));
            let step = own.or_else(|| self.global.get(&name))?;
            let passes = match step.kind {
                Kind::Macro | Kind::Constant => true,
                Kind::Type => word & POINTER == 0,
                _ => false,
            };
            (passes && step.is_meant(*word)).then_some(step)
        });
        let step = reached.min_by_key(|step| step.rank())?;
        let mut through = vec![self.name(source, step)];
        through.extend(self.path(source, step));
        Some(Reached { tag: step.tag, through, kind })
    }
}
