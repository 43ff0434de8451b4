//! What a file defines and declares at its top level: functions, as the kernel writes them.
//!
//! No C grammar: what stands before a `{` or `;` outside of braces is a function if it has a type, then
//! a name, then parentheses, then nothing but attributes. What macros make (`SYSCALL_DEFINE`) has no
//! type before the name, and is none.

use super::lexer::{Depth, Kind, Lexer, Token, directive};
use super::types::Function;

/// More tokens than this before a brace, and it is none of a function.
const MAX_HEAD: usize = 600;

/// What can stand before a function's type, and is none.
const NOT_TYPES: &[&[u8]] = &[
    b"static",
    b"inline",
    b"extern",
    b"__inline",
    b"__inline__",
    b"__always_inline",
    b"noinline",
    b"const",
    b"volatile",
    b"asmlinkage",
    b"__init",
    b"__exit",
    b"notrace",
    b"__weak",
    b"return",
    b"else",
    b"__visible",
    b"__used",
    b"__maybe_unused",
    b"__unused",
    b"__must_check",
    b"__attribute_const__",
    b"__sched",
    b"__cold",
    b"__ref",
    b"__meminit",
    b"__cpuinit",
    b"noinline_for_stack",
    b"nokprobe_inline",
    b"__no_kcsan",
    b"__latent_entropy",
];

/// Attributes that have parentheses.
const ATTRIBUTES: &[&[u8]] = &[
    b"__attribute__",
    b"__attribute",
    b"__printf",
    b"__scanf",
    b"__acquires",
    b"__releases",
    b"__must_hold",
    b"__section",
    b"__aligned",
    b"__alloc_size",
    b"__malloc",
    b"__assume_aligned",
    b"__no_sanitize",
    b"__nonnull",
    b"__cond_acquires",
    b"__cond_lock",
    b"__format_arg",
    b"__target",
    b"__error",
    b"__compiletime_error",
    b"__compiletime_warning",
    b"_Alignas",
    b"__realloc_size",
    b"__diagnose_as",
    b"__alias",
    b"__typeof__",
    b"typeof",
    b"__copy",
    b"__flatten",
];

/// What makes a definition more than it seems.
const SPECIAL: &[&[u8]] = &[
    b"__weak",
    b"weak",
    b"__weak__",
    b"alias",
    b"__alias",
    b"__alias__",
    b"asmlinkage",
    b"__visible",
    b"__used",
    b"used",
    b"__bpf_kfunc",
    b"__naked",
    b"naked",
    b"ifunc",
    b"constructor",
    b"interrupt",
    b"__printk_safe",
    b"__efi_runtime",
    b"__efistub_global",
    b"__pi",
    b"dotraplinkage",
    b"__irq_entry",
    b"__noreturn_thunk",
    b"__nocfi_generic",
    b"__section",
    b"section",
    b"__section__",
    b"__entry",
];

/// The functions of a file, in order.
pub fn functions(text: &[u8]) -> Vec<Function> {
    let mut out: Vec<Function> = Vec::new();
    let mut head: Vec<Token> = Vec::new();
    let mut depth = Depth::default();
    let mut inside: Option<Function> = None;
    for token in Lexer::new(text) {
        if token.kind == Kind::Directive {
            let (word, _) = directive(text, token);
            depth.directive(word);
            if matches!(word, b"if" | b"ifdef" | b"ifndef" | b"else" | b"elif" | b"endif") {
                head.clear();
                if depth.now == 0
                    && let Some(mut function) = inside.take()
                {
                    function.body.1 = token.start;
                    out.push(function);
                }
            }
            continue;
        }
        if depth.now > 0 {
            match token.kind {
                Kind::Punct(b'{') => depth.now += 1,
                Kind::Punct(b'}') => depth.now -= 1,
                _ => {}
            }
            if depth.now == 0 {
                head.clear();
                if let Some(mut function) = inside.take() {
                    function.body.1 = token.end;
                    out.push(function);
                }
            }
            continue;
        }
        match token.kind {
            Kind::Punct(b'{') => {
                inside = function(text, &head).map(|f| Function { body: (token.start, 0), ..f });
                head.clear();
                depth.now = 1;
            }
            Kind::Punct(b';') => {
                out.extend(function(text, &head));
                head.clear();
            }
            Kind::Punct(b'}') => head.clear(),
            _ if head.len() < MAX_HEAD => head.push(token),
            _ => {}
        }
    }
    if let Some(mut function) = inside {
        function.body.1 = text.len() as u32;
        out.push(function);
    }
    out
}

