//! Makes files with nested conditionals and everything odd that the preprocessor allows.

use hmmsize::source::guards::FileKind;

/// A small generator of numbers: the same every time.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 20) % u64::from(limit)) as u32
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u32) as usize]
    }
}

/// A file of some two hundred lines.
pub fn file(random: &mut Random, kind: FileKind) -> String {
    let mut generator = Generator { random, c: !kind.is_assembly(), out: String::new() };
    generator.lines(3, 3);
    while generator.out.len() < 2_500 {
        generator.lines(3, 3);
    }
    generator.out
}

struct Generator<'r> {
    random: &'r mut Random,
    c: bool,
    out: String,
}

impl Generator<'_> {
    fn lines(&mut self, depth: u32, count: u32) {
        for _ in 0..count {
            match self.random.below(12) {
                0..=2 if depth > 0 => self.chain(depth),
                4 => self.define(),
                _ => self.text(),
            }
        }
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn text(&mut self) {
        let c_only = ["x = R\"(", "#if CONFIG_A0", ")\" y;", "z = u8R\"end(\n#else\n)\" )end\";"];
        let line = self.random.of(&[
            "int x;",
            "",
            "/* a comment */ int x; // #if",
            "/* #if CONFIG_A0\n#else\n * #endif */",
            "char *s = \"#if \\\" /* \";",
            "char c = '\\'', d = '\"', e = '/';",
            "x = a / b; y = a /* , */ / c;",
            "call(a, \\\n#if CONFIG_A1 \\\n b);",
            "// a comment that goes on \\\n#if CONFIG_A2",
            "/*/ not closed yet\n#if X\n/*/",
            "/**/",
            "x = \"two \\\n#if lines\";",
            "a # if CONFIG_A3",
            "/\\\n* spliced *\\\n/ int y;",
            "a /* begun on a line of code\n */ # else",
            "#pragma once more",
            "\t# \t",
            "IS_ENABLED(CONFIG_A1) && CONFIG_B0;",
            "x = R / \"(\";",
        ]);
        if self.c && self.random.below(25) == 0 {
            self.line(&format!("{}\n{}\n{}", c_only[0], c_only[1], c_only[2]));
            self.line(c_only[3]);
        } else {
            self.line(line);
        }
    }

    fn define(&mut self) {
        let name = self.random.of(&["F0", "F1", "F2", "F3", "CONFIG_A0", "CONFIG_A5", "CONFIG_B1"]);
        if self.random.below(3) == 0 {
            self.line(&format!("#undef {name}"));
            return;
        }
        let body = match self.random.below(7) {
            0 | 1 => "1".to_owned(),
            2 => self.random.of(&["0", "2", "(3)", "1UL"]).to_owned(),
            3 if !name.starts_with("CONFIG_") => {
                let condition = self.condition(1);
                format!("({condition})")
            }
            4 if !name.starts_with("CONFIG_") => self.operand(0),
            5 if !name.starts_with("CONFIG_") => self.random.of(&["F0", "F1", "F3"]).to_owned(),
            _ => "1 /* one */".to_owned(),
        };
        let hash = self.hash();
        self.line(&format!("#undef {name}\n{hash}define {name} {body}"));
    }

    fn hash(&mut self) -> &'static str {
        let digraph = if self.c { "%:" } else { "#" };
        let common = ["#", "#", "#", "# ", "\t#\t", "/* c */ #", " #/**/", "#\\\n"];
        match self.random.below(30) {
            0 => digraph,
            n => common[n as usize % common.len()],
        }
    }

    fn option(&mut self) -> String {
        format!("CONFIG_A{}", self.random.below(8))
    }

    fn chain(&mut self, depth: u32) {
        let hash = self.hash();
        let first = match self.random.below(4) {
            0 => {
                let name = self.name();
                format!("{hash}ifdef {name}")
            }
            1 => {
                let name = self.name();
                format!("{hash}ifndef {name} /* not */")
            }
            _ => {
                let condition = self.condition(2);
                format!("{hash}if {condition}")
            }
        };
        self.line(&first);
        self.lines(depth - 1, 3);
        while self.random.below(3) == 0 {
            let condition = self.condition(2);
            let hash = self.hash();
            self.line(&format!("{hash}elif {condition}"));
            self.lines(depth - 1, 3);
        }
        if self.random.below(2) == 0 {
            let hash = self.hash();
            self.line(&format!("{hash}else // otherwise"));
            self.lines(depth - 1, 3);
        }
        let hash = self.hash();
        self.line(&format!("{hash}endif /* of\n   it */"));
    }

    fn name(&mut self) -> String {
        match self.random.below(5) {
            0 => self.random.of(&["F0", "F1", "F2", "MODULE", "__GNUC__"]).to_owned(),
            1 => format!("{}_MODULE", self.option()),
            _ => self.option(),
        }
    }

    fn condition(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.operand(1);
        }
        let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
        match self.random.below(9) {
            0 | 1 => format!("{a} && {b}"),
            2 | 3 => format!("{a} || {b}"),
            4 => format!("({a}) && \\\n\t!({b})"),
            5 => format!("!({a}) || /* or\n */ {b}"),
            6 => {
                let c = self.operand(1);
                format!("({c} ? {a} : ({b}))")
            }
            _ => a,
        }
    }

    fn operand(&mut self, depth: u32) -> String {
        let (option, name) = (self.option(), self.name());
        match self.random.below(22) {
            0..=2 => format!("defined({name})"),
            3 => format!("defined {name}"),
            4 => format!("!defined({name})"),
            5..=7 => format!("IS_ENABLED({option})"),
            8 => format!("IS_BUILTIN({option})"),
            9 => format!("IS_MODULE( {option} )"),
            10 => format!("IS_REACHABLE({option})"),
            11 => format!("CONFIG_B{}", self.random.below(2)),
            12 => format!("CONFIG_B{} > {}", self.random.below(2), self.random.below(40)),
            13 => self.random.of(&["F0", "F1", "!F2", "F3 == 1", "F1 + 1 > F0"]).to_owned(),
            14 => format!("defined({name}) == IS_ENABLED({option})"),
            15 => format!("(IS_ENABLED({option}) | defined({name}))"),
            16 => {
                let number =
                    self.random.of(&["0", "1", "0x10", "1UL", "'a'", "-1 > 0u", "077 - 63"]);
                number.to_owned()
            }
            17 => self
                .random
                .of(&["2 + 3 * 4 == 14", "1 << 3 >> 2 == 2", "7 / 2 % 2", "~0 == -1"])
                .to_owned(),
            18 if depth > 0 => format!("({} ? {option} : 0)", self.operand(0)),
            19 => format!("CON\\\nFIG_A{}", self.random.below(8)),
            20 => "!MODULE".to_owned(),
            _ => format!("!IS_ENABLED({option})"),
        }
    }
}
