//! A text that is still coming in: what may go out of it now, what must wait, and when to stop.
//!
//! Every few words the end of the text is read again, with enough before it for the rules to see. What a
//! value covers, or what may still become part of one, waits; the rest goes out. Attacks are judged on all
//! that has come so far: at once where a rule or the model is alarmed, and each time the text has grown by
//! half, so that all judging together costs a few readings of the text.

mod edge;
mod judging;
mod parts;
mod told;
mod utf8;
mod values;

use std::ops::Range;
use std::sync::OnceLock;

use self::judging::{ALARM_MIN, JUDGED_FIRST};
use self::told::{is_known, move_by, of_rule, remember};
use self::utf8::Waiting;
use self::values::{Look, Open, Values};
use crate::category::category_code;
use crate::decode::boundary_before;
use crate::inspect::{Action, Engine, Finding, Noticed, Outcome};
use crate::rules::matching::Context;

/// What is read again before the part that is not settled: as far as the regex of a value may look back, and
/// now and then as far as the words of most rules may stand apart.
const NEAR_BYTES: usize = 320;
const FAR_BYTES: usize = 768;
/// New bytes after which it is read from afar.
const FAR_STEP: usize = 192;
/// Never more than this is held back.
const HELD_BYTES_MAX: usize = 16 << 10;
/// New bytes after which the end is read again: at least so many, and a share of what is read.
const STEP_MIN: usize = 10;
const STEP_SHARE: usize = 18;
/// The same where nothing waits for it.
const STEP_BEHIND: usize = 128;
/// What is held grows by such a share before the end is read again.
const HELD_SHARE: usize = 3;
/// Less than this is never kept of a text.
const KEPT_BYTES_MIN: usize = 64 << 10;

/// Categories whose rules find values: a part of one tells something.
const OF_VALUES: [&str; 5] = ["pii", "secret", "malicious_url", "unsafe_output", "canary_leak"];

/// When text goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// When nothing in it can be part of a value any more.
    Hold,
    /// At once; it ends where something was found.
    Tail,
    /// At once, to the end.
    Audit,
}

/// What a stream is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// When text goes out.
    pub mode: Mode,
    /// From which action on a finding counts.
    pub least: Action,
    /// Categories whose values are replaced on the way out and stop nothing, as bits.
    pub replaced: u32,
    /// Where the text comes from and where it goes.
    pub context: Context,
    /// So much of the text is kept for the judgement at the end.
    pub kept_bytes_max: usize,
}

/// What one piece of text led to.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// What goes out, as bytes of [`Stream::text`].
    pub released: Range<usize>,
    /// Evidence told for the first time, as bytes of the whole text.
    pub findings: Vec<Finding>,
}

/// How a stream went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes that came.
    pub bytes: usize,
    /// Bytes held back after each piece, all together, and how many pieces.
    pub held_sum: usize,
    /// Pieces of text.
    pub pieces: usize,
    /// The most that was held back.
    pub held_max: usize,
    /// How often the end was read, and all of it.
    pub looks: usize,
    /// How often all that had come was judged.
    pub judged: usize,
    /// More had to be held than ever is.
    pub overflowed: bool,
    /// Something was no UTF-8.
    pub mended: bool,
}

/// A text that is coming in.
#[derive(Debug)]
pub struct Stream {
    wish: Wish,
    /// What is kept of the text.
    text: String,
    /// Bytes and characters of the text before that.
    start: Place,
    /// A place whose characters were counted last.
    mark: Place,
    waiting: Waiting,
    /// Up to here it has gone out.
    released: usize,
    /// Up to here nothing can be found any more that a look did not show.
    settled: usize,
    /// Length of the text at the last look, and at the last from afar.
    looked: usize,
    looked_far: usize,
    /// Length of the text when it was judged last, and where it will be next.
    judged: usize,
    judged_next: usize,
    /// The last judgement did not bear an alarm out.
    acquitted: bool,
    /// An alarm that was not judged yet: nothing from here on goes out.
    doubt: Option<usize>,
    /// What was told lately, and what has alarmed.
    told: Vec<Finding>,
    alarms: Vec<Finding>,
    /// Judgements of parts no longer kept.
    past: Vec<Outcome>,
    stopped: Option<Outcome>,
    tally: Tally,
}

/// A position in bytes and in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    byte: usize,
    character: usize,
}

/// The automata that tell what may still become a value; built when an engine's first stream needs them.
#[derive(Debug, Default)]
pub struct Openings(OnceLock<Values>);

impl Openings {
    fn of(&self, engine: &Engine) -> &Values {
        self.0
            .get_or_init(|| Values::of(&engine.rulebook, engine.number, is_value))
    }
}

