//! From rules as written to something that can be matched.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::decode::{REVERSED, ROTATED};
use crate::features::{CONTEXT_LEXICONS, REVERSED_WORDS, ROTATED_WORDS};
use crate::lexicon::{Element, Entry, Lexicon, parse_text, parse_words};
use crate::regex::Pattern;
use crate::rules::parse::{Parsed, parse_file};
use crate::rules::source::{
    ConditionSource, Flow, LexiconSource, Mention, PatternSource, Position, RuleError, RuleSource, Shape, Status,
};

/// How deep lexicons may refer to one another.
const LEXICON_DEPTH_MAX: usize = 8;
/// Classes are numbered with 16 bits.
const CLASS_COUNT_MAX: usize = u16::MAX as usize;

/// What decides which rules are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleSelection {
    /// Rules above this paranoia level are left out.
    pub paranoia: u8,
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
    /// For each class, the context feature it counts for.
    pub(crate) context_of: Vec<Option<u8>>,
    /// Finds the words of all rules inside a run of letters without spaces.
    pub(crate) glued: Option<AhoCorasick>,
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
        for (path, text) in files {
            match parse_file(path, text)? {
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
    classes: Vec<Vec<Entry>>,
    numbers: HashMap<Vec<Entry>, u16>,
    patterns: Vec<Pattern>,
}

impl<'a> Compiler<'a> {
    fn new(lexicons: &'a BTreeMap<String, LexiconSource>) -> Self {
        Self { lexicons, classes: Vec::new(), numbers: HashMap::new(), patterns: Vec::new() }
    }

    fn compile(mut self, sources: Vec<RuleSource>, selection: RuleSelection) -> Result<Rulebook, RuleError> {
        let mut rules = Vec::new();
        let mut conditions = Vec::new();
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
            for condition in &source.conditions {
                conditions.push(self.condition(number, source, condition)?);
            }
        }
        let context_of = self.context_classes()?;
        let lexicon = Lexicon::build(&self.classes);
        let triggers = self.triggers(&conditions);
        let glued = glued_words(&self.classes);
        Ok(Rulebook { lexicon, rules, conditions, patterns: self.patterns, triggers, context_of, glued, sources })
    }

    fn condition(&mut self, rule: u32, source: &RuleSource, condition: &ConditionSource) -> Result<Condition, RuleError> {
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
            let Some(pattern) = source.patterns.get(*index) else { continue };
            if pattern.regex.is_empty() {
                compiled.all.push(self.class_of_pattern(source, pattern)?);
            } else {
                self.regexes(source, pattern, &mut compiled.patterns)?;
            }
        }
        for index in &condition.none {
            let Some(pattern) = source.patterns.get(*index) else { continue };
            if pattern.regex.is_empty() {
                compiled.none.push(self.class_of_pattern(source, pattern)?);
            }
        }
        Ok(compiled)
    }

    /// Several regexes in one pattern are alternatives.
    fn regexes(&mut self, source: &RuleSource, pattern: &PatternSource, into: &mut Vec<u32>) -> Result<(), RuleError> {
        let joined = match pattern.regex.as_slice() {
            [(only, _)] => only.clone(),
            several => several.iter().map(|(one, _)| format!("(?:{one})")).collect::<Vec<_>>().join("|"),
        };
        let at = pattern.regex.first().map_or(pattern.at, |(_, at)| *at);
        let compiled = Pattern::new(&joined, pattern.exact, pattern.check).map_err(|error| RuleError {
            path: source.path.clone(),
            at,
            expected: "a linear-time regex within the size limit".to_owned(),
            message: format!("`{joined}` cannot be compiled: {error}"),
        })?;
        into.push(u32::try_from(self.patterns.len()).unwrap_or(u32::MAX));
        self.patterns.push(compiled);
        Ok(())
    }

    fn class_of_pattern(&mut self, source: &RuleSource, pattern: &PatternSource) -> Result<u16, RuleError> {
        let mut entries = Vec::new();
        for (word, at) in &pattern.words {
            self.expand(word, &source.path, *at, 0, &mut entries)?;
        }
        for (text, _) in &pattern.text {
            entries.push(Entry::Text { literal: parse_text(text), line: pattern.anchor_line });
        }
        match pattern.shape {
            Some(Shape::Digits) => entries.push(Entry::Digits),
            Some(Shape::Blob) => entries.push(Entry::Blob),
            None => {}
        }
        self.number(entries, &source.path, pattern.at)
    }

    fn number(&mut self, mut entries: Vec<Entry>, path: &str, at: Position) -> Result<u16, RuleError> {
        entries.sort();
        entries.dedup();
        if let Some(known) = self.numbers.get(&entries) {
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
        self.classes.push(entries.clone());
        self.numbers.insert(entries, number);
        Ok(number)
    }

    fn expand(
        &self,
        word: &str,
        path: &str,
        at: Position,
        depth: usize,
        into: &mut Vec<Entry>,
    ) -> Result<(), RuleError> {
        let Some(name) = word.strip_prefix('$') else {
            into.push(Entry::Words(parse_words(word)));
            return Ok(());
        };
        let refuse = |message: String, expected: String| RuleError { path: path.to_owned(), at, expected, message };
        if depth > LEXICON_DEPTH_MAX {
            return Err(refuse(format!("lexicon `{name}` refers to itself"), "lexicons without a circle".to_owned()));
        }
        let Some(lexicon) = self.lexicons.get(name) else {
            return Err(refuse(format!("unknown lexicon `{name}`"), self.nearest_lexicon(name)));
        };
        for (entry, entry_at) in &lexicon.entries {
            self.expand(entry, &lexicon.path, *entry_at, depth + 1, into)?;
        }
        Ok(())
    }

    fn nearest_lexicon(&self, name: &str) -> String {
        let close = |known: &&String| known.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
        match self.lexicons.keys().max_by_key(close) {
            Some(nearest) => format!("the name of a lexicon, such as `{nearest}`"),
            None => "the name of a lexicon; there are none".to_owned(),
        }
    }

    /// The lexicons that only count, for the score: they are known by name.
    fn context_classes(&mut self) -> Result<Vec<Option<u8>>, RuleError> {
        let mut found = Vec::new();
        for (feature, name) in CONTEXT_LEXICONS.iter().enumerate() {
            let full = format!("context.{name}");
            let Some(lexicon) = self.lexicons.get(&full) else { continue };
            let (path, at) = (lexicon.path.clone(), Position { line: 1, column: 1 });
            let mut entries = Vec::new();
            self.expand(&format!("${full}"), &path, at, 0, &mut entries)?;
            found.push((self.number(entries, &path, at)?, u8::try_from(feature).unwrap_or(u8::MAX)));
        }
        let none = Position::default();
        let rotated = ROTATED.iter().map(|word| Entry::Words(parse_words(&rotate(word)))).collect();
        found.push((self.number(rotated, "", none)?, ROTATED_WORDS));
        let reversed = REVERSED.iter().map(|word| Entry::Words(parse_words(&word.chars().rev().collect::<String>()))).collect();
        found.push((self.number(reversed, "", none)?, REVERSED_WORDS));
        let mut context_of = vec![None; self.classes.len()];
        for (class, feature) in found {
            if let Some(slot) = context_of.get_mut(usize::from(class)) {
                *slot = Some(feature);
            }
        }
        Ok(context_of)
    }

    /// Hangs each condition on its rarest class.
    fn triggers(&self, conditions: &[Condition]) -> Vec<Vec<u32>> {
        let common: Vec<f32> = self.classes.iter().map(|entries| entries.iter().map(commonness).sum()).collect();
        let mut triggers = vec![Vec::new(); self.classes.len()];
        for (index, condition) in conditions.iter().enumerate() {
            let of = |class: &u16| common.get(usize::from(*class)).copied().unwrap_or(0.0);
            let Some(rarest) = condition.all.iter().min_by(|a, b| of(a).total_cmp(&of(b))) else { continue };
            if let Some(slot) = triggers.get_mut(usize::from(*rarest)) {
                slot.push(u32::try_from(index).unwrap_or(u32::MAX));
            }
        }
        triggers
    }
}

