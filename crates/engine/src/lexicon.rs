//! Finding every word, phrase, stem and marker of all rules in one pass over the tokens.
//!
//! Words are found by the hash each token carries anyway, so a text costs a few bit tests a token
//! however many rules there are. A lexeme is one thing any pattern accepts: a word, a phrase, a stem, a
//! marker. A class is the set of lexemes one pattern accepts; patterns with the same set share it.

mod classes;
mod effect;
mod entry;
mod index;
mod literal;
mod members;
mod shapes;

use crate::ngram::bigram;
use crate::payload::{self, Payload};
use crate::text::{Token, View, head_at, low_bytes, mix, narrow};

pub(crate) use self::classes::ClassSet;
use self::effect::effects;
pub(crate) use self::effect::{Effect, Gate};
pub(crate) use self::entry::{Element, Entry, parse_text, parse_words};
use self::entry::{Phrase, Step};
pub(crate) use self::index::{ANCHORED, Target};
use self::index::{Filter, Gathered, Index};
use self::literal::{AFTER, Literal, Pairs, key_hash, pair_key, rarest_anchor, starts_line};
use self::members::Members;
pub(crate) use self::shapes::Digits;

/// A lexeme seen in a text, at tokens `first..=last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// Bytes of the normalised text.
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) lexeme: u32,
}

/// A phrase that a word leads to, and how to tell from the word beside it that it is not there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lead {
    phrase: Target,
    /// Which token to look at, counted from the word.
    beside: i8,
    /// How that token has to start.
    head: u64,
    mask: u64,
}

const STEM_SALT: u64 = 0x5747;
/// Bytes that say whether a longer stem may follow.
const OPENING_LEN: usize = 4;

/// The three indexes of a lexicon, while they are being gathered.
#[derive(Debug, Default)]
struct Gather {
    words: Gathered,
    stems: Gathered,
    pairs: Gathered,
    literals: Gathered,
}

/// All classes, ready to be looked for.
#[derive(Clone, Debug)]
pub(crate) struct Lexicon {
    word_filter: Filter,
    stem_filter: Filter,
    pair_filter: Filter,
    words: Index,
    stems: Index,
    pairs: Index,
    long_stems: Vec<usize>,
    phrases: Vec<Phrase>,
    /// The words of all phrases, one after the other in memory.
    steps: Vec<Step>,
    literals: Vec<Literal>,
    literal_pairs: Pairs,
    literals_by_pair: Index,
    /// Bytes literals hang on.
    pub(crate) anchors: [bool; 256],
    digits: Vec<(Digits, u32)>,
    number: Option<u32>,
    blob: Option<u32>,
    unseen: Option<u32>,
    payloads: Vec<(Payload, u32)>,
    members: Members,
    /// Of each lexeme.
    effects: Vec<Effect>,
    class_count: usize,
}

impl Lexicon {
    /// Indexes lexemes. `classes` lists the lexemes of each class, `counted` the features of each lexeme,
    /// `gates` what each class does to the gate.
    pub(crate) fn build(lexemes: &[Entry], classes: &[Vec<u32>], counted: &[u32], gates: &[Gate]) -> Self {
        let mut lexicon = Self {
            word_filter: Filter::new(),
            stem_filter: Filter::new(),
            pair_filter: Filter::new(),
            words: Index::default(),
            stems: Index::default(),
            pairs: Index::default(),
            long_stems: Vec::new(),
            phrases: Vec::new(),
            steps: Vec::new(),
            literals: Vec::new(),
            literal_pairs: Pairs::default(),
            literals_by_pair: Index::default(),
            anchors: [false; 256],
            digits: Vec::new(),
            number: None,
            blob: None,
            unseen: None,
            payloads: Vec::new(),
            members: Members::build(lexemes.len(), classes),
            effects: effects(counted, classes, gates),
            class_count: classes.len(),
        };
        let mut gathered = Gather::default();
        for (lexeme, entry) in (0_u32..).zip(lexemes) {
            lexicon.add(lexeme, entry, &mut gathered);
        }
        lexicon.words = Index::build(gathered.words);
        lexicon.stems = Index::build(gathered.stems);
        lexicon.pairs = Index::build(gathered.pairs);
        lexicon.literals_by_pair = Index::build(gathered.literals);
        lexicon.long_stems.sort_unstable();
        lexicon.long_stems.dedup();
        lexicon.phrases.shrink_to_fit();
        lexicon.steps.shrink_to_fit();
        lexicon
    }

    pub(crate) const fn class_count(&self) -> usize {
        self.class_count
    }