fn is_value(category: u8) -> bool {
    OF_VALUES.iter().any(|name| category_code(name) == Some(category))
}

impl Stream {
    /// A stream of which nothing has come yet.
    #[must_use]
    pub fn new(wish: Wish) -> Self {
        Self {
            wish: Wish {
                kept_bytes_max: wish.kept_bytes_max.max(KEPT_BYTES_MIN),
                ..wish
            },
            text: String::new(),
            start: Place::default(),
            mark: Place::default(),
            waiting: Waiting::default(),
            released: 0,
            settled: 0,
            looked: 0,
            looked_far: 0,
            judged: 0,
            judged_next: JUDGED_FIRST,
            acquitted: false,
            doubt: None,
            told: Vec::new(),
            alarms: Vec::new(),
            past: Vec::new(),
            stopped: None,
            tally: Tally::default(),
        }
    }

    /// What is kept of the text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What was decided when it stopped, if it did.
    #[must_use]
    pub fn stopped(&self) -> Option<&Outcome> {
        self.stopped.as_ref()
    }

    /// Judgements of parts of the text that are no longer kept, with places in the whole text.
    #[must_use]
    pub fn past(&self) -> &[Outcome] {
        &self.past
    }

    /// How many characters stood before what is kept.
    #[must_use]
    pub const fn characters_before(&self) -> usize {
        self.start.character
    }

    /// Something was no Unicode before it came here.
    pub const fn note_mended(&mut self) {
        self.tally.mended = true;
    }

