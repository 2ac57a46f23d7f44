//! Python strings in, tuples out.

use std::ops::Range;

use aidefence_engine::rules::source::RuleError;
use aidefence_engine::{Detector, Engine as Core, Finding, Outcome, SetupError, Spared};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyString, PyTuple};

use crate::{ModelFormatError, RuleSyntaxError};

/// What findings of the models are called.
const NGRAM_RULE: &str = "model.ngram";
const DENSE_RULE: &str = "model.dense";

/// A Python string that can be read without the interpreter lock.
pub(crate) enum Text {
    /// Kept alive and read in place.
    Borrowed(PyBackedStr),
    /// Holds lone surrogates, which UTF-8 cannot: each became one U+FFFD.
    Mended(String),
}

impl Text {
    pub(crate) fn of(string: &Bound<'_, PyString>) -> PyResult<Self> {
        match PyBackedStr::try_from(string.clone()) {
            Ok(text) => Ok(Self::Borrowed(text)),
            Err(_) => Ok(Self::Mended(mend(string)?)),
        }
    }

    pub(crate) const fn is_mended(&self) -> bool {
        matches!(self, Self::Mended(_))
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Mended(text) => text,
        }
    }
}

/// Replaces every lone surrogate by one U+FFFD, so that code points keep their positions.
pub(crate) fn mend(string: &Bound<'_, PyString>) -> PyResult<String> {
    let encoded = string.call_method1("encode", ("utf-32-le", "surrogatepass"))?;
    let bytes: &[u8] = encoded.extract()?;
    let (units, _) = bytes.as_chunks::<4>();
    Ok(units
        .iter()
        .map(|unit| char::from_u32(u32::from_le_bytes(*unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect())
}

/// Turns the byte spans of findings into code points, in one pass over the text however many there are.
pub(crate) fn to_code_points(text: &str, findings: &mut [Finding]) {
    // Of ASCII, bytes and code points are the same.
    if findings.is_empty() || text.is_ascii() {
        return;
    }
    let known: Vec<Range<usize>> = spans(findings).cloned().collect();
    for (span, points) in spans_mut(findings).zip(points_of(text, &known)) {
        *span = points;
    }
}

/// Byte ranges of a text as ranges of code points, in one pass over it.
pub(crate) fn points_of(text: &str, ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut ends: Vec<usize> = ranges.iter().flat_map(|range| [range.start, range.end]).collect();
    ends.sort_unstable();
    ends.dedup();
    let points = count_up_to(text, &ends);
    let point = |end: usize| {
        ends.binary_search(&end)
            .ok()
            .and_then(|at| points.get(at))
            .copied()
            .unwrap_or_default()
    };
    ranges
        .iter()
        .map(|range| point(range.start)..point(range.end))
        .collect()
}

/// Named findings with their places in code points, as the engine knows them. Unknown rules are left out.
pub(crate) fn to_bytes(core: &Core, text: &str, named: &[(String, usize, usize)]) -> Vec<Spared> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let byte = |point: usize| starts.get(point).copied().unwrap_or(text.len());
    let found = named.iter().filter_map(|(id, start, end)| {
        let rule = core.rules().iter().position(|rule| rule.id == *id)?;
        Some(Spared {
            rule: u32::try_from(rule).ok()?,
            span: byte(*start)..byte(*end),
        })
    });
    found.collect()
}

/// How many characters start before each of `ends`, which are bytes in ascending order.
fn count_up_to(text: &str, ends: &[usize]) -> Vec<usize> {
    let mut starts = text.char_indices().map(|(at, _)| at).peekable();
    let mut passed = 0;
    let mut points = Vec::with_capacity(ends.len());
    for end in ends {
        while starts.next_if(|at| at < end).is_some() {
            passed += 1;
        }
        points.push(passed);
    }
    points
}

fn spans(findings: &[Finding]) -> impl Iterator<Item = &Range<usize>> {
    findings
        .iter()
        .flat_map(|finding| std::iter::once(&finding.span).chain(&finding.parts))
}

fn spans_mut(findings: &mut [Finding]) -> impl Iterator<Item = &mut Range<usize>> {
    findings
        .iter_mut()
        .flat_map(|finding| std::iter::once(&mut finding.span).chain(&mut finding.parts))
}

/// The tuple the façade unpacks; spans must be code points already.
pub(crate) fn outcome<'py>(py: Python<'py>, core: &Core, outcome: &Outcome) -> PyResult<Bound<'py, PyTuple>> {
    let findings = findings(py, core, &outcome.findings)?;
    let category = outcome.category.map_or(-1, i16::from);
    (
        outcome.action as u8,
        category,
        outcome.severity,
        outcome.confidence,
        outcome.score,
        outcome.tiers,
        findings,
        outcome.cut_short(),
    )
        .into_pyobject(py)
}

/// Findings as tuples; spans must be code points already.
pub(crate) fn findings<'py>(py: Python<'py>, core: &Core, findings: &[Finding]) -> PyResult<Bound<'py, PyTuple>> {
    if findings.is_empty() {
        return Ok(PyTuple::empty(py));
    }
    let told = findings.iter().map(|one| finding(py, core, one));
    PyTuple::new(py, told.collect::<PyResult<Vec<_>>>()?)
}

fn finding<'py>(py: Python<'py>, core: &Core, finding: &Finding) -> PyResult<Bound<'py, PyTuple>> {
    let rule = match finding.detector {
        Detector::Rule(index) => core.rules().get(index as usize).map_or("", |rule| rule.id.as_str()),
        Detector::Ngrams => NGRAM_RULE,
        Detector::Dense => DENSE_RULE,
    };
    let chain = PyTuple::new(py, &finding.chain)?;
    let parts = PyTuple::new(py, finding.parts.iter().map(|part| (part.start, part.end)))?;
    (
        rule,
        finding.category,
        finding.span.start,
        finding.span.end,
        finding.score,
        finding.severity,
        finding.mention,
        chain,
        parts,
    )
        .into_pyobject(py)
}

pub(crate) fn setup_error(py: Python<'_>, error: SetupError) -> PyErr {
    match error {
        SetupError::Rule(error) => rule_error(py, error),
        SetupError::Model(error) => ModelFormatError::new_err(error.to_string()),
    }
}

/// The error with its parts as attributes, so that no one has to parse a message.
pub(crate) fn rule_error(py: Python<'_>, error: RuleError) -> PyErr {
    let raised = RuleSyntaxError::new_err(error.to_string());
    let value = raised.value(py);
    let attributes = [
        ("path", error.path.into_pyobject(py).map(Bound::into_any).ok()),
        ("expected", error.expected.into_pyobject(py).map(Bound::into_any).ok()),
        ("message", error.message.into_pyobject(py).map(Bound::into_any).ok()),
        ("line", error.at.line.into_pyobject(py).map(Bound::into_any).ok()),
        ("column", error.at.column.into_pyobject(py).map(Bound::into_any).ok()),
    ];
    for (name, attribute) in attributes {
        if let Some(attribute) = attribute
            && let Err(failed) = value.setattr(name, attribute)
        {
            return failed;
        }
    }
    raised
}
