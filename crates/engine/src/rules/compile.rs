//! From rules as written to something that can be matched.

use std::collections::{BTreeMap, HashMap};

use crate::decode::{reversed, rotated};
use crate::features::{CONTEXT_LEXICONS, REVERSED_WORDS, ROTATED_WORDS};
use crate::lexicon::{ClassSet, Digits, Element, Entry, Lexicon, parse_text, parse_words};
use crate::regex::{Pattern, least_of};
use crate::rewrite::Glued;
use crate::rules::bytes::{ByteCompiler, ByteRules};
use crate::rules::parse::{Parsed, parse_file};
use crate::rules::plan::Plan;
use crate::rules::source::{
    ConditionSource, Flow, LexiconSource, Mention, PatternSource, Position, RuleError, RuleSource, Shape, Status,
};
use crate::rules::usage::Usage;
use crate::text::View;

/// How deep lexicons may refer to one another.
const LEXICON_DEPTH_MAX: usize = 8;
/// Classes are numbered with 16 bits.
const CLASS_COUNT_MAX: usize = u16::MAX as usize;

/// What decides which rules are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RuleSelection {
    /// Rules above this paranoia level are left out.
    pub(crate) paranoia: u8,
}

/// Rules that may hold together, sharing one lexicon.
#[derive(Debug)]
pub(crate) struct Rulebook {
    pub(crate) lexicon: Lexicon,
    pub(crate) rules: Vec<Rule>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) patterns: Vec<Pattern>,
    /// For each class, the conditions it triggers.
    pub(crate) triggers: Vec<Vec<u32>>,
    /// The classes that trigger any.
    pub(crate) trigger_classes: ClassSet,
    /// Rules over the bytes of the original, if there are any.
    pub(crate) bytes: Option<ByteRules>,
    /// Finds the words of all rules inside a run of letters without spaces.
    pub(crate) glued: Option<Glued>,
    /// All rules as written, deprecated and silent ones too.
    pub(crate) sources: Vec<RuleSource>,
}

/// What matching needs to know of a rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// Index into [`Rulebook::sources`].
    pub(crate) source: u32,
    pub(crate) category: u8,
    pub(crate) severity: u8,
    pub(crate) confidence: f32,
    pub(crate) origins: u8,
    pub(crate) direction: Flow,
    pub(crate) mention: Mention,
}

/// One way a rule may hold.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) rule: u32,
    /// Classes in the listed order.
    pub(crate) all: Vec<u16>,
    pub(crate) none: Vec<u16>,
    /// Indices into [`Rulebook::patterns`].
    pub(crate) patterns: Vec<u32>,
    pub(crate) within: u32,
    pub(crate) ordered: bool,
    pub(crate) sentence: bool,
}

impl Rulebook {
    /// Reads and compiles rule and lexicon files.
    ///
    /// # Errors
    /// The first file that cannot be read, an unknown or circular lexicon, or a twin id.
    pub(crate) fn build(files: &[(String, String)], selection: RuleSelection) -> Result<Self, RuleError> {
        let mut sources = Vec::new();
        let mut lexicons = BTreeMap::new();
        for parsed in parse_all(files) {
            match parsed? {
                Parsed::Rule(rule) => sources.push(*rule),
                Parsed::Lexicons(found) => {
                    for lexicon in found {
                        lexicons.insert(lexicon.name.clone(), lexicon);
                    }
                }
            }
        }
        refuse_twins(&sources)?;
        Compiler::new(&lexicons).compile(sources, selection)
    }
}

/// Parsing takes most of the time an engine takes to build.
#[cfg(feature = "parallel")]
fn parse_all(files: &[(String, String)]) -> Vec<Result<Parsed, RuleError>> {
    use rayon::prelude::*;

    let parse = |(path, text): &(String, String)| parse_file(path, text);
    match crate::threads::pool() {
        Some(pool) => pool.install(|| files.par_iter().map(parse).collect()),
        None => files.iter().map(parse).collect(),
    }
}

#[cfg(not(feature = "parallel"))]
fn parse_all(files: &[(String, String)]) -> Vec<Result<Parsed, RuleError>> {
    files.iter().map(|(path, text)| parse_file(path, text)).collect()
}

