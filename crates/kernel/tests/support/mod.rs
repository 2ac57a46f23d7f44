//! Writes exports for tests: terms in a small language of brackets, entries numbered as they come.
//!
//! `(f a b)` applies, `(fun (x A) (y B) body)` and `(pi (x A) body)` bind, `(-> A B)` is a function
//! type, `(let (x A v) body)`, `(sort u)`, `(proj S 0 e)`, `5` a number, `name.{u,v}` a constant at
//! levels; a level is `0`, `u`, `(succ u)`, `(max u v)` or `(imax u v)`.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test file uses a part; a test that panics fails"
)]

pub(crate) mod attack;
pub(crate) mod shelf;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use aidefence_kernel::{Judged, Limits, Refusal, Theory};

pub(crate) const META: &str = r#"{"meta":{"exporter":{"name":"test","version":"3.1.0"},"format":{"version":"3.1.0"},"lean":{"githash":"0","version":"4.28.0"}}}"#;

/// An export being written.
#[derive(Clone)]
pub(crate) struct Book {
    pub(crate) lines: Vec<String>,
    names: HashMap<String, usize>,
    levels: HashMap<String, usize>,
    terms: HashMap<String, usize>,
}

#[derive(Debug, Clone)]
enum Form {
    Word(String),
    List(Vec<Form>),
}

/// One constructor: name and type.
pub(crate) type Case<'a> = (&'a str, &'a str);
/// One rule: constructor, number of fields, value.
pub(crate) type Rule<'a> = (&'a str, usize, &'a str);

/// An inductive type with its recursor, all written out.
#[derive(Clone)]
pub(crate) struct Inductive<'a> {
    pub(crate) name: &'a str,
    pub(crate) levels: &'a [&'a str],
    pub(crate) of: &'a str,
    pub(crate) params: usize,
    pub(crate) indices: usize,
    pub(crate) recursive: bool,
    pub(crate) cases: &'a [Case<'a>],
    pub(crate) rec_levels: &'a [&'a str],
    pub(crate) rec: &'a str,
    pub(crate) rules: &'a [Rule<'a>],
    pub(crate) any_proof: bool,
}

impl Book {
    pub(crate) fn theory() -> Self {
        Self {
            lines: vec![META.to_owned()],
            names: HashMap::from([(String::new(), 0)]),
            levels: HashMap::from([("0".to_owned(), 0)]),
            terms: HashMap::new(),
        }
    }

    /// What follows this book.
    pub(crate) fn delta(&self) -> Self {
        Self {
            lines: vec![],
            ..self.clone()
        }
    }

    pub(crate) fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    pub(crate) fn judge(&self) -> Result<Judged, Refusal> {
        self.load().map(|theory| theory.judged().clone())
    }

    pub(crate) fn load(&self) -> Result<Theory, Refusal> {
        self.hand_on();
        Theory::load(self.text().as_bytes(), &["propext", "Quot.sound"], Limits::default())
    }

    /// Keeps what is judged here in the folder `AIDEFENCE_EXPORTS`, for Lean's kernel to judge it too.
    fn hand_on(&self) {
        let Some(folder) = std::env::var_os("AIDEFENCE_EXPORTS") else {
            return;
        };
        let mut digest = DefaultHasher::new();
        self.text().hash(&mut digest);
        let name = format!("{:016x}.ndjson", digest.finish());
        std::fs::write(Path::new(&folder).join(name), self.text()).unwrap();
    }

