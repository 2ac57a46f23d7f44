//! What stops a check: a wrong proof, a shape we do not judge, or a limit.

use std::fmt;

/// How much a check may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps of reduction, comparison and substitution.
    pub steps: u64,
    /// Bytes of terms and tables, as counted by the checker.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 200_000_000,
            bytes: 256 << 20,
        }
    }
}

/// Why something was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The text is not an export, or not one that may stand here.
    Malformed,
    /// What it says does not follow.
    Wrong,
    /// It may be true, but we do not judge such a thing.
    Unsupported,
    /// A limit was reached before an answer.
    Limit,
}

impl Cause {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Wrong => "wrong",
            Self::Unsupported => "unsupported",
            Self::Limit => "limit",
        }
    }
}

/// A refusal: why, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of reason it is.
    pub cause: Cause,
    /// The line of the export, from 1.
    pub line: usize,
    /// The declaration that was being judged.
    pub declaration: Option<String>,
    /// The reason, in a sentence without an end.
    pub message: String,
    /// Steps that were taken until then.
    pub steps: u64,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: ", self.line)?;
        if let Some(name) = &self.declaration {
            write!(out, "`{name}`: ")?;
        }
        out.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// A refusal that does not know its place yet.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) cause: Cause,
    pub(crate) message: String,
}

/// Boxed: the way of success stays narrow.
pub(crate) type Res<T> = Result<T, Box<Stop>>;

pub(crate) fn malformed<T>(message: impl Into<String>) -> Res<T> {
    stop(Cause::Malformed, message)
}

pub(crate) fn wrong<T>(message: impl Into<String>) -> Res<T> {
    stop(Cause::Wrong, message)
}

pub(crate) fn unsupported<T>(message: impl Into<String>) -> Res<T> {
    stop(Cause::Unsupported, message)
}

pub(crate) fn limit<T>(message: impl Into<String>) -> Res<T> {
    stop(Cause::Limit, message)
}

fn stop<T>(cause: Cause, message: impl Into<String>) -> Res<T> {
    Err(Box::new(Stop {
        cause,
        message: message.into(),
    }))
}

/// Counts steps and bytes, and ends a check that takes too many.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    pub(crate) steps: u64,
    pub(crate) bytes: u64,
}

impl Meter {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            steps: 0,
            bytes: 0,
        }
    }

    #[inline]
    pub(crate) fn step(&mut self, count: u64) -> Res<()> {
        self.steps = self.steps.saturating_add(count);
        if self.steps > self.limits.steps {
            return limit(format!("more than {} steps", self.limits.steps));
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn grow(&mut self, bytes: u64) -> Res<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.limits.bytes {
            return limit(format!("more than {} bytes of memory", self.limits.bytes));
        }
        Ok(())
    }
}
