//! A rule as its author wrote it: parsed and checked, not yet compiled.

use crate::payload::Payload;

pub use crate::checks::Check;

/// Where in a rule file something stands, 1-based.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// A rule file that cannot be accepted, and exactly where and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The file's path as it was given.
    pub path: String,
    /// Where the offending thing starts.
    pub at: Position,
    /// What would have been accepted there.
    pub expected: String,
    /// What is wrong: lower case, no full stop, input in backticks.
    pub message: String,
}

impl std::fmt::Display for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            path,
            at,
            expected,
            message,
        } = self;
        write!(f, "{path}:{}:{}: {message}; expected {expected}", at.line, at.column)
    }
}

impl std::error::Error for RuleError {}

/// A named list of words, from a lexicon file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LexiconSource {
    /// `file.name`, as rules refer to it after `$`.
    pub name: String,
    /// Words, phrases, stems (`instruct*`) and references (`$other.name`).
    pub entries: Vec<(String, Position)>,
    /// The file it came from.
    pub path: String,
}

/// How far a rule has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Compiled and reported at paranoia 2 and above only.
    Experimental,
    /// In force.
    Stable,
    /// Read, checked, never compiled.
    Deprecated,
}

/// What a mention (quoted, reported) does to a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mention {
    /// Lower its score.
    Discount,
    /// Nothing: a payload is a payload wherever it stands.
    Ignore,
}

/// Which way the inspected content flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Towards the model.
    Input,
    /// From the model.
    Output,
    /// Either.
    Both,
}

/// A token shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A token with at least three ASCII digits.
    Digits,
    /// Nine or more digits in neighbouring tokens.
    Number,
    /// At least 20 characters without white space.
    Blob,
    /// A row of characters of no width.
    Unseen,
    /// Something that the programs behind a model would run.
    Payload(Payload),
}

/// One named pattern of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternSource {
    /// The name conditions use.
    pub name: String,
    /// Where the pattern stands.
    pub at: Position,
    /// Words, phrases, stems and `$lexicon` references.
    pub words: Vec<(String, Position)>,
    /// Raw substrings.
    pub text: Vec<(String, Position)>,
    /// Linear-time regexes, run near candidates only.
    pub regex: Vec<(String, Position)>,
    /// Token shape.
    pub shape: Option<Shape>,
    /// Only at the start of a line.
    pub anchor_line: bool,
    /// Regexes run on the source text with its case.
    pub exact: bool,
    /// Regexes find values: each stands alone and is a match of its own.
    pub value: bool,
    /// Validator for regex matches.
    pub check: Option<Check>,
    /// Bytes behind a candidate that regexes may look at.
    pub reach: usize,
    /// What it looks for in the bytes of the original.
    pub bytes: Option<BytesSource>,
}

/// Regexes over the bytes of the original text, anywhere in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BytesSource {
    /// Alternatives for text as it is.
    pub narrow: Vec<(String, Position)>,
    /// Alternatives for text in which a zero follows every byte.
    pub wide: Vec<(String, Position)>,
    /// No letter and no digit may touch a match.
    pub whole: bool,
}

/// A place in the original, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// So many bytes behind the start.
    Start(u64),
    /// So many bytes before the end.
    End(u64),
}

/// How two numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `>=`
    AtLeast,
    /// `>`
    More,
}

/// What must be true of the bytes of a text. Patterns are indices into [`RuleSource::patterns`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// So many of these, at least; with as many as there are, all of them.
    Least(usize, Vec<When>),
    /// The contrary.
    Not(Box<When>),
    /// How often a pattern matches, counted by starts, all of them or those from one place to another.
    Count {
        /// The pattern.
        pattern: usize,
        /// First and last place where a match may start.
        within: Option<(Bound, Bound)>,
        /// How the count is compared.
        compare: Compare,
        /// With what.
        number: u64,
    },
    /// How many bytes the text has.
    Size(Compare, u64),
}

/// Patterns that must stand together. Indices point into [`RuleSource::patterns`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionSource {
    /// Where the condition stands.
    pub at: Position,
    /// All of these.
    pub all: Vec<usize>,
    /// None of these.
    pub none: Vec<usize>,
    /// Window in tokens.
    pub within: usize,
    /// In the listed order.
    pub ordered: bool,
    /// In one sentence.
    pub sentence: bool,
    /// What must be true of the bytes of the original; then all else is left out.
    pub when: Option<When>,
}

/// A whole rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSource {
    /// Unique id.
    pub id: String,
    /// The file it came from.
    pub path: String,
    /// Where the rule starts.
    pub at: Position,
    /// One line for people.
    pub title: String,
    /// Category code, see [`crate::category`].
    pub category: u8,
    /// How far the rule has come.
    pub status: Status,
    /// 0 low … 3 critical.
    pub severity: u8,
    /// Probability that a match in running use is an attack.
    pub confidence: f32,
    /// 1 … 4.
    pub paranoia: u8,
    /// BCP-47 codes or `any`.
    pub languages: Vec<String>,
    /// Which way.
    pub direction: Flow,
    /// Bit set of origins, bit = origin code.
    pub origins: u8,
    /// Additional taxonomy ids.
    pub tags: Vec<String>,
    /// What a mention does.
    pub mention: Mention,
    /// The kind of thing it finds, in snake case.
    pub entity: Option<String>,
    /// Patterns in file order.
    pub patterns: Vec<PatternSource>,
    /// Any of these fires the rule.
    pub conditions: Vec<ConditionSource>,
    /// Must be caught.
    pub catch: Vec<String>,
    /// Must be spared.
    pub spare: Vec<String>,
}
