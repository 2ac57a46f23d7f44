//! Finding every word, phrase, stem and marker of all rules in one pass over the tokens.
//!
//! Words are found by the hash each token carries anyway, so a text costs a few bit tests a token
//! however many rules there are. A lexeme is one thing any pattern accepts: a word, a phrase, a stem, a
//! marker. A class is the set of lexemes one pattern accepts; patterns with the same set share it.

mod classes;
mod entry;
mod index;
mod literal;

use crate::ngram::bigram;
use crate::text::{Token, View, low_bytes, mix, narrow};

pub(crate) use self::classes::ClassSet;
use self::entry::Phrase;
pub(crate) use self::entry::{Element, Entry, parse_text, parse_words};
use self::index::{ANCHORED, Filter, Gathered, Index, Target};
use self::literal::{AFTER, Literal, Literals, pair_key, rarest_anchor, starts_line};

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

/// What a lexeme belongs to.
#[derive(Clone, Debug, Default)]
struct Membership {
    /// Sorted.
    classes: Vec<u16>,
    /// The same for lexemes of many classes, so that adding them is a few wide instructions.
    dense: Option<ClassSet>,
}

/// A lexeme of a class that triggers conditions.
pub(crate) const TRIGGERS: u32 = 1 << 31;

/// From how many classes on a lexeme keeps a dense set.
const DENSE_FROM: usize = 12;

const BLOB_LEN_MIN: u32 = 20;
const STEM_SALT: u64 = 0x5747;
/// Bytes that say whether a longer stem may follow.
const OPENING_LEN: usize = 4;

/// The three indexes of a lexicon, while they are being gathered.
#[derive(Debug, Default)]
struct Gather {
    words: Gathered,
    stems: Gathered,
    pairs: Gathered,
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
    literals: Literals,
    /// Bytes literals hang on.
    pub(crate) anchors: [bool; 256],
    digits: Option<u32>,
    blob: Option<u32>,
    members: Vec<Membership>,
    /// For each lexeme, bits of the features it counts for, and [`TRIGGERS`].
    summaries: Vec<u32>,
    class_count: usize,
}

impl Lexicon {
    /// Indexes lexemes. `classes` lists the lexemes of each class, `counted` the features of each lexeme.
    pub(crate) fn build(lexemes: &[Entry], classes: &[Vec<u32>], counted: &[u32]) -> Self {
        let mut lexicon = Self {
            word_filter: Filter::new(),
            stem_filter: Filter::new(),
            pair_filter: Filter::new(),
            words: Index::default(),
            stems: Index::default(),
            pairs: Index::default(),
            long_stems: Vec::new(),
            phrases: Vec::new(),
            literals: Literals::default(),
            anchors: [false; 256],
            digits: None,
            blob: None,
            members: members(lexemes.len(), classes),
            summaries: counted.to_vec(),
            class_count: classes.len(),
        };
        let mut gathered = Gather::default();
        for (lexeme, entry) in (0_u32..).zip(lexemes) {
            lexicon.add(lexeme, entry, &mut gathered);
        }
        lexicon.words = Index::build(gathered.words);
        lexicon.stems = Index::build(gathered.stems);
        lexicon.pairs = Index::build(gathered.pairs);
        lexicon.long_stems.sort_unstable();
        lexicon.long_stems.dedup();
        lexicon
    }

    pub(crate) const fn class_count(&self) -> usize {
        self.class_count
    }

    /// Says which classes trigger conditions.
    pub(crate) fn mark_triggers(&mut self, triggering: &ClassSet) {
        for (summary, member) in self.summaries.iter_mut().zip(&self.members) {
            if member.classes.iter().any(|class| triggering.has(*class)) {
                *summary |= TRIGGERS;
            }
        }
    }

    /// Bits of the features a lexeme counts for, and [`TRIGGERS`].
    #[inline(always)]
    pub(crate) fn summary(&self, lexeme: u32) -> u32 {
        self.summaries.get(lexeme as usize).copied().unwrap_or(0)
    }

