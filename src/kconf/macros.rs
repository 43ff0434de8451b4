//! Kconfig's macro language (since 4.18): variables, user functions and the six built-in functions.
//!
//! The rules are those of scripts/kconfig/preprocess.c: a reference is `$(…)` only, arguments are
//! expanded before the call, a name is looked up as a variable, then as a built-in function, then in
//! the environment, and what nobody knows expands to nothing. What `conf` lets grow without bounds
//! ends in an error here: expansion has a budget in bytes and in references.

use rustc_hash::FxHashMap;

use super::model::{Message, Place};
use super::probe::Prober;
use super::syntax::{Flavor, Severity};

/// Arguments of a call, its name included (preprocess.c: `FUNCTION_MAX_ARGS`).
const MAX_ARGS: usize = 16;
/// How often a variable may be under expansion at once (preprocess.c: `variable_expand`).
const MAX_RECURSION: u32 = 1000;
/// Bytes that all expansions of a tree may make together; x86's need less than 1 MB.
const MAX_BYTES: usize = 64 << 20;
/// References that a tree may expand; x86 has some 10,000.
const MAX_REFERENCES: u32 = 4_000_000;
/// Bytes that may be looked through for the ends of references; nested ones are looked through again.
const MAX_SCANNED: usize = 1 << 30;
/// How deep references may nest within each other, of whatever variable.
const MAX_DEPTH: u32 = 20_000;

/// Something that ends `conf` at once; its message has been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop;

/// Where an expansion happens, and who hears of it.
pub struct Site<'a> {
    /// The file's name, as `conf` prints it.
    pub file: &'a str,
    /// The line that the lexer is at.
    pub line: u32,
    /// The place of the text that is expanded.
    pub place: Place,
    /// The messages of the tree.
    pub messages: &'a mut Vec<Message>,
}

impl Site<'_> {
    fn say(&mut self, severity: Severity, text: &[u8]) {
        let text = format!("{}:{}: {}", self.file, self.line, String::from_utf8_lossy(text));
        self.messages.push(Message { severity, place: Some(self.place), text, stdout: false });
    }

    /// Says why `conf` would exit here.
    pub fn stop(&mut self, text: &str) -> Stop {
        self.say(Severity::Fatal, text.as_bytes());
        Stop
    }
}

#[derive(Debug)]
struct Variable {
    value: Vec<u8>,
    simple: bool,
    /// How many expansions of it are under way.
    active: u32,
}

/// The macros of a tree under construction.
pub struct Macros<'a, 'p> {
    env: &'a dyn Fn(&str) -> Option<String>,
    prober: Prober<'a, 'p>,
    variables: FxHashMap<Vec<u8>, Variable>,
    environment: Vec<(String, String)>,
    bytes: usize,
    references: u32,
    scanned: usize,
    depth: u32,
}

impl<'a, 'p> Macros<'a, 'p> {
    /// No variable yet; the environment is asked through `env`, the toolchain through `prober`.
    pub fn new(env: &'a dyn Fn(&str) -> Option<String>, prober: Prober<'a, 'p>) -> Self {
        Self {
            env,
            prober,
            variables: FxHashMap::default(),
            environment: Vec::new(),
            bytes: 0,
            references: 0,
            scanned: 0,
            depth: 0,
        }
    }

    /// The variables of the environment that were referred to and set, in order; and the probes.
    pub fn finish(self) -> (Vec<(String, String)>, Vec<super::probe::Outcome>) {
        (self.environment, self.prober.finish())
    }

    /// `name = value`, `name := value` or `name += value` (preprocess.c: `variable_add`).
    pub fn assign(
        &mut self,
        name: &[u8],
        value: &[u8],
        flavor: Flavor,
        at: &mut Site,
    ) -> Result<(), Stop> {
        let known = self.variables.get(name).map(|variable| variable.simple);
        // `+=` keeps the flavour a variable has, and makes a recursive one where there is none.
        let simple = match flavor {
            Flavor::Simple => true,
            Flavor::Recursive => false,
            Flavor::Append => known.unwrap_or(false),
        };
        let value = if simple { self.expand(value, at)? } else { value.to_vec() };
        self.spend(value.len(), at)?;
        match self.variables.get_mut(name) {
            Some(variable) => {
                variable.simple = simple;
                if flavor == Flavor::Append {
                    variable.value.push(b' ');
                    variable.value.extend_from_slice(&value);
                } else {
                    variable.value = value;
                }
            }
            None => {
                self.variables.insert(name.to_vec(), Variable { value, simple, active: 0 });
            }
        }
        Ok(())
    }

