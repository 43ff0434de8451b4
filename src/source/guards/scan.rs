//! Finds the directives of a file and what is comment, literal and code, in one pass.
//!
//! This decides what counts: a `#if` in a comment, in a string, in a raw string or after other text on
//! its line is none. The rules are those of GCC's libcpp: lines are spliced first; a literal ends at
//! the end of its line at the latest (assembly is full of single apostrophes); a directive is a `#`
//! that begins a line, and goes on over the newlines of its block comments. Most bytes are only
//! looked at by memchr.

use memchr::{memchr, memchr2, memchr3};

use super::chars::{before, in_name, is_blank, is_space, skip_splices, spliced_at, starts_name};

/// What a directive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One that begins a block.
    Block(super::types::Directive),
    Endif,
    Define,
    Undef,
    Include,
    /// `#error` and `#warning`.
    Error,
    /// Everything else, also what is none (`#` and a comment in assembly).
    Other,
}

/// A directive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) kind: Kind,
    /// The `#`.
    pub(super) start: usize,
    /// After the directive's name.
    pub(super) name_end: usize,
    /// The newline at its end, or the end of the text.
    pub(super) end: usize,
    /// Whether there is any code between it and the directive before.
    pub(super) code_before: bool,
}

/// What is not code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    Comment,
    Literal,
}

/// A file taken apart.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) directives: Vec<Found>,
    /// Comments and literals, also those in directives, in order; only if asked for.
    pub(super) regions: Vec<(u32, u32, Region)>,
    /// Whether there is code after the last directive.
    pub(super) code_after: bool,
    /// Where a comment begins that does not end.
    pub(super) unterminated: Option<usize>,
}

struct Scanner<'a> {
    text: &'a [u8],
    /// Raw strings and digraphs exist.
    c: bool,
    keep_regions: bool,
    out: Scan,
}

/// Takes `text` apart.
pub(super) fn scan(text: &[u8], assembly: bool, keep_regions: bool) -> Scan {
    let mut scanner = Scanner { text, c: !assembly, keep_regions, out: Scan::default() };
    scanner.run();
    scanner.out
}

/// Finds the next byte that means something: two searches, so that both can use SIMD, each repeated
/// only when it has fallen behind.
struct Special {
    common: usize,
    rare: usize,
}

impl Special {
    fn next(&mut self, text: &[u8], from: usize) -> usize {
        let end = text.len();
        if self.common < from || self.common == usize::MAX {
            let found = memchr3(b'/', b'"', b'#', &text[from..]);
            self.common = found.map_or(end, |at| from + at);
        }
        if self.rare < from || self.rare == usize::MAX {
            self.rare = memchr2(b'\'', b'%', &text[from..]).map_or(end, |at| from + at);
        }
        self.common.min(self.rare)
    }
}