    /// What a lexeme does.
    #[inline(always)]
    pub(crate) fn effect(&self, lexeme: u32) -> Effect {
        self.effects.get(lexeme as usize).copied().unwrap_or_default()
    }

    /// The classes of a lexeme, in order.
    pub(crate) fn classes(&self, lexeme: u32) -> &[u16] {
        self.members.of(lexeme)
    }

    /// Adds the classes of a lexeme to `present`.
    #[inline(always)]
    pub(crate) fn note(&self, lexeme: u32, present: &mut ClassSet) {
        self.members.note(lexeme, present);
    }

    /// Calls `on` for the classes of a lexeme that are in `asked`.
    #[inline(always)]
    pub(crate) fn asking(&self, lexeme: u32, asked: &ClassSet, on: impl FnMut(usize)) {
        self.members.asking(lexeme, asked, on);
    }

    fn add(&mut self, lexeme: u32, entry: &Entry, gather: &mut Gather) {
        match entry {
            Entry::Digits(digits) => self.digits.push((*digits, lexeme)),
            Entry::Number => self.number = Some(lexeme),
            Entry::Blob => self.blob = Some(lexeme),
            Entry::Unseen => self.unseen = Some(lexeme),
            Entry::Payload(payload) => self.payloads.push((*payload, lexeme)),
            Entry::Text { literal, line } => self.add_literal(lexeme, literal, *line, gather),
            Entry::Words(elements) => match elements.as_slice() {
                [] => {}
                [Element::Exact { hash, .. }] => self.add_word(*hash, lexeme, gather),
                [Element::Stem(stem)] => self.add_stem(stem, lexeme, gather),
                _ => self.add_phrase(lexeme, elements, gather),
            },
        }
    }

    fn add_word(&mut self, hash: u64, target: Target, gather: &mut Gather) {
        self.word_filter.insert(hash);
        gather.words.entry(hash).or_default().push(target);
    }

    fn add_stem(&mut self, stem: &[u8], target: Target, gather: &mut Gather) {
        if stem.len() >= OPENING_LEN {
            self.stem_filter.insert(opening_hash(word_of(stem)));
        }
        let hash = if stem.len() <= 8 {
            stem_hash(word_of(stem), stem.len())
        } else {
            self.long_stems.push(stem.len());
            long_stem_hash(stem)
        };
        self.stem_filter.insert(hash);
        gather.stems.entry(hash).or_default().push(target);
    }

    /// Hangs a phrase on its longest two neighbouring whole words, else on its longest word or stem:
    /// the longer, the rarer.
    fn add_phrase(&mut self, lexeme: u32, elements: &[Element], gather: &mut Gather) {
        if let [Element::Exact { hash: first, .. }, Element::Exact { hash: second, .. }] = elements {
            let pair = bigram(*first, *second);
            self.pair_filter.insert(pair);
            gather.pairs.entry(pair).or_default().push(lexeme);
            return;
        }
        let target = ANCHORED | narrow(self.phrases.len());
        self.phrases.push(Phrase {
            first_step: self.steps.len(),
            elements: elements.to_vec(),
            lexeme,
            anchor: 0,
        });
        self.steps.extend(elements.iter().map(Step::of));
        let pairs = elements.windows(2).enumerate().filter_map(|(offset, pair)| match pair {
            [
                Element::Exact { hash: first, word: a },
                Element::Exact { hash: second, word: b },
            ] => Some((a.len() + b.len(), offset, bigram(*first, *second))),
            _ => None,
        });
        if let Some((_, offset, hash)) = pairs.max_by_key(|(len, offset, _)| (*len, std::cmp::Reverse(*offset))) {
            self.pair_filter.insert(hash);
            gather.pairs.entry(hash).or_default().push(target);
            self.anchor_last_phrase(offset);
            return;
        }
        match elements
            .iter()
            .enumerate()
            .max_by_key(|(offset, element)| (element.len(), std::cmp::Reverse(*offset)))
        {
            Some((offset, Element::Exact { hash, .. })) => {
                self.add_word(*hash, target, gather);
                self.anchor_last_phrase(offset);
            }
            Some((offset, Element::Stem(stem))) => {
                self.add_stem(stem, target, gather);
                self.anchor_last_phrase(offset);
            }
            None => {}
        }
    }

    fn anchor_last_phrase(&mut self, offset: usize) {
        if let Some(phrase) = self.phrases.last_mut() {
            phrase.anchor = offset;
        }
    }