fn refuse_twins(sources: &[RuleSource]) -> Result<(), RuleError> {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for rule in sources {
        if let Some(first) = seen.insert(&rule.id, &rule.path) {
            return Err(RuleError {
                path: rule.path.clone(),
                at: rule.at,
                expected: format!("an id other than that of {first}"),
                message: format!("duplicate rule id `{}`", rule.id),
            });
        }
    }
    Ok(())
}

struct Compiler<'a> {
    lexicons: &'a BTreeMap<String, LexiconSource>,
    /// Everything any pattern accepts, once.
    lexemes: Vec<Entry>,
    lexeme_numbers: HashMap<Entry, u32>,
    /// Words read before.
    known_words: HashMap<String, u32>,
    /// Lexicons expanded before.
    known_lexicons: HashMap<String, Vec<u32>>,
    /// The lexemes of each class.
    classes: Vec<Vec<u32>>,
    class_numbers: HashMap<Vec<u32>, u16>,
    patterns: Vec<Pattern>,
    /// Reads words; kept for its memory.
    view: View,
}

impl<'a> Compiler<'a> {
    fn new(lexicons: &'a BTreeMap<String, LexiconSource>) -> Self {
        Self {
            lexicons,
            lexemes: Vec::new(),
            lexeme_numbers: HashMap::new(),
            known_words: HashMap::new(),
            known_lexicons: HashMap::new(),
            classes: Vec::new(),
            class_numbers: HashMap::new(),
            patterns: Vec::new(),
            view: View::default(),
        }
    }

    fn compile(mut self, sources: Vec<RuleSource>, selection: RuleSelection) -> Result<Rulebook, RuleError> {
        let mut rules = Vec::new();
        let mut conditions = Vec::new();
        let mut bytes = ByteCompiler::default();
        for (index, source) in sources.iter().enumerate() {
            if source.status == Status::Deprecated || source.paranoia > selection.paranoia {
                continue;
            }
            if source.status == Status::Experimental && selection.paranoia < 2 {
                continue;
            }
            let number = u32::try_from(rules.len()).unwrap_or(u32::MAX);
            rules.push(Rule {
                source: u32::try_from(index).unwrap_or(u32::MAX),
                category: source.category,
                severity: source.severity,
                confidence: source.confidence,
                origins: source.origins,
                direction: source.direction,
                mention: source.mention,
            });
            bytes.take(number, source)?;
            for condition in source.conditions.iter().filter(|it| it.when.is_none()) {
                conditions.push(self.condition(number, source, condition)?);
            }
        }
        let counted = self.counted_lexemes()?;
        let plan = self.plan(&conditions);
        let glued = glued_words(&self.lexemes);
        let lexicon = Lexicon::build(&self.lexemes, &self.classes, &counted, &plan.gates);
        Ok(Rulebook {
            lexicon,
            rules,
            conditions,
            patterns: self.patterns,
            triggers: plan.triggers,
            trigger_classes: plan.trigger_classes,
            bytes: bytes.finish(),
            glued,
            sources,
        })
    }

    fn condition(
        &mut self,
        rule: u32,
        source: &RuleSource,
        condition: &ConditionSource,
    ) -> Result<Condition, RuleError> {
        let mut compiled = Condition {
            rule,
            all: Vec::new(),
            none: Vec::new(),
            patterns: Vec::new(),
            within: u32::try_from(condition.within).unwrap_or(u32::MAX),
            ordered: condition.ordered,
            sentence: condition.sentence,
        };
        for index in &condition.all {
            let Some(pattern) = source.patterns.get(*index) else {
                continue;
            };
            if pattern.regex.is_empty() {
                compiled.all.push(self.class_of_pattern(source, pattern)?);
            } else {
                self.regexes(pattern, &mut compiled.patterns);
            }
        }
        for index in &condition.none {
            let Some(pattern) = source.patterns.get(*index) else {
                continue;
            };
            if pattern.regex.is_empty() {
                compiled.none.push(self.class_of_pattern(source, pattern)?);
            }
        }
        self.wait_for_value(source, condition, &mut compiled)?;
        Ok(compiled)
    }