impl Scanner<'_> {
    fn run(&mut self) {
        let text = self.text;
        let mut special = Special { common: usize::MAX, rare: usize::MAX };
        // The end of the last comment, literal or directive, and whether a line's beginning was there.
        let (mut floor, mut floor_begins) = (0, true);
        let mut code = false;
        // A byte that turned out to mean nothing; scanning goes on after it.
        let mut at = 0;
        loop {
            let next = special.next(text, at);
            code = code || text[at..next].iter().any(|byte| !is_space(*byte) && *byte != b'\\');
            if next == text.len() {
                break;
            }
            match text[next] {
                b'/' => {
                    let begins = self.begins_line(next, floor, floor_begins);
                    if let Some(end) = self.comment(next) {
                        (at, floor, floor_begins) = (end, end, begins);
                        continue;
                    }
                }
                b'"' | b'\'' => {
                    let end = self.literal(next);
                    code = true;
                    (at, floor, floor_begins) = (end, end, false);
                    continue;
                }
                hash => {
                    let len = if hash == b'#' { Some(1) } else { self.digraph(next) };
                    if let Some(len) = len
                        && self.begins_line(next, floor, floor_begins)
                    {
                        let end = self.directive(next, len, code);
                        code = false;
                        (at, floor, floor_begins) = (end, end, true);
                        continue;
                    }
                }
            }
            code = true;
            at = next + 1;
        }
        self.out.code_after = code;
    }

    fn region(&mut self, start: usize, end: usize, region: Region) {
        if self.keep_regions {
            self.out.regions.push((start as u32, end as u32, region));
        }
    }

    /// The length of the digraph `%:` at `at`, which is another spelling of `#`.
    fn digraph(&self, at: usize) -> Option<usize> {
        let colon = skip_splices(self.text, at + 1);
        (self.c && self.text.get(colon) == Some(&b':')).then_some(colon + 1 - at)
    }

    /// Whether only blanks and comments are before `at` on its line.
    fn begins_line(&self, at: usize, floor: usize, floor_begins: bool) -> bool {
        let mut at = at;
        while at > floor {
            let byte = self.text[at - 1];
            if byte == b'\n' {
                match spliced_at(self.text, at - 1) {
                    Some(backslash) if backslash >= floor => at = backslash,
                    _ => return true,
                }
            } else if is_blank(byte) {
                at -= 1;
            } else {
                return false;
            }
        }
        floor_begins
    }

    /// The end of the comment that begins at the slash at `start`, if one does.
    fn comment(&mut self, start: usize) -> Option<usize> {
        let text = self.text;
        let second = skip_splices(text, start + 1);
        let end = match text.get(second)? {
            b'*' => self.block_comment(start, second),
            b'/' => line_end(text, second + 1),
            _ => return None,
        };
        self.region(start, end, Region::Comment);
        Some(end)
    }

    fn block_comment(&mut self, start: usize, star: usize) -> usize {
        let text = self.text;
        let mut at = star + 1;
        while let Some(slash) = memchr(b'/', &text[at..]).map(|found| at + found) {
            if let Some(last) = before(text, slash)
                && text[last] == b'*'
                && last > star
            {
                return slash + 1;
            }
            at = slash + 1;
        }
        self.out.unterminated = self.out.unterminated.or(Some(start));
        text.len()
    }

    /// The end of the literal whose quote is at `start`.
    fn literal(&mut self, start: usize) -> usize {
        let text = self.text;
        let end = self.raw_string(start).unwrap_or_else(|| {
            let quote = text[start];
            let mut at = start + 1;
            loop {
                let Some(found) = memchr3(quote, b'\\', b'\n', &text[at..]) else {
                    break text.len();
                };
                let found = at + found;
                match text[found] {
                    b'\n' => break found,
                    b'\\' => {
                        let spliced = skip_splices(text, found);
                        at = if spliced == found {
                            // An escape; the escaped byte may be on the next line.
                            let escaped = skip_splices(text, found + 1);
                            escaped + usize::from(text.get(escaped).is_some_and(|b| *b != b'\n'))
                        } else {
                            spliced
                        };
                    }
                    _ => break found + 1,
                }
            }
        });
        self.region(start, end, Region::Literal);
        end
    }

    /// The end of a raw string `R"x(…)x"`, if the quote at `start` begins one.
    fn raw_string(&self, start: usize) -> Option<usize> {
        let text = self.text;
        if !self.c || text[start] != b'"' || text[..start].last() != Some(&b'R') {
            return None;
        }
        let prefix = text[..start].iter().rev().take_while(|byte| in_name(**byte)).count();
        if !matches!(&text[start - prefix..start], b"R" | b"LR" | b"uR" | b"UR" | b"u8R") {
            return None;
        }
        let open = memchr(b'(', &text[start..text.len().min(start + 18)])? + start;
        let delimiter = &text[start + 1..open];
        if delimiter.iter().any(|byte| is_space(*byte) || matches!(byte, b'\\' | b')' | b'"')) {
            return None;
        }
        let close = [b")", delimiter, b"\""].concat();
        let end = memchr::memmem::find(&text[open..], &close);
        Some(end.map_or(text.len(), |at| open + at + close.len()))
    }

    /// Records the directive whose `#` (of `hash_len` bytes) is at `start`; returns its end.
    fn directive(&mut self, start: usize, hash_len: usize, code_before: bool) -> usize {
        let text = self.text;
        let mut name = start + hash_len;
        loop {
            name = skip_splices(text, name);
            match text.get(name) {
                Some(byte) if is_blank(*byte) => name += 1,
                Some(b'/') => match self.comment(name) {
                    Some(end) => name = end,
                    None => break,
                },
                _ => break,
            }
        }
        let mut word = [0; 12];
        let mut len = 0;
        let mut name_end = name;
        loop {
            let at = skip_splices(text, name_end);
            match text.get(at) {
                Some(byte) if in_name(*byte) && (len > 0 || starts_name(*byte)) => {
                    if len < word.len() {
                        word[len] = *byte;
                    }
                    len += 1;
                    name_end = at + 1;
                }
                _ => break,
            }
        }
        let kind = kind(&word[..len.min(word.len())]);
        let mut at = name_end;
        if kind == Kind::Include {
            // No comment begins between `<` and `>`.
            let blanks = text[at..].iter().take_while(|byte| is_blank(**byte)).count();
            if text.get(at + blanks) == Some(&b'<') {
                let close = memchr2(b'>', b'\n', &text[at..]);
                at = close.map_or(text.len(), |found| at + found);
            }
        }
        let end = self.directive_end(at);
        self.out.directives.push(Found { kind, start, name_end, end, code_before });
        end
    }

    fn directive_end(&mut self, mut at: usize) -> usize {
        let text = self.text;
        loop {
            let newline = memchr(b'\n', &text[at..]).map_or(text.len(), |found| at + found);
            match memchr3(b'/', b'"', b'\'', &text[at..newline]).map(|found| at + found) {
                Some(slash) if text[slash] == b'/' => {
                    at = self.comment(slash).unwrap_or(slash + 1);
                }
                Some(quote) => at = self.literal(quote),
                None if newline < text.len()
                    && spliced_at(text, newline).is_some_and(|b| b >= at) =>
                {
                    at = newline + 1;
                }
                None => return newline,
            }
        }
    }
}

/// The newline that ends the line at `at`, or the end of the text; spliced lines are one.
fn line_end(text: &[u8], mut at: usize) -> usize {
    loop {
        let Some(newline) = memchr(b'\n', &text[at..]).map(|found| at + found) else {
            return text.len();
        };
        if spliced_at(text, newline).is_none() {
            return newline;
        }
        at = newline + 1;
    }
}

fn kind(name: &[u8]) -> Kind {
    use super::types::Directive;
    match name {
        b"if" => Kind::Block(Directive::If),
        b"ifdef" => Kind::Block(Directive::Ifdef),
        b"ifndef" => Kind::Block(Directive::Ifndef),
        b"elif" => Kind::Block(Directive::Elif),
        b"elifdef" => Kind::Block(Directive::Elifdef),
        b"elifndef" => Kind::Block(Directive::Elifndef),
        b"else" => Kind::Block(Directive::Else),
        b"endif" => Kind::Endif,
        b"define" => Kind::Define,
        b"undef" => Kind::Undef,
        b"include" | b"include_next" | b"import" => Kind::Include,
        b"error" | b"warning" => Kind::Error,
        _ => Kind::Other,
    }
}