    /// Adds the classes of a lexeme to `present`.
    #[inline(always)]
    pub(crate) fn note(&self, lexeme: u32, present: &mut ClassSet) {
        let Some(member) = self.members.get(lexeme as usize) else {
            return;
        };
        if let Some(dense) = &member.dense {
            present.add_all(dense);
        } else {
            for class in &member.classes {
                present.mark(*class);
            }
        }
    }

    /// Calls `on` for the classes of a lexeme that are in `asked`.
    #[inline(always)]
    pub(crate) fn asking(&self, lexeme: u32, asked: &ClassSet, mut on: impl FnMut(usize)) {
        let Some(member) = self.members.get(lexeme as usize) else {
            return;
        };
        if let Some(dense) = &member.dense {
            dense.common(asked, on);
        } else {
            for class in member.classes.iter().filter(|class| asked.has(**class)) {
                on(usize::from(*class));
            }
        }
    }

    fn add(&mut self, lexeme: u32, entry: &Entry, gather: &mut Gather) {
        match entry {
            Entry::Digits => self.digits = Some(lexeme),
            Entry::Blob => self.blob = Some(lexeme),
            Entry::Text { literal, line } => self.add_literal(lexeme, literal, *line),
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
        let target = ANCHORED | narrow(self.phrases.len());
        self.phrases.push(Phrase {
            elements: elements.to_vec(),
            lexeme,
            anchor: 0,
        });
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

    fn add_literal(&mut self, lexeme: u32, literal: &[u8], line: bool) {
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
        self.literals.entry(key).or_default().push(Literal {
            bytes: literal.to_vec(),
            anchor,
            line,
            lexeme,
        });
    }

    /// Calls `on` for every lexeme in the text, roughly in text order.
    #[inline(always)]
    pub(crate) fn scan(&self, view: &View, mut on: impl FnMut(Hit)) {
        let mut last = 0_u64;
        for (index, token) in view.tokens.iter().enumerate() {
            if self.word_filter.may_hold(token.hash) {
                self.look_up(&self.words, token.hash, view, index, &mut on);
            }
            self.scan_stems(view, index, token, &mut on);
            let pair = bigram(last, token.hash);
            if self.pair_filter.may_hold(pair) && index > 0 {
                self.look_up(&self.pairs, pair, view, index - 1, &mut on);
            }
            if token.digits >= 3
                && let Some(lexeme) = self.digits
            {
                on(hit(view, lexeme, index, index));
            }
            last = token.hash;
        }
        if self.blob.is_some() && view.stats.long_run {
            self.scan_blobs(view, &mut on);
        }
        for position in &view.anchors {
            self.scan_literals(view, *position as usize, &mut on);
        }
    }

    #[inline(always)]
    fn look_up(&self, index: &Index, hash: u64, view: &View, at: usize, on: &mut impl FnMut(Hit)) {
        index.for_each(hash, |target| {
            if target & ANCHORED == 0 {
                on(hit(view, target, at, at));
            } else if let Some(phrase) = self.phrases.get((target & !ANCHORED) as usize) {
                phrase.find(view, at, on);
            }
        });
    }

    /// Stems of two and three bytes are asked for one by one; longer ones only behind an opening of four
    /// bytes that some stem has.
    #[inline(always)]
    fn scan_stems(&self, view: &View, at: usize, token: &Token, on: &mut impl FnMut(Hit)) {
        let len = token.len();
        // Two bytes make the shortest stem but for scripts with one letter in two or three.
        for stem_len in 2..OPENING_LEN.min(len + 1) {
            self.try_stem(stem_hash(token.head & low_bytes(stem_len), stem_len), view, at, on);
        }
        if len >= OPENING_LEN && self.stem_filter.may_hold(opening_hash(token.head)) {
            self.scan_long_stems(view, at, token, on);
        }
    }

    #[inline(never)]
    fn scan_long_stems(&self, view: &View, at: usize, token: &Token, on: &mut impl FnMut(Hit)) {
        let len = token.len();
        for stem_len in OPENING_LEN..=len.min(8) {
            self.try_stem(stem_hash(token.head & low_bytes(stem_len), stem_len), view, at, on);
        }
        for stem_len in self.long_stems.iter().take_while(|stem_len| **stem_len <= len) {
            let from = token.start as usize;
            let Some(bytes) = view.text().get(from..from + stem_len) else {
                continue;
            };
            self.try_stem(long_stem_hash(bytes), view, at, on);
        }
    }

    #[inline(always)]
    fn try_stem(&self, hash: u64, view: &View, at: usize, on: &mut impl FnMut(Hit)) {
        if self.stem_filter.may_hold(hash) {
            self.look_up(&self.stems, hash, view, at, on);
        }
    }

    /// Runs of tokens with no white space between them.
    #[inline(never)]
    fn scan_blobs(&self, view: &View, on: &mut impl FnMut(Hit)) {
        let text = view.text();
        let mut run: Option<(usize, u32)> = None;
        let mut previous_end = 0;
        for (index, token) in view.tokens.iter().enumerate() {
            let gap = text
                .get(previous_end as usize..token.start as usize)
                .unwrap_or_default();
            // A run ends at white space, and at letters of other scripts, which need none to end a word.
            let ascii = token.head & 0x80 == 0;
            let joined = ascii
                && run.is_some()
                && gap.len() <= 4
                && !gap.iter().any(|byte| byte.is_ascii_whitespace() || *byte >= 0x80);
            if !joined {
                self.end_blob(run, index, previous_end, on);
                run = Some((index, token.start));
            }
            previous_end = token.end;
        }
        self.end_blob(run, view.tokens.len(), previous_end, on);
    }

    fn end_blob(&self, run: Option<(usize, u32)>, next: usize, end: u32, on: &mut impl FnMut(Hit)) {
        let Some((first, start)) = run else { return };
        if end - start < BLOB_LEN_MIN {
            return;
        }
        if let Some(lexeme) = self.blob {
            on(Hit {
                lexeme,
                first: narrow(first),
                last: narrow(next.saturating_sub(1)),
                start,
                end,
            });
        }
    }

    #[inline(never)]
    fn scan_literals(&self, view: &View, position: usize, on: &mut impl FnMut(Hit)) {
        let text = view.text();
        let Some(byte) = text.get(position) else { return };
        let next = text.get(position + 1).map(|next| pair_key(*byte, *next));
        let before = position
            .checked_sub(1)
            .and_then(|at| text.get(at))
            .map(|before| AFTER | pair_key(*before, *byte));
        for key in next.into_iter().chain(before) {
            for literal in self.literals.get(&key).into_iter().flatten() {
                let Some(start) = position.checked_sub(literal.anchor) else {
                    continue;
                };
                let end = start + literal.bytes.len();
                if text.get(start..end) != Some(literal.bytes.as_slice()) || (literal.line && !starts_line(text, start))
                {
                    continue;
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
        }
    }
}

/// Turns the lexemes of classes into the classes of lexemes.
fn members(count: usize, classes: &[Vec<u32>]) -> Vec<Membership> {
    let mut members = vec![Membership::default(); count];
    for (class, lexemes) in (0_u16..).zip(classes) {
        for lexeme in lexemes {
            if let Some(member) = members.get_mut(*lexeme as usize) {
                member.classes.push(class);
            }
        }
    }
    for member in &mut members {
        if member.classes.len() >= DENSE_FROM {
            member.dense = Some(ClassSet::of(member.classes.iter().copied()));
        }
    }
    members
}

fn hit(view: &View, lexeme: u32, first: usize, last: usize) -> Hit {
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
