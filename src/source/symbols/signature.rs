//! The type of a function as it is declared, so that two declarations can be compared.
//!
//! Names of parameters, attributes, storage and spacing go; arrays become pointers; the words of a
//! basic type come in one order. Types that only a `typedef` makes the same stay different.

use std::fmt::Write as _;

use super::lexer::{Kind, Lexer, Token};

/// Words that say nothing about the type.
const NOISE: &[&str] = &[
    "static",
    "extern",
    "inline",
    "__inline",
    "__inline__",
    "__always_inline",
    "noinline",
    "asmlinkage",
    "register",
    "restrict",
    "__restrict",
    "__restrict__",
    "volatile",
    "notrace",
    "__user",
    "__iomem",
    "__rcu",
    "__percpu",
    "__kernel",
    "__force",
    "__bitwise",
    "nokprobe_inline",
];

/// Words of which a type may be made, in the order to which they are brought.
const BASIC: &[&str] = &["unsigned", "signed", "long", "short", "char", "int", "float", "double"];

/// A function's type: what it returns, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What is returned.
    pub result: String,
    /// The parameters' types.
    pub parameters: Vec<String>,
}

/// The signature in `head`, the text of a declaration up to its brace or semicolon, in which the name
/// is at `name`; nothing where it is not understood.
pub fn signature(head: &[u8], name: (usize, usize)) -> Option<Signature> {
    let tokens: Vec<Token> = Lexer::new(head).collect();
    let at = tokens.iter().position(|token| token.start as usize == name.0)?;
    let result = typed(head, &tokens[..at], false)?;
    let mut parameters = Vec::new();
    let mut open = 0_usize;
    let mut from = at + 2;
    for (index, token) in tokens.iter().enumerate().skip(at + 1) {
        match token.kind {
            Kind::Punct(b'(' | b'[') => open += 1,
            Kind::Punct(b')' | b']') => {
                open = open.checked_sub(1)?;
                if open == 0 {
                    parameters.push(typed(head, tokens.get(from..index)?, true)?);
                    break;
                }
            }
            Kind::Punct(b',') if open == 1 => {
                parameters.push(typed(head, tokens.get(from..index)?, true)?);
                from = index + 1;
            }
            Kind::Directive => return None,
            _ => {}
        }
    }
    if parameters.len() == 1 && matches!(&*parameters[0], "void" | "") {
        parameters.clear();
    }
    Some(Signature { result, parameters })
}

/// The type in `tokens`, without the name of the parameter if there may be one.
fn typed(head: &[u8], tokens: &[Token], parameter: bool) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    let mut at = 0;
    let mut pointer_to_function = false;
    while at < tokens.len() {
        let word = std::str::from_utf8(tokens[at].of(head)).ok()?;
        let called = tokens.get(at + 1).is_some_and(|next| next.is(b'('));
        if tokens[at].kind == Kind::Name && called && is_attribute(word) {
            let mut open = 0_usize;
            at += 1;
            while let Some(token) = tokens.get(at) {
                match token.kind {
                    Kind::Punct(b'(') => open += 1,
                    Kind::Punct(b')') => open -= 1,
                    _ => {}
                }
                at += 1;
                if open == 0 {
                    break;
                }
            }
            continue;
        }
        pointer_to_function |= word == "(";
        if !NOISE.contains(&word) && !is_attribute(word) {
            words.push(alias(word));
        }
        at += 1;
    }
    if pointer_to_function {
        return (!words.contains(&"typeof") && !words.contains(&"__typeof__"))
            .then(|| function_pointer(&words));
    }
    if let Some(bracket) = words.iter().position(|word| *word == "[") {
        let mut before: Vec<&str> = words[..bracket].to_vec();
        let dimensions = words[bracket..].iter().filter(|word| **word == "[").count();
        if parameter {
            drop_name(&mut before);
        }
        before.extend(std::iter::repeat_n("*", dimensions));
        words = before;
    } else if parameter {
        drop_name(&mut words);
    }
    Some(ordered(&words))
}