/// Where the parenthesis that opens at `at` closes.
fn close(tokens: &[Token], at: usize) -> Option<usize> {
    let mut open = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.kind {
            Kind::Punct(b'(') => open += 1,
            Kind::Punct(b')') => {
                open -= 1;
                if open == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

/// The function that `head` declares, if it does.
fn function(text: &[u8], head: &[Token]) -> Option<Function> {
    if head.len() < 3 || head.len() >= MAX_HEAD {
        return None;
    }
    let (mut is_static, mut typed) = (false, false);
    let (mut is_extern, mut is_inline) = (false, false);
    let mut at = 0;
    let name = loop {
        let token = head.get(at)?;
        match token.kind {
            Kind::Name => {
                let word = token.of(text);
                if word == b"typedef" {
                    return None;
                }
                is_static |= word == b"static";
                is_extern |= word == b"extern";
                is_inline |= word.ends_with(b"inline") || word == b"__inline__";
                if head.get(at + 1).is_some_and(|next| next.is(b'(')) {
                    if typed && !ATTRIBUTES.contains(&word) {
                        break at;
                    }
                    at = close(head, at + 1)? + 1;
                    continue;
                }
                typed |= !NOT_TYPES.contains(&word);
            }
            Kind::Punct(b'*') => {}
            _ => return None,
        }
        at += 1;
    };
    let token = head[name];
    let word = token.of(text);
    if !word.iter().any(u8::is_ascii_lowercase) {
        return None;
    }
    let mut rest = close(head, name + 1)? + 1;
    while let Some(token) = head.get(rest) {
        rest = match token.kind {
            Kind::Name if head.get(rest + 1).is_some_and(|next| next.is(b'(')) => {
                close(head, rest + 1)? + 1
            }
            Kind::Name => rest + 1,
            _ => return None,
        };
    }
    let is_special = head.iter().any(|token| SPECIAL.contains(&token.of(text)));
    Some(Function {
        name: (token.start, token.end),
        start: head[0].start,
        body: (0, 0),
        // Only `extern inline` is no definition: the kernel's `inline` is GNU's of old.
        is_static: is_static || (is_extern && is_inline),
        is_special,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<String> {
        let one = |f: &Function| {
            let name = &text[f.name.0 as usize..f.name.1 as usize];
            let kind = if f.is_static { "static " } else { "" };
            let kind = if f.is_special { "special " } else { kind };
            format!("{kind}{name}{}", if f.is_defined() { "{}" } else { "" })
        };
        functions(text.as_bytes()).iter().map(one).collect()
    }

    #[test]
    fn functions_are_told_from_everything_else() {
        let text = "
            int a(void);
            extern __printf(1, 2) void b(const char *, ...) __attribute__((cold));
            static inline struct x *c(int (*f)(void), struct y z) { if (f) { g(); } return 0; }
            void __printf(2, 3) d(int n) { }
            static DEFINE_MUTEX(lock);
            SYSCALL_DEFINE1(open, int, fd) { return e(fd); }
            struct ops o = { .f = f, };
            struct s { int (*h)(void); };
            typedef int (t)(void);
            int __weak i(void) __acquires(x) { return 1; }
            static const struct j k[] = { J(1) };
            DECLARE(x)
            unsigned long l(int a,
                            int b)
            { }";
        assert_eq!(seen(text), ["a", "b", "static c{}", "d{}", "special i{}", "l{}"]);
    }

    #[test]
    fn branches_begin_at_the_same_depth() {
        let text = "
#ifdef A
int a(int x) {
#else
int a(void) {
#endif
	if (b) {
#ifdef C
	} else {
#endif
	}
}
int d(void) { }";
        assert_eq!(seen(text).last().map(String::as_str), Some("d{}"));
    }
}