    /// `text` with every reference in it expanded.
    pub fn expand(&mut self, text: &[u8], at: &mut Site) -> Result<Vec<u8>, Stop> {
        self.expand_with(text, &[], at)
    }

    /// Expands the reference whose `$` stands before `from`; returns the expansion and where the text
    /// goes on. A `$` without a parenthesis is itself.
    pub fn expand_dollar(
        &mut self,
        text: &[u8],
        from: usize,
        at: &mut Site,
    ) -> Result<(Vec<u8>, usize), Stop> {
        self.dollar(text, from, &[], at)
    }

    fn expand_with(
        &mut self,
        text: &[u8],
        args: &[Vec<u8>],
        at: &mut Site,
    ) -> Result<Vec<u8>, Stop> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = 0;
        while let Some(dollar) = text[rest..].iter().position(|&c| c == b'$') {
            out.extend_from_slice(&text[rest..rest + dollar]);
            let (expansion, next) = self.dollar(text, rest + dollar + 1, args, at)?;
            out.extend_from_slice(&expansion);
            self.spend(expansion.len(), at)?;
            rest = next;
        }
        out.extend_from_slice(&text[rest..]);
        Ok(out)
    }

    fn dollar(
        &mut self,
        text: &[u8],
        from: usize,
        args: &[Vec<u8>],
        at: &mut Site,
    ) -> Result<(Vec<u8>, usize), Stop> {
        if text.get(from) != Some(&b'(') {
            return Ok((b"$".to_vec(), from));
        }
        let Some(end) = closing(text, from + 1) else {
            let rest = String::from_utf8_lossy(&text[from + 1..]).into_owned();
            return Err(at.stop(&format!("unterminated reference to '{rest}': missing ')'")));
        };
        self.references += 1;
        self.depth += 1;
        self.scanned = self.scanned.saturating_add(end - from);
        let endless = self.references > MAX_REFERENCES || self.scanned > MAX_SCANNED;
        if endless || self.depth > MAX_DEPTH {
            return Err(at.stop("macro expansion does not end"));
        }
        let expansion = self.clause(&text[from + 1..end], args, at)?;
        self.depth -= 1;
        Ok((expansion, end + 1))
    }

    /// What stands between the parentheses (preprocess.c: `eval_clause`).
    fn clause(&mut self, clause: &[u8], args: &[Vec<u8>], at: &mut Site) -> Result<Vec<u8>, Stop> {
        if let Some(arg) = argument(clause, args) {
            return Ok(arg.clone());
        }
        let parts = split(clause).ok_or_else(|| at.stop("too many function arguments"))?;
        let name = self.expand_with(parts[0], args, at)?;
        let mut call = Vec::with_capacity(parts.len() - 1);
        for part in &parts[1..] {
            call.push(self.expand_with(part, args, at)?);
        }
        if let Some(value) = self.variable(&name, &call, at)? {
            return Ok(value);
        }
        if let Some(value) = self.function(&name, &call, at)? {
            return Ok(value);
        }
        Ok(if call.is_empty() { self.environment(&name) } else { None }.unwrap_or_default())
    }

    fn variable(
        &mut self,
        name: &[u8],
        args: &[Vec<u8>],
        at: &mut Site,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let Some(variable) = self.variables.get_mut(name) else { return Ok(None) };
        if args.is_empty() && variable.active > 0 {
            let name = String::from_utf8_lossy(name);
            let text = format!("Recursive variable '{name}' references itself (eventually)");
            return Err(at.stop(&text));
        }
        if variable.active > MAX_RECURSION {
            return Err(at.stop("Too deep recursive expansion"));
        }
        let value = variable.value.clone();
        if variable.simple {
            return Ok(Some(value));
        }
        variable.active += 1;
        let expansion = self.expand_with(&value, args, at)?;
        if let Some(variable) = self.variables.get_mut(name) {
            variable.active -= 1;
        }
        Ok(Some(expansion))
    }

    fn function(
        &mut self,
        name: &[u8],
        args: &[Vec<u8>],
        at: &mut Site,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let wanted = match name {
            b"error-if" | b"warning-if" => 2,
            b"info" | b"shell" => 1,
            b"filename" | b"lineno" => 0,
            _ => return Ok(None),
        };
        if args.len() != wanted {
            let few = if args.len() < wanted { "few" } else { "many" };
            let name = String::from_utf8_lossy(name);
            return Err(at.stop(&format!("too {few} function arguments passed to '{name}'")));
        }
        Ok(Some(match name {
            b"error-if" if args[0] == b"y" => {
                at.say(Severity::Fatal, &args[1]);
                return Err(Stop);
            }
            b"warning-if" if args[0] == b"y" => {
                at.say(Severity::Warning, &args[1]);
                Vec::new()
            }
            b"info" => {
                let text = String::from_utf8_lossy(&args[0]).into_owned();
                let (severity, place) = (Severity::Warning, Some(at.place));
                at.messages.push(Message { severity, place, text, stdout: true });
                Vec::new()
            }
            b"filename" => at.file.as_bytes().to_vec(),
            b"lineno" => at.line.to_string().into_bytes(),
            b"shell" => match self.prober.shell(&args[0], at.place) {
                Ok(output) => output,
                Err(why) => return Err(at.stop(&why)),
            },
            _ => Vec::new(),
        }))
    }

    /// A variable of the environment that is asked for by name.
    pub fn env(&mut self, name: &str) -> Option<String> {
        let value = self.environment(name.as_bytes())?;
        String::from_utf8(value).ok()
    }

    /// The first look at a variable is remembered with its value: auto.conf depends on it.
    fn environment(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?;
        if let Some((_, value)) = self.environment.iter().find(|(known, _)| known == name) {
            return Some(value.clone().into_bytes());
        }
        let value = (self.env)(name)?;
        self.environment.push((name.to_owned(), value.clone()));
        Some(value.into_bytes())
    }

    fn spend(&mut self, bytes: usize, at: &mut Site) -> Result<(), Stop> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_BYTES {
            return Err(at.stop("macros expand to more than 64 MB"));
        }
        Ok(())
    }
}