    fn add_literal(&mut self, lexeme: u32, literal: &[u8], line: bool, gather: &mut Gather) {
        let Some(anchor) = rarest_anchor(literal) else { return };
        let Some(byte) = literal.get(anchor) else { return };
        if let Some(flag) = self.anchors.get_mut(usize::from(*byte)) {
            *flag = true;
        }
        let key = match (
            literal.get(anchor + 1),
            anchor.checked_sub(1).and_then(|before| literal.get(before)),
        ) {
            (Some(next), _) => pair_key(*byte, *next),
            (None, Some(before)) => AFTER | pair_key(*before, *byte),
            // The parser wants two bytes, but folding may have left one.
            (None, None) => return,
        };
        self.literal_pairs.insert(key);
        gather
            .literals
            .entry(key_hash(key))
            .or_default()
            .push(narrow(self.literals.len()));
        self.literals.push(Literal {
            head: word_of(literal),
            mask: low_bytes(literal.len()),
            bytes: literal.to_vec(),
            anchor,
            line,
            lexeme,
        });
    }

    /// Everything a token leads to by itself, whatever stands around it: lexemes, and phrases that
    /// [`Lexicon::follow`] looks for.
    #[inline(never)]
    pub(crate) fn targets(&self, view: &View, token: &Token, found: &mut Vec<Target>) {
        if self.word_filter.may_hold(token.hash) {
            self.words.for_each(token.hash, |target| found.push(target));
        }
        let len = token.len();
        // Two bytes make the shortest stem but for scripts with one letter in two or three. Longer stems
        // are tried only behind an opening of four bytes that some stem has.
        let longest = if len >= OPENING_LEN && self.stem_filter.may_hold(opening_hash(token.head)) {
            len.min(8)
        } else {
            len.min(OPENING_LEN - 1)
        };
        for stem_len in 2..=longest {
            self.stem_targets(stem_hash(token.head & low_bytes(stem_len), stem_len), found);
        }
        if longest < OPENING_LEN {
            return;
        }
        for stem_len in self.long_stems.iter().take_while(|stem_len| **stem_len <= len) {
            let from = token.start as usize;
            if let Some(bytes) = view.text().get(from..from + stem_len) {
                self.stem_targets(long_stem_hash(bytes), found);
            }
        }
    }

    fn stem_targets(&self, hash: u64, found: &mut Vec<Target>) {
        if self.stem_filter.may_hold(hash) {
            self.stems.for_each(hash, |target| found.push(target));
        }
    }

    /// Calls `on` for the phrase that a word leads to, if all of it is there.
    #[inline(always)]
    pub(crate) fn follow(&self, lead: &Lead, view: &View, at: usize, on: &mut impl FnMut(Hit)) {
        let beside = at.wrapping_add_signed(isize::from(lead.beside));
        if view
            .tokens
            .get(beside)
            .is_some_and(|token| token.head & lead.mask == lead.head)
        {
            self.follow_phrase(lead.phrase, view, at, on);
        }
    }

    #[inline(always)]
    fn follow_phrase(&self, phrase: Target, view: &View, at: usize, on: &mut impl FnMut(Hit)) {
        if let Some(phrase) = self.phrases.get((phrase & !ANCHORED) as usize) {
            phrase.find(&self.steps, view, at, on);
        }
    }

    /// What to look for beside the word that a phrase is found by, before all of it is compared.
    pub(crate) fn lead(&self, target: Target) -> Lead {
        let everything = Lead {
            phrase: target,
            ..Lead::default()
        };
        let Some(phrase) = self.phrases.get((target & !ANCHORED) as usize) else {
            return everything;
        };
        let neighbours = [(phrase.anchor.checked_sub(1), -1_i8), (phrase.anchor.checked_add(1), 1)];
        neighbours
            .into_iter()
            .filter_map(|(at, beside)| Some((phrase.elements.get(at?)?, beside)))
            .max_by_key(|(element, _)| element.len())
            .map_or(everything, |(element, beside)| {
                let (head, mask) = element.head();
                Lead {
                    phrase: target,
                    beside,
                    head,
                    mask,
                }
            })
    }

    /// Calls `on` for the phrases that two neighbouring tokens lead to, the first of them token `at`.
    #[inline(always)]
    pub(crate) fn scan_pair(&self, pair: u64, view: &View, at: usize, on: &mut impl FnMut(Hit)) {
        if self.pair_filter.may_hold(pair) {
            self.pairs.for_each(pair, |target| {
                if target & ANCHORED == 0 {
                    on(hit(view, target, at, at + 1));
                } else {
                    self.follow_phrase(target, view, at, on);
                }
            });
        }
    }

