//! The YAML subset of rule files: maps, lists and scalars, with the place of each.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use super::fields::{Report, shown};
use crate::rules::source::{Position, RuleError};

/// Maps and lists inside one another.
const DEPTH_MAX: usize = 8;

/// A value and where it starts.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Scalar {
        text: String,
        quoted: bool,
    },
    List(Vec<Node>),
    /// In file order, keys unique.
    Map(Vec<(Key, Node)>),
}

/// A key and where it starts.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) at: Position,
}

impl Node {
    pub(super) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// What it is, for messages.
    /// Whether it is a map with this key.
    pub(super) fn has(&self, name: &str) -> bool {
        matches!(&self.value, Value::Map(entries) if entries.iter().any(|(key, _)| key.text == name))
    }

    pub(super) const fn kind(&self) -> &'static str {
        match self.value {
            Value::Scalar { .. } => "a scalar",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// Its text or, where it has none, what it is.
    pub(super) fn shown(&self) -> String {
        self.scalar().map_or_else(|| self.kind().to_owned(), shown)
    }
}

/// Reads the only document of a file.
pub(super) fn read(report: Report<'_>, text: &str) -> Result<Node, RuleError> {
    refuse_control_characters(report, text)?;
    let mut reader = Reader {
        report,
        parser: Parser::new_from_str(text),
        last: START,
    };
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            (Event::StreamEnd, at) => {
                let expected = "a map of keys and values";
                return Err(report.error(at, "the file is empty".into(), expected.into()));
            }
            (event, at) => {
                let root = reader.node(event, at, 1)?;
                reader.end()?;
                return Ok(root);
            }
        }
    }
}

const START: Position = Position { line: 1, column: 1 };

/// YAML forbids them, and a zero would end the file early.
fn refuse_control_characters(report: Report<'_>, text: &str) -> Result<(), RuleError> {
    let mut at = START;
    for letter in text.chars() {
        match letter {
            '\n' => {
                at = Position {
                    line: at.line + 1,
                    column: 1,
                }
            }
            '\t' | '\r' => at.column += 1,
            _ if letter.is_control() => {
                let message = format!("control character U+{:04X}", u32::from(letter));
                let expected = "printable text; write it as an escape in double quotes";
                return Err(report.error(at, message, expected.to_owned()));
            }
            _ => at.column += 1,
        }
    }
    Ok(())
}

struct Reader<'a> {
    report: Report<'a>,
    parser: Parser<'a, StrInput<'a>>,
    /// Where the last event started, for errors without a place.
    last: Position,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Position), RuleError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.last = start_of(span);
                Ok((event, self.last))
            }
            Some(Err(error)) => {
                let message = format!("not YAML: {}", error.info());
                Err(self.report.error(position(*error.marker()), message, SUBSET.to_owned()))
            }
            None => {
                let message = "the file ends too early".to_owned();
                Err(self.report.error(self.last, message, SUBSET.to_owned()))
            }
        }
    }

    fn node(&mut self, event: Event<'a>, at: Position, depth: usize) -> Result<Node, RuleError> {
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => (*anchor, tag),
            Event::Alias(_) => return Err(self.refuse(at, "alias")),
            _ => return Err(self.refuse(at, "document mark")),
        };
        if anchor != 0 {
            return Err(self.refuse(at, "anchor"));
        }
        if tag.is_some() {
            return Err(self.refuse(at, "tag"));
        }
        let value = match event {
            // A copy takes what it needs; the reader's own has room for much more, and most are kept for long.
            Event::Scalar(text, style, ..) => Value::Scalar {
                text: String::from(text.as_ref()),
                quoted: style != ScalarStyle::Plain,
            },
            _ if depth > DEPTH_MAX => {
                let message = format!("more than {DEPTH_MAX} maps and lists inside one another");
                return Err(self.report.error(at, message, "a flatter file".to_owned()));
            }
            Event::SequenceStart(..) => self.list(depth)?,
            _ => self.map(depth)?,
        };
        Ok(Node { at, value })
    }

    fn list(&mut self, depth: usize) -> Result<Value, RuleError> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(nodes)),
                (event, at) => nodes.push(self.node(event, at, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, RuleError> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut seen = std::collections::HashMap::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Value::Map(entries));
            }
            let node = self.node(event, at, depth + 1)?;
            let kind = node.kind();
            let Value::Scalar { text, .. } = node.value else {
                let message = format!("{kind} stands for a key");
                return Err(self.report.error(at, message, "a name".to_owned()));
            };
            if let Some(line) = seen.insert(text.clone(), at.line) {
                let message = format!("duplicate key {}", shown(&text));
                let expected = format!("each key once; the first stands in line {line}");
                return Err(self.report.error(at, message, expected));
            }
            let (event, value_at) = self.next()?;
            let value = self.node(event, value_at, depth + 1)?;
            entries.push((Key { text, at }, value));
        }
    }

    /// Makes sure that nothing follows the document.
    fn end(&mut self) -> Result<(), RuleError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (_, at) => return Err(self.refuse(at, "second document")),
            }
        }
    }

    fn refuse(&self, at: Position, what: &str) -> RuleError {
        self.report
            .error(at, format!("{what} in a rule file"), SUBSET.to_owned())
    }
}

const SUBSET: &str = "one YAML document of maps, lists and scalars, without anchors, aliases and tags";

fn start_of(span: Span) -> Position {
    position(span.start)
}

/// The parser counts columns from 0.
fn position(marker: Marker) -> Position {
    Position {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}
