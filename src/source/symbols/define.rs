//! Where a file defines the names that a symbol table has: functions, variables, what well-known macros
//! make, labels of assembly.
//!
//! Asked with a name that is known to be in the file's object, so this errs on the side of finding:
//! what a file says at its top level about a name is taken for its definition, unless it only
//! declares it.

use rustc_hash::FxHashMap;

use super::declare::functions;
use super::lexer::{Depth, Kind, Lexer, Token, directive};
use super::types::Function;
use crate::source::guards::FileKind;

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    /// A function with a body.
    Function,
    /// A variable, or what a macro makes of the name: `DEFINE_MUTEX(name)`, `SYSCALL_DEFINE1(name, …)`.
    Variable,
    /// `static` within a function.
    Local,
    /// A label of assembly.
    Label,
}

/// A definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// Where the name is, in bytes.
    pub at: u32,
    /// What it is.
    pub what: What,
}

/// What a file defines.
#[derive(Debug, Clone, Default)]
pub struct Definitions {
    by_name: FxHashMap<Box<[u8]>, Vec<Definition>>,
}

/// What the linker's names have before the name that the source has.
const PREFIXES: &[&str] = &[
    "__pfx_",
    "__cfi_",
    "__do_sys_",
    "__se_sys_",
    "__x64_sys_",
    "__ia32_sys_",
    "__arm64_sys_",
    "__riscv_sys_",
    "__s390x_sys_",
    "__do_compat_sys_",
    "__se_compat_sys_",
    "__ia32_compat_sys_",
    "__x64_compat_sys_",
    "__arm64_compat_sys_",
    "sys_",
    "__ksymtab_gpl_",
    "__ksymtab_",
    "__kstrtabns_",
    "__kstrtab_",
    "__kvm_nvhe_",
    "__pi_",
    "__setup_str_",
    "__setup_",
    "__tracepoint_",
    "__traceiter_",
    "__bpf_trace_",
    "trace_event_raw_event_",
    "perf_trace_",
    "trace_raw_output_",
    "event_",
    "__param_",
    "__param_str_",
];

/// The name without what compilers add: `foo.isra.0`, `foo.cold`, `buf.12`.
pub fn plain(name: &str) -> &str {
    let end = name.find('.').filter(|at| *at > 0).unwrap_or(name.len());
    &name[..end]
}

impl Definitions {
    /// What a file of that kind defines.
    pub fn of(kind: FileKind, text: &[u8]) -> Self {
        let mut out = Self::default();
        if kind.is_assembly() {
            out.labels(text);
        } else {
            out.functions(text);
            out.variables(text);
        }
        out
    }

    /// The definitions of a symbol, by the name that the symbol table has; the likeliest kind first, then
    /// in the file's order. Several where branches of conditionals define it.
    pub fn find(&self, symbol: &str) -> Vec<Definition> {
        let name = plain(symbol);
        let known = |name: &str| self.by_name.get(name.as_bytes());
        let made = || {
            let mut bases = PREFIXES.iter().filter_map(|prefix| name.strip_prefix(prefix));
            bases.find_map(known).or_else(|| self.initcall(name))
        };
        let Some(found) = known(name).or_else(made) else { return Vec::new() };
        let mut found = found.clone();
        found.sort_by_key(|one| (one.what, one.at));
        let best = found[0].what;
        found.retain(|one| one.what == best);
        // The first mention of a variable defines it; functions may have a definition in each branch.
        found.truncate(if best == What::Function { usize::MAX } else { 1 });
        found
    }

    /// `__initcall__kmod_hello__123_45_hello_init6` is of `hello_init`.
    fn initcall(&self, name: &str) -> Option<&Vec<Definition>> {
        let rest = name.strip_prefix("__initcall__")?;
        let rest = rest.trim_end_matches('s').trim_end_matches(|c: char| c.is_ascii_digit());
        let rest =
            rest.trim_end_matches("early").trim_end_matches("rootfs").trim_end_matches("con");
        let mut starts = rest.match_indices('_').map(|(at, _)| &rest[at + 1..]);
        starts.find_map(|name| self.by_name.get(name.as_bytes()))
    }

    fn add(&mut self, name: &[u8], at: u32, what: What) {
        let known = self.by_name.entry(name.into()).or_default();
        if known.len() < 16 && !known.iter().any(|one| one.at == at) {
            known.push(Definition { at, what });
        }
    }

    fn functions(&mut self, text: &[u8]) {
        for Function { name, .. } in functions(text).iter().filter(|f| f.is_defined()) {
            self.add(&text[name.0 as usize..name.1 as usize], name.0, What::Function);
        }
    }

    /// Names in statements at the top level, and in `static` statements of functions.
    fn variables(&mut self, text: &[u8]) {
        let mut depth = Depth::default();
        let mut statement: Vec<Token> = Vec::new();
        let mut value = false;
        for token in Lexer::new(text) {
            match token.kind {
                Kind::Directive => {
                    depth.directive(directive(text, token).0);
                    if depth.now == 0 {
                        statement.clear();
                        value = false;
                    }
                }
                Kind::Punct(open @ (b'{' | b'}' | b';')) => {
                    self.statement(text, &statement, depth.now);
                    statement.clear();
                    value = false;
                    match open {
                        b'{' => depth.now += 1,
                        b'}' => depth.now = depth.now.saturating_sub(1),
                        _ => {}
                    }
                }
                Kind::Punct(b'=') => value = true,
                Kind::Punct(b',') if depth.now == 0 => value = false,
                _ if !value && statement.len() < 200 => statement.push(token),
                _ => {}
            }
        }
        self.statement(text, &statement, depth.now);
    }