/// `int (*f)(void *p)`: the names within are told from types by where they stand only for the pointer
/// itself, so only that one goes.
fn function_pointer(words: &[&str]) -> String {
    let star = words.windows(2).position(|pair| pair == ["(", "*"]);
    let name = star.map(|at| at + 2).filter(|at| words.get(*at).is_some_and(|w| is_name(w)));
    let kept = words.iter().enumerate().filter(|(at, _)| Some(*at) != name);
    let kept: Vec<&str> = kept.map(|(_, word)| *word).collect();
    let open = kept.iter().rposition(|word| *word == "(").unwrap_or(kept.len());
    let mut out = ordered(&kept[..open]);
    let mut inner: Vec<String> = Vec::new();
    for parameter in kept[open..].split(|word| matches!(*word, "(" | ")" | ",")) {
        let mut parameter = parameter.to_vec();
        drop_name(&mut parameter);
        inner.extend((!parameter.is_empty()).then(|| ordered(&parameter)));
    }
    let _ = write!(out, "({})", inner.join(", "));
    out
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// Takes the parameter's name away, if there is one: the last word, where there is a type without it.
fn drop_name(words: &mut Vec<&str>) {
    let Some(last) = words.last().copied() else { return };
    if !is_name(last) || BASIC.contains(&last) || matches!(last, "void" | "bool" | "const") {
        return;
    }
    let before = &words[..words.len() - 1];
    let tag = before.last().is_some_and(|word| matches!(*word, "struct" | "union" | "enum"));
    let has_type = before.iter().any(|word| is_name(word) && *word != "const");
    if has_type && !tag {
        words.pop();
    }
}

/// The one name of what has several.
fn alias(word: &str) -> &str {
    match word {
        "__u8" | "uint8_t" => "u8",
        "__u16" | "uint16_t" => "u16",
        "__u32" | "uint32_t" => "u32",
        "__u64" | "uint64_t" => "u64",
        "__s8" | "int8_t" => "s8",
        "__s16" | "int16_t" => "s16",
        "__s32" | "int32_t" => "s32",
        "__s64" | "int64_t" => "s64",
        "acpi_handle" => "void *",
        "uint" => "unsigned",
        "ulong" => "unsigned long",
        "_Bool" => "bool",
        word => word,
    }
}

/// Attributes begin with two underscores, as no type of the kernel does that a stub would have.
fn is_attribute(word: &str) -> bool {
    let type_ = word.ends_with("_t") || word.contains("kernel");
    let number = ["__le", "__be", "__u", "__s", "__wsum", "__sum", "__poll", "__va", "__int"];
    let type_ = type_ || number.iter().any(|prefix| word.starts_with(prefix));
    (word.starts_with("__") && !type_)
        || matches!(word, "notrace" | "noinline_for_stack" | "asmlinkage" | "noreturn")
}

/// One spelling: `const` first, basic words in order, blanks between.
fn ordered(words: &[&str]) -> String {
    let pointer = words.iter().position(|word| !is_name(word)).unwrap_or(words.len());
    let (base, rest) = words.split_at(pointer);
    let mut base: Vec<&str> = base.iter().flat_map(|word| word.split(' ')).collect();
    if base.iter().any(|word| BASIC.contains(word)) {
        let implied = |word: &str| {
            (word == "int" && base.iter().any(|w| matches!(*w, "long" | "short" | "unsigned")))
                || (word == "signed" && base.iter().any(|w| matches!(*w, "int" | "long" | "short")))
        };
        base = base.iter().copied().filter(|word| !implied(word)).collect();
        base.sort_by_key(|word| {
            BASIC.iter().position(|basic| basic == word).map_or(0, |at| at + 1)
        });
    }
    // A parameter that is const itself is no other type for who calls.
    let by_value = rest.is_empty();
    let is_const = base.contains(&"const");
    base.retain(|word| *word != "const");
    let prefix = if is_const && !by_value { "const " } else { "" };
    // `* const` is about the pointer itself too.
    let rest: Vec<&str> = rest.iter().copied().filter(|word| *word != "const").collect();
    let tail = if rest.is_empty() { String::new() } else { format!(" {}", rest.concat()) };
    format!("{prefix}{}{tail}", base.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Signature {
        let at = text.find("foo").expect("a name");
        signature(text.as_bytes(), (at, at + 3)).expect("a signature")
    }

    #[test]
    fn what_is_the_same_is_equal() {
        for (a, b) in [
            ("int foo(void)", "static inline int foo()"),
            ("void foo(unsigned long a, struct x *b)", "void foo(long unsigned int, struct x *)"),
            ("bool foo(const char *a[])", "extern bool __init foo(const char **)"),
            ("u32 foo(int (*f)(void *p, int))", "__u32 foo(int (*)(void *, int x))"),
            ("struct a *foo(const unsigned x)", "struct a * foo(unsigned int)"),
            ("int foo(pte_t *const p, size_t n)", "int __must_check foo(pte_t *, size_t)"),
            ("__printf(1, 2) void foo(char *f, ...)", "static void foo(char *f, ...)"),
        ] {
            assert_eq!(of(a), of(b), "{a}; {b}");
        }
    }

    #[test]
    fn what_differs_is_told_apart() {
        for (a, b) in [
            ("int foo(void)", "void foo(void)"),
            ("int foo(int a)", "int foo(long a)"),
            ("int foo(struct a *x)", "int foo(struct b *x)"),
            ("int foo(struct a *x)", "int foo(const struct a *x)"),
            ("int foo(int a)", "int foo(int a, int b)"),
            ("struct a *foo(void)", "struct a foo(void)"),
        ] {
            assert_ne!(of(a), of(b), "{a}; {b}");
        }
    }
}
