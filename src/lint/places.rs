//! Places in files: from a span to file, line and column, and to the text of a line.

use std::borrow::Cow;

use super::context::Arch;
use crate::kconf::model::{Place, PropId};
use crate::kconf::syntax::{File, Span};
use crate::model::finding::{Fact, Finding};
use crate::source::guards;

impl Arch {
    /// A finding at a place of this architecture's Kconfig.
    pub fn at(&self, place: Place, message: impl Into<String>) -> Finding {
        self.at_span(place, place.span, message)
    }

    /// A finding at a part of `place`'s file.
    pub fn at_span(&self, place: Place, span: Span, message: impl Into<String>) -> Finding {
        in_kconfig(self.model.file(place.file), span, message)
    }

    /// A fact at a place of this architecture's Kconfig.
    pub fn fact(&self, place: Place, text: impl Into<String>) -> Fact {
        let file = self.model.file(place.file);
        let (line, _) = file.position(place.span.start);
        Fact { file: file.name.clone(), line, text: text.into() }
    }

    /// The line of Kconfig that a property is, as it is written.
    pub fn written(&self, prop: PropId) -> Cow<'_, str> {
        let place = self.model.prop(prop).place;
        String::from_utf8_lossy(self.model.file(place.file).text(place.span))
    }

    /// The name of a symbol.
    pub fn name_of(&self, id: crate::kconf::model::SymbolId) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.model.symbol(id).name)
    }
}

/// A finding at a place of a Kconfig file.
pub fn in_kconfig(file: &File, span: Span, message: impl Into<String>) -> Finding {
    let (line, column) = file.position(span.start);
    Finding {
        file: file.name.clone(),
        line,
        column,
        length: span.len,
        message: message.into(),
        ..Finding::default()
    }
}

/// A finding at a place of a C file, assembly or linker script; `text` is the file's.
pub fn in_source(path: &str, text: &[u8], at: guards::Span, message: impl Into<String>) -> Finding {
    let start = (at.start as usize).min(text.len());
    let line_start = memchr::memrchr(b'\n', &text[..start]).map_or(0, |newline| newline + 1);
    Finding {
        file: path.to_owned(),
        line: memchr::memchr_iter(b'\n', &text[..start]).count() as u32 + 1,
        column: (start - line_start) as u32 + 1,
        length: at.len,
        message: message.into(),
        ..Finding::default()
    }
}

/// A finding at a span of a C file, assembly or linker script, as the reader of guards gives it.
pub fn at_span(path: &str, at: guards::Span, message: impl Into<String>) -> Finding {
    Finding {
        file: path.to_owned(),
        line: at.line,
        column: at.column,
        length: at.len,
        message: message.into(),
        ..Finding::default()
    }
}