/// A guess at how often ordinary text holds an entry: shorter words are commoner, phrases rarer.
fn commonness(entry: &Entry) -> f32 {
    let of_length = |len: usize| match len {
        0..=2 => 1.0,
        3 => 0.6,
        4 => 0.3,
        5 => 0.15,
        6 => 0.08,
        7 => 0.05,
        _ => 0.03,
    };
    match entry {
        Entry::Digits => 1.5,
        Entry::Blob => 0.1,
        Entry::Text { literal, .. } => if literal.len() <= 2 { 0.3 } else { 0.05 },
        Entry::Words(elements) => elements
            .iter()
            .map(|element| match element {
                Element::Exact { word, .. } => of_length(word.len()),
                Element::Stem(stem) => of_length(stem.len()) * 1.5,
            })
            .product(),
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

/// One automaton over every plain word, for texts whose author took the spaces out.
fn glued_words(classes: &[Vec<Entry>]) -> Option<AhoCorasick> {
    const WORD_LEN_MIN: usize = 2;
    let mut words = BTreeSet::new();
    for entry in classes.iter().flatten() {
        let Entry::Words(elements) = entry else { continue };
        for element in elements {
            let (Element::Exact { word, .. } | Element::Stem(word)) = element;
            if word.len() >= WORD_LEN_MIN && word.iter().all(u8::is_ascii_lowercase) {
                words.insert(word.clone());
            }
        }
    }
    // Leftmost-longest, so that a short word cannot hide a long one.
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(words)
        .ok()
}
