//! What a table calls its payload column: an estimate is never shown without saying so.
//!
//! Where all payloads are estimated the header says it, in two lines so that the column stays narrow.
//! Where some are and some come from linker maps, each estimated one says it itself.

use crate::model::size::{Payload, PayloadKind};

/// The payload column of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// All from linker maps, or none at all.
    Exact,
    /// All estimated.
    Estimated,
    /// Some estimated.
    Mixed,
}

impl Column {
    /// For these payloads.
    pub fn of(payloads: impl IntoIterator<Item = Option<Payload>>) -> Self {
        let (mut exact, mut estimated) = (false, false);
        for payload in payloads.into_iter().flatten() {
            match payload.kind {
                PayloadKind::Map => exact = true,
                PayloadKind::Estimated => estimated = true,
            }
        }
        match (exact, estimated) {
            (_, false) => Self::Exact,
            (false, true) => Self::Estimated,
            (true, true) => Self::Mixed,
        }
    }

    /// Its header on a terminal.
    pub fn header(self) -> &'static str {
        if self == Self::Estimated { "payload\n(estimated)" } else { "payload" }
    }

    /// Its header in one line.
    pub fn title(self) -> &'static str {
        if self == Self::Estimated { "payload (estimated)" } else { "payload" }
    }

    /// The text of a cell with this payload.
    pub fn cell(self, payload: Option<Payload>, text: &str) -> String {
        let estimated = payload.is_some_and(|payload| payload.kind == PayloadKind::Estimated);
        if self == Self::Mixed && estimated && text != "-" {
            return format!("est. {text}");
        }
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_says_so_in_the_header_or_in_its_cell() {
        let map = Some(Payload { bytes: 1, kind: PayloadKind::Map });
        let guess = Some(Payload { bytes: 1, kind: PayloadKind::Estimated });
        assert_eq!(Column::of([None, map]).title(), "payload");
        assert_eq!(Column::of([None]).title(), "payload");
        let all = Column::of([guess, None]);
        assert_eq!((all.title(), all.cell(guess, "+1")), ("payload (estimated)", "+1".into()));
        let mixed = Column::of([guess, map]);
        assert_eq!((mixed.title(), mixed.cell(guess, "+1")), ("payload", "est. +1".into()));
        assert_eq!((mixed.cell(map, "+1"), mixed.cell(guess, "-")), ("+1".into(), "-".into()));
    }
}
