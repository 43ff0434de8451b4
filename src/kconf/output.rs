//! What `conf` prints, line by line, and where to.

/// Standard output or standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// Standard output, unless `conf` was told to be silent.
    Message,
}

/// Everything printed so far, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Pieces of text, each with its line feeds.
    pub pieces: Vec<(Stream, Vec<u8>)>,
}

impl Output {
    /// Prints to standard output.
    pub fn out(&mut self, text: impl Into<Vec<u8>>) {
        self.print(Stream::Out, text.into());
    }

    /// Prints to standard error.
    pub fn err(&mut self, text: impl Into<Vec<u8>>) {
        self.print(Stream::Err, text.into());
    }

    fn print(&mut self, stream: Stream, mut text: Vec<u8>) {
        match self.pieces.last_mut() {
            Some((last, piece)) if *last == stream => piece.append(&mut text),
            _ => self.pieces.push((stream, text)),
        }
    }

    /// What went to `stream`, in one piece; messages go to standard output.
    pub fn text(&self, stream: Stream) -> Vec<u8> {
        let message = |to| stream == Stream::Out && to == Stream::Message;
        let pieces = self.pieces.iter().filter(|(to, _)| *to == stream || message(*to));
        pieces.flat_map(|(_, text)| text.iter().copied()).collect()
    }

    /// Prints to standard output unless `conf` was told to be silent.
    pub fn note(&mut self, text: impl Into<Vec<u8>>) {
        self.print(Stream::Message, text.into());
    }

    /// Takes over everything that `other` has printed.
    pub fn append(&mut self, other: &mut Self) {
        for (stream, text) in other.pieces.drain(..) {
            self.print(stream, text);
        }
    }

    /// A message of `conf` about a configuration (confdata.c: `conf_message`).
    pub fn message(&mut self, text: &[u8]) {
        self.note([b"#\n# ", text, b"\n#\n"].concat());
    }
}