    /// Three digits stand in every other text. A condition that waits for nothing else, and for a value that needs more,
    /// waits for what the value needs.
    fn wait_for_value(
        &mut self,
        source: &RuleSource,
        condition: &ConditionSource,
        compiled: &mut Condition,
    ) -> Result<(), RuleError> {
        let mut patterns = condition.all.iter().filter_map(|index| source.patterns.get(*index));
        let (Some(a), Some(b), None) = (patterns.next(), patterns.next(), patterns.next()) else {
            return Ok(());
        };
        let (shape, value) = if a.value { (b, a) } else { (a, b) };
        let alone = shape.shape == Some(Shape::Digits) && shape.words.is_empty() && shape.text.is_empty();
        if let ([(regex, _)], true) = (value.regex.as_slice(), alone && value.value && !value.exact) {
            let (digits, word_len) = least_of(regex);
            let lexeme = self.lexeme(Entry::Digits(Digits::of(digits, word_len)));
            compiled.all = vec![self.class(vec![lexeme], &source.path, shape.at)?];
        }
        Ok(())
    }

    /// Several regexes in one pattern are alternatives.
    fn regexes(&mut self, pattern: &PatternSource, into: &mut Vec<u32>) {
        let joined = match pattern.regex.as_slice() {
            [(only, _)] => only.clone(),
            several => several
                .iter()
                .map(|(one, _)| format!("(?:{one})"))
                .collect::<Vec<_>>()
                .join("|"),
        };
        into.push(u32::try_from(self.patterns.len()).unwrap_or(u32::MAX));
        self.patterns
            .push(Pattern::new(joined, pattern.exact, pattern.check, pattern.reach).for_values(pattern.value));
    }

    fn class_of_pattern(&mut self, source: &RuleSource, pattern: &PatternSource) -> Result<u16, RuleError> {
        let mut lexemes = Vec::new();
        for (word, at) in &pattern.words {
            self.expand(word, &source.path, *at, 0, &mut lexemes)?;
        }
        for (text, _) in &pattern.text {
            lexemes.push(self.lexeme(Entry::Text {
                literal: parse_text(text),
                line: pattern.anchor_line,
            }));
        }
        match pattern.shape {
            Some(Shape::Digits) => lexemes.push(self.lexeme(Entry::Digits(Digits::ANY))),
            Some(Shape::Number) => lexemes.push(self.lexeme(Entry::Number)),
            Some(Shape::Blob) => lexemes.push(self.lexeme(Entry::Blob)),
            Some(Shape::Unseen) => lexemes.push(self.lexeme(Entry::Unseen)),
            Some(Shape::Payload(payload)) => lexemes.push(self.lexeme(Entry::Payload(payload))),
            None => {}
        }
        self.class(lexemes, &source.path, pattern.at)
    }

    fn lexeme(&mut self, entry: Entry) -> u32 {
        if let Some(known) = self.lexeme_numbers.get(&entry) {
            return *known;
        }
        let number = u32::try_from(self.lexemes.len()).unwrap_or(u32::MAX);
        self.lexemes.push(entry.clone());
        self.lexeme_numbers.insert(entry, number);
        number
    }

    /// Numbers a set of lexemes; patterns with the same set share a class.
    fn class(&mut self, mut lexemes: Vec<u32>, path: &str, at: Position) -> Result<u16, RuleError> {
        lexemes.sort_unstable();
        lexemes.dedup();
        if let Some(known) = self.class_numbers.get(&lexemes) {
            return Ok(*known);
        }
        if self.classes.len() >= CLASS_COUNT_MAX {
            return Err(RuleError {
                path: path.to_owned(),
                at,
                expected: format!("at most {CLASS_COUNT_MAX} different patterns in all rules together"),
                message: "one pattern too many".to_owned(),
            });
        }
        let number = u16::try_from(self.classes.len()).unwrap_or(u16::MAX);
        self.classes.push(lexemes.clone());
        self.class_numbers.insert(lexemes, number);
        Ok(number)
    }

    fn expand(
        &mut self,
        word: &str,
        path: &str,
        at: Position,
        depth: usize,
        into: &mut Vec<u32>,
    ) -> Result<(), RuleError> {
        let Some(name) = word.strip_prefix('$') else {
            into.push(self.word(word));
            return Ok(());
        };
        if let Some(known) = self.known_lexicons.get(name) {
            into.extend_from_slice(known);
            return Ok(());
        }
        let refuse = |message: String, expected: String| RuleError {
            path: path.to_owned(),
            at,
            expected,
            message,
        };
        if depth > LEXICON_DEPTH_MAX {
            return Err(refuse(
                format!("lexicon `{name}` refers to itself"),
                "lexicons without a circle".to_owned(),
            ));
        }
        let lexicons = self.lexicons;
        let Some(lexicon) = lexicons.get(name) else {
            return Err(refuse(format!("unknown lexicon `{name}`"), self.nearest_lexicon(name)));
        };
        let mut expanded = Vec::new();
        for (entry, entry_at) in &lexicon.entries {
            self.expand(entry, &lexicon.path, *entry_at, depth + 1, &mut expanded)?;
        }
        into.extend_from_slice(&expanded);
        self.known_lexicons.insert(name.to_owned(), expanded);
        Ok(())
    }