    fn statement(&mut self, text: &[u8], tokens: &[Token], depth: u32) {
        let is_name = |token: &&Token| token.kind == Kind::Name;
        let Some(first) = tokens.iter().find(is_name).map(|token| token.of(text)) else { return };
        let is_static = first == b"static";
        let declares =
            matches!(first, b"extern" | b"typedef" | b"EXPORT_SYMBOL" | b"MODULE_LICENSE")
                || first.starts_with(b"EXPORT_");
        if declares || (depth > 0 && !is_static) {
            return;
        }
        let what = if depth == 0 { What::Variable } else { What::Local };
        // `struct x;` and prototypes declare, too: what is called is no variable, unless by a macro.
        let brackets = tokens.iter().any(|token| token.is(b'('));
        let made = first.iter().any(u8::is_ascii_uppercase) || is_static || !brackets;
        for (index, token) in
            tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Name)
        {
            let called = tokens.get(index + 1).is_some_and(|next| next.is(b'('));
            if made && !called {
                self.add(token.of(text), token.start, what);
            }
        }
    }

    /// `SYM_FUNC_START(name)`, `ENTRY(name)`, `name:`
    fn labels(&mut self, text: &[u8]) {
        let mut start = 0;
        for line in text.split(|byte| *byte == b'\n') {
            let code = line.trim_ascii_start();
            let indent = line.len() - code.len();
            let len = code.iter().position(|b| !(b.is_ascii_alphanumeric() || b"_.$".contains(b)));
            let (word, rest) = code.split_at(len.unwrap_or(code.len()));
            if rest.first() == Some(&b':') && !word.is_empty() {
                self.add(word, (start + indent) as u32, What::Label);
            } else if rest.first() == Some(&b'(') && is_entry(word) {
                let name = rest[1..].trim_ascii_start();
                let skipped = rest.len() - name.len();
                let len =
                    name.iter().position(|b| !(b.is_ascii_alphanumeric() || b"_.$".contains(b)));
                let at = start + indent + word.len() + skipped;
                self.add(&name[..len.unwrap_or(name.len())], at as u32, What::Label);
            }
            start += line.len() + 1;
        }
    }
}

/// Whether a macro of assembly begins what it is given.
fn is_entry(word: &[u8]) -> bool {
    let has = |part: &[u8]| memchr::memmem::find(word, part).is_some();
    (word.starts_with(b"SYM_") && !has(b"END"))
        || has(b"ENTRY")
        || word.starts_with(b"FUNC_START")
        || matches!(word, b"_GLOBAL" | b"_GLOBAL_TOC" | b"NESTED" | b"LEAF" | b"idtentry")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: FileKind, text: &str, symbol: &str) -> Option<(usize, What)> {
        let found = Definitions::of(kind, text.as_bytes()).find(symbol);
        let line = |at: u32| text[..at as usize].matches('\n').count() + 1;
        found.first().map(|one| (line(one.at), one.what))
    }

    #[test]
    fn the_names_of_a_symbol_table_are_found_where_they_are_defined() {
        let text = "extern int shared;
int first(void);
static struct ops table = { .run = first, };
int shared, other[4];
static DEFINE_MUTEX(lock);
int first(void)
{
	static int count;
	return table.run == first ? count : 0;
}
EXPORT_SYMBOL(first);
SYSCALL_DEFINE1(open, int, fd) { return fd; }
static const char *const names[] = { NAME(x) };
static int __init start(void) { return 0; }
late_initcall(start);
struct thing { int shared; };
";
        let c = |symbol| found(FileKind::C, text, symbol);
        assert_eq!(c("first"), Some((6, What::Function)));
        assert_eq!(c("first.isra.0"), Some((6, What::Function)));
        assert_eq!(c("__ksymtab_first"), Some((6, What::Function)));
        assert_eq!(c("shared"), Some((4, What::Variable)));
        assert_eq!(c("other"), Some((4, What::Variable)));
        assert_eq!(c("lock"), Some((5, What::Variable)));
        assert_eq!(c("table"), Some((3, What::Variable)));
        assert_eq!(c("names"), Some((13, What::Variable)));
        assert_eq!(c("count.3"), Some((8, What::Local)));
        assert_eq!(c("__do_sys_open"), Some((12, What::Variable)));
        assert_eq!(c("__initcall__kmod_thing__123_15_start7"), Some((14, What::Function)));
        assert_eq!(c("nothing"), None);
    }

    #[test]
    fn assembly_has_labels() {
        let text = "SYM_FUNC_START(memcpy)\n\tret\nSYM_FUNC_END(memcpy)\ntable:\n\t.long 0\n";
        let asm = |symbol| found(FileKind::Assembly, text, symbol);
        assert_eq!(asm("memcpy"), Some((1, What::Label)));
        assert_eq!(asm("table"), Some((4, What::Label)));
        assert_eq!(asm("other"), None);
    }
}