    pub(crate) fn name(&mut self, name: &str) -> usize {
        if let Some(at) = self.names.get(name) {
            return *at;
        }
        let (prefix, last) = name.rsplit_once('.').unwrap_or(("", name));
        let prefix = self.name(prefix);
        let at = self.names.len();
        self.lines
            .push(format!(r#"{{"in":{at},"str":{{"pre":{prefix},"str":"{last}"}}}}"#));
        self.names.insert(name.to_owned(), at);
        at
    }

    fn entry(table: &mut HashMap<String, usize>, lines: &mut Vec<String>, key: &str, body: String) -> usize {
        if let Some(at) = table.get(&body) {
            return *at;
        }
        let at = table.len();
        lines.push(format!(r#"{{"{key}":{at},{body}}}"#));
        table.insert(body, at);
        at
    }

    fn level_entry(&mut self, body: String) -> usize {
        Self::entry(&mut self.levels, &mut self.lines, "il", body)
    }

    pub(crate) fn term_entry(&mut self, body: String) -> usize {
        Self::entry(&mut self.terms, &mut self.lines, "ie", body)
    }

    fn level(&mut self, form: &Form) -> usize {
        match form {
            Form::Word(word) if word == "0" => 0,
            Form::Word(word) if word.parse::<u32>().is_ok() => {
                let below = Form::Word((word.parse::<u32>().unwrap() - 1).to_string());
                let below = self.level(&below);
                self.level_entry(format!(r#""succ":{below}"#))
            }
            Form::Word(word) => {
                let name = self.name(word);
                self.level_entry(format!(r#""param":{name}"#))
            }
            Form::List(parts) => {
                let Form::Word(kind) = &parts[0] else { panic!("a level") };
                let at: Vec<String> = parts[1..].iter().map(|part| self.level(part).to_string()).collect();
                match kind.as_str() {
                    "succ" => self.level_entry(format!(r#""succ":{}"#, at[0])),
                    _ => self.level_entry(format!(r#""{kind}":[{}]"#, at.join(","))),
                }
            }
        }
    }

    pub(crate) fn level_of(&mut self, text: &str) -> usize {
        self.level(&parse(text))
    }

    pub(crate) fn term(&mut self, text: &str) -> usize {
        self.form(&parse(text), &mut Vec::new())
    }

    fn form(&mut self, form: &Form, bound: &mut Vec<String>) -> usize {
        match form {
            Form::Word(word) => self.word(word, bound),
            Form::List(parts) => match &parts[0] {
                Form::Word(kind) if matches!(kind.as_str(), "fun" | "pi") => {
                    let tag = if kind == "fun" { "lam" } else { "forallE" };
                    self.binders(tag, &parts[1..], bound)
                }
                Form::Word(kind) if kind == "->" => {
                    let (last, from) = parts[1..].split_last().unwrap();
                    let binders = from
                        .iter()
                        .map(|of| Form::List(vec![Form::Word("_".into()), of.clone()]));
                    let all: Vec<Form> = binders.chain([last.clone()]).collect();
                    self.binders("forallE", &all, bound)
                }
                Form::Word(kind) if kind == "sort" => {
                    let level = self.level(&parts[1]);
                    self.term_entry(format!(r#""sort":{level}"#))
                }
                Form::Word(kind) if kind == "let" => {
                    let Form::List(binder) = &parts[1] else {
                        panic!("a binder")
                    };
                    let Form::Word(name) = &binder[0] else { panic!("a name") };
                    let (of, value) = (self.form(&binder[1], bound), self.form(&binder[2], bound));
                    bound.push(name.clone());
                    let body = self.form(&parts[2], bound);
                    bound.pop();
                    let name = self.name(name);
                    self.term_entry(format!(
                        r#""letE":{{"name":{name},"type":{of},"value":{value},"body":{body},"nondep":false}}"#
                    ))
                }
                Form::Word(kind) if kind == "proj" => {
                    let (Form::Word(structure), Form::Word(at)) = (&parts[1], &parts[2]) else {
                        panic!("a projection")
                    };
                    let value = self.form(&parts[3], bound);
                    let structure = self.name(structure);
                    self.term_entry(format!(
                        r#""proj":{{"typeName":{structure},"idx":{at},"struct":{value}}}"#
                    ))
                }
                _ => {
                    let mut head = self.form(&parts[0], bound);
                    for part in &parts[1..] {
                        let argument = self.form(part, bound);
                        head = self.term_entry(format!(r#""app":{{"fn":{head},"arg":{argument}}}"#));
                    }
                    head
                }
            },
        }
    }

    fn binders(&mut self, tag: &str, parts: &[Form], bound: &mut Vec<String>) -> usize {
        let [Form::List(binder), rest @ ..] = parts else {
            panic!("a binder")
        };
        let Form::Word(name) = &binder[0] else { panic!("a name") };
        let of = self.form(&binder[1], bound);
        bound.push(name.clone());
        let body = match rest {
            [body] => self.form(body, bound),
            _ => self.binders(tag, rest, bound),
        };
        bound.pop();
        let name = self.name(name);
        self.term_entry(format!(
            r#""{tag}":{{"name":{name},"type":{of},"body":{body},"binderInfo":"default"}}"#
        ))
    }

    fn word(&mut self, word: &str, bound: &[String]) -> usize {
        if let Some(at) = word.strip_prefix('#') {
            return self.term_entry(format!(r#""bvar":{at}"#));
        }
        if let Some(at) = bound.iter().rev().position(|name| name == word) {
            return self.term_entry(format!(r#""bvar":{at}"#));
        }
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.term_entry(format!(r#""natVal":"{word}""#));
        }
        if word == "Prop" {
            return self.term_entry(r#""sort":0"#.to_owned());
        }
        if word == "Type" {
            let level = self.level_of("1");
            return self.term_entry(format!(r#""sort":{level}"#));
        }
        let (name, levels) = word
            .split_once(".{")
            .map_or((word, ""), |(name, rest)| (name, rest.trim_end_matches('}')));
        let levels: Vec<String> = levels
            .split(',')
            .filter(|level| !level.is_empty())
            .map(|level| self.level_of(level).to_string())
            .collect();
        let name = self.name(name);
        self.term_entry(format!(r#""const":{{"name":{name},"us":[{}]}}"#, levels.join(",")))
    }

    fn head(&mut self, name: &str, levels: &[&str], of: &str) -> String {
        let of = self.term(of);
        let params = self.names_list(levels);
        let name = self.name(name);
        format!(r#""name":{name},"levelParams":[{params}],"type":{of}"#)
    }

    fn names_list(&mut self, names: &[&str]) -> String {
        let at: Vec<String> = names.iter().map(|name| self.name(name).to_string()).collect();
        at.join(",")
    }

    pub(crate) fn def(&mut self, name: &str, levels: &[&str], of: &str, value: &str) -> &mut Self {
        let head = self.head(name, levels, of);
        let value = self.term(value);
        self.lines.push(format!(
            r#"{{"def":{{{head},"value":{value},"hints":{{"regular":1}},"safety":"safe","all":[]}}}}"#
        ));
        self
    }

    pub(crate) fn thm(&mut self, name: &str, levels: &[&str], of: &str, value: &str) -> &mut Self {
        let head = self.head(name, levels, of);
        let value = self.term(value);
        self.lines
            .push(format!(r#"{{"thm":{{{head},"value":{value},"all":[]}}}}"#));
        self
    }

    pub(crate) fn opaque(&mut self, name: &str, levels: &[&str], of: &str, value: &str) -> &mut Self {
        let head = self.head(name, levels, of);
        let value = self.term(value);
        self.lines.push(format!(
            r#"{{"opaque":{{{head},"value":{value},"isUnsafe":false,"all":[]}}}}"#
        ));
        self
    }

    pub(crate) fn axiom(&mut self, name: &str, levels: &[&str], of: &str) -> &mut Self {
        let head = self.head(name, levels, of);
        self.lines.push(format!(r#"{{"axiom":{{{head},"isUnsafe":false}}}}"#));
        self
    }

    pub(crate) fn quot(&mut self, name: &str, levels: &[&str], of: &str, kind: &str) -> &mut Self {
        let head = self.head(name, levels, of);
        self.lines.push(format!(r#"{{"quot":{{{head},"kind":"{kind}"}}}}"#));
        self
    }

    pub(crate) fn inductive(&mut self, it: &Inductive<'_>) -> &mut Self {
        let line = self.inductive_line(std::slice::from_ref(it));
        self.lines.push(line);
        self
    }

    /// Types that are declared together.
    pub(crate) fn mutual(&mut self, all: &[Inductive<'_>]) -> &mut Self {
        let line = self.inductive_line(all);
        self.lines.push(line);
        self
    }

    pub(crate) fn inductive_line(&mut self, types: &[Inductive<'_>]) -> String {
        let names: Vec<&str> = types.iter().map(|it| it.name).collect();
        let all = self.names_list(&names);
        let minors: usize = types.iter().map(|it| it.cases.len()).sum();
        let (mut families, mut cases, mut recs) = (vec![], vec![], vec![]);
        for it in types {
            let head = self.head(it.name, it.levels, it.of);
            let constructors: Vec<&str> = it.cases.iter().map(|(name, _)| *name).collect();
            let constructors = self.names_list(&constructors);
            let family = self.name(it.name);
            families.push(format!(
                r#"{{{head},"all":[{all}],"ctors":[{constructors}],"isRec":{},"isReflexive":false,"numIndices":{},"numNested":0,"numParams":{},"isUnsafe":false}}"#,
                it.recursive, it.indices, it.params
            ));
            for (at, (name, of)) in it.cases.iter().enumerate() {
                let head = self.head(name, it.levels, of);
                let fields = it.rules.get(at).map_or(0, |rule| rule.1);
                cases.push(format!(
                    r#"{{{head},"isUnsafe":false,"cidx":{at},"numParams":{},"numFields":{fields},"induct":{family}}}"#,
                    it.params
                ));
            }
            let head = self.head(&format!("{}.rec", it.name), it.rec_levels, it.rec);
            let mut rules = vec![];
            for (name, fields, value) in it.rules {
                let value = self.term(value);
                let name = self.name(name);
                rules.push(format!(r#"{{"ctor":{name},"nfields":{fields},"rhs":{value}}}"#));
            }
            recs.push(format!(
                r#"{{{head},"isUnsafe":false,"numParams":{},"numIndices":{},"numMotives":{},"numMinors":{minors},"rules":[{}],"all":[{all}],"k":{}}}"#,
                it.params,
                it.indices,
                types.len(),
                rules.join(","),
                it.any_proof
            ));
        }
        format!(
            r#"{{"inductive":{{"types":[{}],"ctors":[{}],"recs":[{}]}}}}"#,
            families.join(","),
            cases.join(","),
            recs.join(",")
        )
    }
}

fn parse(text: &str) -> Form {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let form = parse_form(&mut words);
    assert!(words.next().is_none(), "more text after {text}");
    form
}

fn parse_form<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Form {
    match words.next().unwrap() {
        "(" => {
            let mut parts = vec![];
            while words.peek() != Some(&")") {
                parts.push(parse_form(words));
            }
            words.next();
            Form::List(parts)
        }
        word => Form::Word(word.to_owned()),
    }
}