    fn word(&mut self, word: &str) -> u32 {
        if let Some(known) = self.known_words.get(word) {
            return *known;
        }
        let elements = parse_words(word, &mut self.view);
        let number = self.lexeme(Entry::Words(elements));
        self.known_words.insert(word.to_owned(), number);
        number
    }

    fn nearest_lexicon(&self, name: &str) -> String {
        let close = |known: &&String| known.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
        match self.lexicons.keys().max_by_key(close) {
            Some(nearest) => format!("the name of a lexicon, such as `{nearest}`"),
            None => "the name of a lexicon; there are none".to_owned(),
        }
    }

    /// What each lexeme counts for in the score, as bits of features: the lexicons known by name, and the
    /// words that show a text is rotated or reversed.
    fn counted_lexemes(&mut self) -> Result<Vec<u32>, RuleError> {
        let mut found = Vec::new();
        for (feature, name) in CONTEXT_LEXICONS.iter().enumerate() {
            let full = format!("context.{name}");
            let Some(lexicon) = self.lexicons.get(&full) else {
                continue;
            };
            let mut lexemes = Vec::new();
            self.expand(
                &format!("${full}"),
                &lexicon.path,
                Position { line: 1, column: 1 },
                0,
                &mut lexemes,
            )?;
            found.push((feature, lexemes));
        }
        let rotated = rotated().map(|word| self.word(&rotate(word))).collect();
        found.push((usize::from(ROTATED_WORDS), rotated));
        let reversed = reversed()
            .map(|word| self.word(&word.chars().rev().collect::<String>()))
            .collect();
        found.push((usize::from(REVERSED_WORDS), reversed));
        let mut counted = vec![0; self.lexemes.len()];
        for (feature, lexemes) in found {
            for lexeme in lexemes {
                if let Some(bits) = counted.get_mut(lexeme as usize) {
                    *bits |= 1_u32 << feature;
                }
            }
        }
        Ok(counted)
    }

    /// Hangs each condition on its rarest class, and gives those a gate whose rarest class is common.
    fn plan(&self, conditions: &[Condition]) -> Plan {
        let usage = Usage::read();
        let of_lexeme = |lexeme: &u32| {
            self.lexemes
                .get(*lexeme as usize)
                .map_or(0.0, |entry| usage.of_entry(entry))
        };
        let common: Vec<f32> = self
            .classes
            .iter()
            .map(|lexemes| lexemes.iter().map(of_lexeme).sum())
            .collect();
        Plan::of(conditions, &common)
    }
}

/// A word as rot13 shows it.
fn rotate(word: &str) -> String {
    let turn = |c: char| match c {
        'a'..='m' => char::from(c as u8 + 13),
        'n'..='z' => char::from(c as u8 - 13),
        other => other,
    };
    word.chars().map(turn).collect()
}

/// Every word that rules or ordinary people use, for texts whose author took the spaces out.
fn glued_words(lexemes: &[Entry]) -> Option<Glued> {
    /// What is known of a word from rules alone: it is rare.
    const RARE: f32 = 2.0;
    const RULE_WORD_LEN_MIN: usize = 3;
    let mut words: BTreeMap<&[u8], f32> = Usage::words().map(|(word, count)| (word.as_bytes(), count)).collect();
    for entry in lexemes {
        let Entry::Words(elements) = entry else { continue };
        for element in elements {
            let (Element::Exact { word, .. } | Element::Stem(word)) = element;
            if word.len() >= RULE_WORD_LEN_MIN {
                words.entry(word).or_insert(RARE);
            }
        }
    }
    words.retain(|word, _| !word.iter().all(u8::is_ascii_digit));
    Glued::new(words.into_iter())
}
