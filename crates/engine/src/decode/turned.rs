//! Text that runs backwards by its own account: an override says so, or the punctuation does.

use std::ops::Range;

use super::rewritten::turn_round;
use super::{Bound, Codec, Decoded, SURROUNDINGS, boundary_before};
use crate::map::OffsetMap;

/// Shows what follows from right to left, up to U+202C or the end of the line.
pub(crate) const OVERRIDE: char = '\u{202e}';
const OVERRIDE_END: char = '\u{202c}';

/// Turns round what stands behind overrides, where it stands.
pub(super) fn overridden(source: &str, bound: &mut Bound) -> Option<Decoded> {
    let mut view: Option<View> = None;
    for (at, mark) in source.match_indices(OVERRIDE) {
        let start = at + mark.len();
        if view.as_ref().is_some_and(|view| at < view.done) {
            continue;
        }
        let rest = source.get(start..)?;
        let end = start + rest.find([OVERRIDE_END, '\n']).unwrap_or(rest.len());
        let view = view.get_or_insert_with(|| View::new(boundary_before(source, at.saturating_sub(SURROUNDINGS))));
        view.copy_up_to(source, at);
        let room = boundary_before(source, start.saturating_add(bound.most.saturating_sub(view.text.len())));
        bound.cut |= room < end;
        turn_round(source.get(start..end.min(room))?, start, &mut view.text, &mut view.map);
        let closed = source.get(end..).is_some_and(|rest| rest.starts_with(OVERRIDE_END));
        view.done = end + if closed { OVERRIDE_END.len_utf8() } else { 0 };
        if bound.cut {
            break;
        }
    }
    let mut view = view?;
    let end = boundary_before(source, view.done + SURROUNDINGS);
    view.copy(source, end);
    Some(Decoded {
        codec: Codec::Reversed,
        span: view.from..end,
        text: view.text,
        map: view.map,
    })
}

struct View {
    text: String,
    map: OffsetMap,
    from: usize,
    /// Everything before is written or left out.
    done: usize,
}

impl View {
    const fn new(from: usize) -> Self {
        Self {
            text: String::new(),
            map: OffsetMap::identity(),
            from,
            done: from,
        }
    }

    /// Copies what stands before `at`, or the parts of it that are near to something turned round.
    fn copy_up_to(&mut self, source: &str, at: usize) {
        if at - self.done > 2 * SURROUNDINGS {
            self.copy(source, boundary_before(source, self.done + SURROUNDINGS));
            let start = boundary_before(source, at - SURROUNDINGS);
            self.map.push_replaced(self.text.len(), self.done..start);
            self.text.push('\n');
            self.done = start;
        }
        self.copy(source, at);
    }

    fn copy(&mut self, source: &str, end: usize) {
        let plain = source.get(self.done..end).unwrap_or_default();
        self.map.push_copied(self.text.len(), self.done, plain.len());
        self.text.push_str(plain);
        self.done = end;
    }
}

/// The lines of `source` whose punctuation stands on the wrong side of its words: `.eno siht ekil`.
pub(super) fn turned_lines(source: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut goes_on = false;
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let end = start + line.len();
        match Signs::of(line).direction() {
            Direction::Backwards => match found.last_mut().filter(|_| goes_on) {
                Some(last) => last.end = end,
                None => found.push(start..end),
            },
            Direction::Unknown => {}
            Direction::Forwards => goes_on = false,
        }
        goes_on |= found.last().is_some_and(|last| last.end == end);
        start = end;
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Backwards,
    Forwards,
    Unknown,
}

/// What a line says of the direction it was written in.
#[derive(Default)]
struct Signs {
    /// Stops in front of a word, and words whose capital is the last letter.
    backwards: usize,
    /// Stops behind a word, and words that begin with a capital.
    forwards: usize,
    /// The first word has its stop in front of it.
    opens: bool,
    /// The line ends with a stop.
    closes: bool,
    /// The line ends with a letter or a digit.
    ends_bare: bool,
    words: usize,
    letters: usize,
    /// Some letters are not of ASCII: there may be no spaces between words.
    wide: bool,
}

impl Signs {
    fn of(line: &str) -> Self {
        let mut signs = Self::default();
        let (mut earlier, mut before) = (' ', ' ');
        let mut letters = line.trim().chars().chain([' ']).peekable();
        while let Some(letter) = letters.next() {
            let after = letters.peek().copied().unwrap_or(' ');
            if is_stop(letter) {
                // A quotation that ends a sentence opens it when it is turned round.
                let word = letters.clone().find(|letter| !is_quote(*letter)).unwrap_or(' ');
                let in_front = before.is_whitespace() && word.is_alphabetic();
                signs.opens |= in_front && signs.letters == 0;
                signs.backwards += usize::from(in_front);
                signs.forwards += usize::from(before.is_alphanumeric() && after.is_whitespace());
            } else if let Some(closes) = bracket(letter) {
                let in_front = !before.is_alphanumeric() && after.is_alphanumeric();
                let behind = before.is_alphanumeric() && !after.is_alphanumeric();
                signs.opens |= closes && in_front && signs.letters == 0;
                signs.backwards += usize::from(if closes { in_front } else { behind });
                signs.forwards += usize::from(if closes { behind } else { in_front });
            } else if letter.is_alphanumeric() {
                signs.letters += letter.len_utf8();
                signs.words += usize::from(!before.is_alphanumeric());
                signs.wide |= !letter.is_ascii();
                if letter.is_uppercase() {
                    let last = before.is_lowercase() && earlier.is_alphabetic() && !after.is_alphanumeric();
                    signs.backwards += usize::from(last);
                    signs.forwards += usize::from(!before.is_alphanumeric() && after.is_lowercase());
                }
            }
            (earlier, before) = (before, letter);
        }
        signs.ends_bare = earlier.is_alphanumeric();
        signs.closes = is_stop(earlier);
        signs
    }

    /// A single stop in front of a word opens a file's name as well, and a line of code.
    const fn direction(&self) -> Direction {
        const LETTERS_MIN: usize = 12;
        let alone = self.opens && self.ends_bare && (self.words >= 3 || self.wide) && self.letters >= LETTERS_MIN;
        if self.backwards > self.forwards && !self.closes && (self.backwards >= 2 || alone) {
            Direction::Backwards
        } else if self.forwards > 0 {
            Direction::Forwards
        } else {
            Direction::Unknown
        }
    }
}

const fn is_quote(letter: char) -> bool {
    matches!(
        letter,
        '"' | '\'' | '“' | '”' | '„' | '‟' | '«' | '»' | '‹' | '›' | '‘' | '’'
    )
}

/// Whether a bracket closes; none for what is no bracket.
const fn bracket(letter: char) -> Option<bool> {
    match letter {
        '(' | '[' | '{' | '（' | '［' | '「' | '『' | '【' | '《' | '〈' => Some(false),
        ')' | ']' | '}' | '）' | '］' | '」' | '』' | '】' | '》' | '〉' => Some(true),
        _ => None,
    }
}

const fn is_stop(letter: char) -> bool {
    matches!(
        letter,
        '.' | ','
            | '!'
            | '?'
            | ';'
            | ':'
            | '。'
            | '、'
            | '，'
            | '！'
            | '？'
            | '；'
            | '：'
            | '؟'
            | '،'
            | '؛'
            | '।'
            | '۔'
    )
}