    /// How it went so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            mended: self.tally.mended || self.waiting.mended,
            ..self.tally
        }
    }

    /// How many bytes are held back.
    #[must_use]
    pub fn held(&self) -> usize {
        self.end() - self.released + self.waiting.len()
    }

    /// Takes a piece of text.
    pub fn feed(&mut self, engine: &Engine, openings: &Openings, piece: &str) -> Step {
        if self.waiting.len() > 0 {
            return self.feed_bytes(engine, openings, piece.as_bytes());
        }
        self.take(engine, openings, piece.len(), |stream| stream.text.push_str(piece))
    }

    /// Takes a piece of UTF-8, cut anywhere.
    pub fn feed_bytes(&mut self, engine: &Engine, openings: &Openings, piece: &[u8]) -> Step {
        self.take(engine, openings, piece.len(), |stream| {
            stream.waiting.read(piece, &mut stream.text);
        })
    }

    /// Goes on although it stopped, because somebody has reason not to count what was found. Gives what the mode
    /// lets out at once.
    pub fn go_on(&mut self) -> Range<usize> {
        self.stopped = None;
        let upto = if self.wish.mode == Mode::Hold {
            self.released
        } else {
            self.end()
        };
        let out = self.released - self.start.byte..upto - self.start.byte;
        self.released = upto;
        out
    }

    /// Nothing follows: reads the end for good. What is left goes out if the judgement of the whole allows it.
    pub fn finish(&mut self, engine: &Engine, openings: &Openings) -> Step {
        if self.stopped.is_some() {
            return Step::default();
        }
        self.waiting.end(&mut self.text);
        let mut step = Step::default();
        self.look(engine, openings, true, &mut step);
        step.released = if self.stopped.is_some() {
            0..0
        } else {
            self.released - self.start.byte..self.text.len()
        };
        self.count_characters(&mut step.findings);
        step
    }

    fn take(&mut self, engine: &Engine, openings: &Openings, len: usize, append: impl FnOnce(&mut Self)) -> Step {
        let mut step = Step::default();
        if self.stopped.is_some() {
            return step;
        }
        self.forget(engine, &mut step);
        append(self);
        self.tally.bytes += len;
        let due = self.end() - self.looked >= self.step();
        let mut upto = self.released;
        if due {
            upto = self.look(engine, openings, false, &mut step);
        }
        if self.stopped.is_none() {
            if self.wish.mode != Mode::Hold {
                upto = self.end();
            }
            step.released = self.released - self.start.byte..upto - self.start.byte;
            self.released = upto;
        }
        self.tally.pieces += 1;
        self.tally.held_sum += self.held();
        self.tally.held_max = self.tally.held_max.max(self.held());
        self.count_characters(&mut step.findings);
        step
    }

    const fn end(&self) -> usize {
        self.start.byte + self.text.len()
    }

    /// New bytes after which it is worth reading the end again.
    fn step(&self) -> usize {
        if self.wish.mode != Mode::Hold {
            return STEP_BEHIND;
        }
        let read = NEAR_BYTES.min(self.text.len()) + self.end() - self.settled;
        let held = self.looked - self.released.min(self.looked);
        let room = HELD_BYTES_MAX.saturating_sub(held);
        STEP_MIN.max(read / STEP_SHARE).max(room.min(held / HELD_SHARE))
    }

    /// Reads the end of the text. Returns up to where it may go out.
    fn look(&mut self, engine: &Engine, openings: &Openings, last: bool, step: &mut Step) -> usize {
        self.tally.looks += 1;
        self.looked = self.end();
        let far = self.end() - self.looked_far >= FAR_STEP || last;
        self.looked_far = if far { self.end() } else { self.looked_far };
        let from = self.window_from(if far { FAR_BYTES } else { NEAR_BYTES });
        let (noticed, open) = self.read_end(engine, openings, from, last);
        let (mut upto, mut closed) = (from + open.waiting.min(open.growing), from + open.growing);
        let mut alarmed = false;
        for mut finding in noticed.found {
            move_by(&mut finding, from);
            let counts = self.counts(engine, &finding);
            let value = is_value(finding.category);
            if finding.span.end > from + open.growing {
                // It may grow: what it covers is read again.
                closed = closed.min(finding.span.start);
                upto = if value && counts {
                    upto.min(finding.span.start)
                } else {
                    upto
                };
                continue;
            }
            // What is replaced goes out as a whole.
            if value && counts && finding.span.contains(&upto) {
                upto = finding.span.start;
            }
            alarmed |= self.weigh_up(finding, value, counts, step);
        }
        self.settled = closed.max(self.settled);
        if !last && self.must_judge(engine, alarmed, noticed.confidence) {
            self.judge_at_need(engine, step);
        }
        let upto = upto.min(self.doubt.unwrap_or(usize::MAX)).max(self.released);
        let upto = self.bound(upto);
        if self.wish.mode == Mode::Hold {
            self.settled = upto;
        }
        upto
    }

    /// What stands in the window, and what at its end is open.
    fn read_end(&self, engine: &Engine, openings: &Openings, from: usize, last: bool) -> (Noticed, Open) {
        let window = self.text.get(from - self.start.byte..).unwrap_or_default();
        engine.glance_here(window, self.wish.context, |noticed, view| {
            let end = if last { window.len() } else { edge::open_from(window) };
            let open = if last || self.wish.mode != Mode::Hold {
                Open::at(end)
            } else {
                let found: Vec<(u32, Range<usize>)> = noticed.found.iter().filter_map(of_rule).collect();
                let look = Look {
                    rulebook: &engine.rulebook,
                    text: window,
                    view,
                    from: self.settled - from,
                    found: &found,
                };
                openings.of(engine).look(&look).or(end, end)
            };
            (noticed, open)
        })
    }

    /// Tells a value, notes an alarm. Returns whether all must be judged.
    fn weigh_up(&mut self, finding: Finding, value: bool, counts: bool, step: &mut Step) -> bool {
        if value && !is_known(&self.told, &finding) {
            step.findings.push(finding.clone());
            remember(&mut self.told, finding.clone());
        }
        let alarms = if value {
            counts && self.wish.replaced >> finding.category & 1 == 0
        } else {
            !finding.mention && finding.score >= ALARM_MIN
        };
        if !alarms || (value && self.wish.mode == Mode::Audit) || is_known(&self.alarms, &finding) {
            return false;
        }
        // Nothing of a value goes out, and not the last word of an attack.
        let last = finding.parts.iter().map(|part| part.start).max().filter(|_| !value);
        let hold = last.unwrap_or(finding.span.start);
        self.doubt = Some(self.doubt.map_or(hold, |known| known.min(hold)));
        remember(&mut self.alarms, finding);
        true
    }

    /// Where to begin reading: before what is not settled, between two words.
    fn window_from(&self, context: usize) -> usize {
        const WORD_MAX: usize = 64;
        let from = self.settled.saturating_sub(self.start.byte + context);
        let from = boundary_before(&self.text, from);
        if from == 0 {
            return self.start.byte;
        }
        let near = self.text.get(..from).unwrap_or_default();
        let space = near
            .char_indices()
            .rev()
            .take(WORD_MAX)
            .find(|(_, it)| it.is_whitespace());
        self.start.byte + space.map_or(from, |(at, it)| at + it.len_utf8())
    }

    /// Never holds more than there is room for.
    fn bound(&mut self, upto: usize) -> usize {
        if self.wish.mode != Mode::Hold || self.end() - upto < HELD_BYTES_MAX {
            return upto;
        }
        self.tally.overflowed = true;
        // Half of it at once, so that this does not come up again with the next word.
        let least = self.end() - HELD_BYTES_MAX / 2;
        self.start.byte + boundary_before(&self.text, least - self.start.byte)
    }
}