/// The `)` that closes what starts at `from`.
pub fn closing(text: &[u8], from: usize) -> Option<usize> {
    let mut nest = 0_usize;
    for (at, c) in text.iter().enumerate().skip(from) {
        match c {
            b'(' => nest += 1,
            b')' if nest == 0 => return Some(at),
            b')' => nest -= 1,
            _ => {}
        }
    }
    None
}

/// `1`, `2`, … within a call that has so many arguments, read as `strtoul` reads it.
fn argument<'a>(clause: &[u8], args: &'a [Vec<u8>]) -> Option<&'a Vec<u8>> {
    if args.is_empty() {
        return None;
    }
    let digits = std::str::from_utf8(clause)
        .ok()?
        .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
    let number: usize = digits.strip_prefix('+').unwrap_or(digits).parse().ok()?;
    args.get(number.checked_sub(1)?)
}

/// Splits at the commas outside of parentheses; nothing where there are too many.
fn split(clause: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    let (mut nest, mut from) = (0_i64, 0);
    for (at, c) in clause.iter().enumerate() {
        match c {
            b',' if nest == 0 => {
                parts.push(&clause[from..at]);
                from = at + 1;
            }
            b'(' => nest += 1,
            b')' => nest -= 1,
            _ => {}
        }
        if parts.len() >= MAX_ARGS {
            return None;
        }
    }
    parts.push(&clause[from..]);
    Some(parts)
}