    /// Calls `on` for numbers, runs without white space, and markers.
    #[inline(always)]
    pub(crate) fn scan_shapes(&self, view: &View, on: &mut impl FnMut(Hit)) {
        for (digits, lexeme) in self.digits.iter().filter(|(digits, _)| digits.may_be_in(view)) {
            digits.find(view, *lexeme, on);
        }
        if let Some(lexeme) = self.number.filter(|_| view.stats.digit >= shapes::NUMBER_DIGITS_MIN) {
            shapes::numbers(view, lexeme, on);
        }
        if let Some(lexeme) = self.blob.filter(|_| view.stats.long_run) {
            shapes::blobs(view, lexeme, on);
        }
        if let (Some(lexeme), Some(rows)) = (self.unseen, view.smuggled.rows()) {
            shapes::beside(view, rows, lexeme, on);
        }
        if !self.payloads.is_empty() {
            self.scan_payloads(view, on);
        }
        for position in &view.anchors {
            let at = *position as usize;
            let around = head_at(view.padded(), at.saturating_sub(1)).to_le_bytes();
            let [before, byte, next] = match (at, around) {
                (0, [byte, next, ..]) => [0, byte, next],
                (_, [before, byte, next, ..]) => [before, byte, next],
            };
            for key in [pair_key(byte, next), AFTER | pair_key(before, byte)] {
                if self.literal_pairs.holds(key) {
                    self.literals_by_pair.for_each(key_hash(key), |number| {
                        self.try_literal(number, view, at, on);
                    });
                }
            }
        }
    }

    /// Calls `on` for what the programs behind a model would run.
    #[inline(always)]
    fn scan_payloads(&self, view: &View, on: &mut impl FnMut(Hit)) {
        payload::scan(view, &mut |found, range| {
            let token_at = |byte: usize| {
                let behind = view.tokens.partition_point(|token| token.end as usize <= byte);
                narrow(behind.min(view.tokens.len().saturating_sub(1)))
            };
            for (_, lexeme) in self.payloads.iter().filter(|(payload, _)| *payload == found) {
                on(Hit {
                    lexeme: *lexeme,
                    first: token_at(range.start),
                    last: token_at(range.end.saturating_sub(1).max(range.start)),
                    start: narrow(range.start),
                    end: narrow(range.end),
                });
            }
        });
    }

    #[inline(always)]
    fn try_literal(&self, number: Target, view: &View, position: usize, on: &mut impl FnMut(Hit)) {
        let Some(literal) = self.literals.get(number as usize) else {
            return;
        };
        if let Some(start) = position.checked_sub(literal.anchor)
            && head_at(view.padded(), start) & literal.mask == literal.head
        {
            take_literal(literal, view, start, on);
        }
    }
}

/// Calls `on` if a literal whose first bytes stand at `start` is there as a whole.
#[inline(never)]
fn take_literal(literal: &Literal, view: &View, start: usize, on: &mut impl FnMut(Hit)) {
    let text = view.text();
    let end = start + literal.bytes.len();
    if text.get(start..end) != Some(literal.bytes.as_slice()) || (literal.line && !starts_line(text, start)) {
        return;
    }
    let first = view.tokens.partition_point(|token| token.end as usize <= start);
    let after = view.tokens.partition_point(|token| (token.start as usize) < end);
    let last = after.saturating_sub(1).max(first);
    on(Hit {
        lexeme: literal.lexeme,
        first: narrow(first),
        last: narrow(last),
        start: narrow(start),
        end: narrow(end),
    });
}

pub(crate) fn hit(view: &View, lexeme: u32, first: usize, last: usize) -> Hit {
    let start = view.tokens.get(first).map_or(0, |token| token.start);
    let end = view.tokens.get(last).map_or(start, |token| token.end);
    Hit {
        lexeme,
        first: narrow(first),
        last: narrow(last),
        start,
        end,
    }
}

fn word_of(stem: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(stem) {
        *to = *from;
    }
    u64::from_le_bytes(bytes)
}

/// The first bytes decide whether any longer stem is worth trying.
#[inline(always)]
const fn opening_hash(head: u64) -> u64 {
    mix(head & low_bytes(OPENING_LEN), STEM_SALT)
}

#[inline(always)]
const fn stem_hash(head: u64, len: usize) -> u64 {
    mix(head, STEM_SALT + 1 + len as u64)
}

fn long_stem_hash(stem: &[u8]) -> u64 {
    stem.chunks(8).fold(STEM_SALT + 64 + stem.len() as u64, |hash, chunk| {
        mix(hash ^ word_of(chunk), chunk.len() as u64)
    })
}
