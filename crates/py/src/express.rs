//! Answers and records about texts in which nothing was found, without an object for any of them.
//!
//! What such answers have in common is laid out in Python, once. Here the few values that differ are put between.

use std::fmt::Write as _;

use aidefence_engine::batch::Columns;
use blake2b_simd::{Params, State};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyString};

use crate::engine::Batch;

const NS_PER_MS: f64 = 1e6;
const NS_PER_US: f64 = 1e3;
const DIGEST_BYTES: usize = 16;
/// So many kinds of tiers can have run.
const KINDS: usize = 32;

/// An answer around four open places: the name of the request, milliseconds, the confidence, microseconds.
type Pieces = [String; 5];

/// Answers with open places, by the tiers that ran.
#[pyclass(frozen, module = "aidefence.engine._native")]
pub(crate) struct Form {
    by_tiers: [Option<Pieces>; KINDS],
}

#[pymethods]
impl Form {
    #[new]
    fn new(laid_out: Vec<(usize, [String; 5])>) -> PyResult<Self> {
        let mut by_tiers = [const { None }; KINDS];
        for (tiers, pieces) in laid_out {
            let place = by_tiers
                .get_mut(tiers)
                .ok_or_else(|| PyValueError::new_err("no such tiers"))?;
            *place = Some(pieces);
        }
        Ok(Self { by_tiers })
    }

    /// One answer.
    fn fill<'py>(
        &self,
        py: Python<'py>,
        tiers: u8,
        name: &str,
        elapsed_ns: u64,
        confidence: f64,
        engine_ns: u64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let filled = self.filled(tiers, name, elapsed_ns, confidence, engine_ns);
        let filled = filled.ok_or_else(|| PyValueError::new_err("no answer is laid out for these tiers"))?;
        Ok(PyBytes::new(py, filled.as_bytes()))
    }

    /// Answers to many texts that were read together, each with its share of the time.
    /// None where something was found.
    fn fill_all<'py>(
        &self,
        py: Python<'py>,
        batch: &Batch,
        names: Vec<PyBackedStr>,
        share_ns: u64,
    ) -> Vec<Option<Bound<'py, PyBytes>>> {
        let columns = &batch.columns;
        let filled = py.detach(|| {
            let one = |(index, name): (usize, &PyBackedStr)| {
                let (tiers, confidence) = silent(columns, index)?;
                self.filled(tiers, name, share_ns, confidence, share_ns)
            };
            names.iter().enumerate().map(one).collect::<Vec<_>>()
        });
        to_bytes(py, filled)
    }
}

impl Form {
    fn filled(&self, tiers: u8, name: &str, elapsed_ns: u64, confidence: f64, engine_ns: u64) -> Option<String> {
        let [first, second, third, fourth, last] = self.by_tiers.get(usize::from(tiers))?.as_ref()?;
        let known = first.len() + second.len() + third.len() + fourth.len() + last.len();
        let mut out = String::with_capacity(known + name.len() + 48);
        let (elapsed, engine) = (as_float(elapsed_ns) / NS_PER_MS, as_float(engine_ns) / NS_PER_US);
        write!(
            out,
            "{first}\"{name}\"{second}{elapsed:.3}{third}{confidence:.6}{fourth}{engine:.3}{last}"
        )
        .ok()?;
        Some(out)
    }
}

/// What stands in a record around the few values that differ: behind its time, its times, and its digest.
type Around = (PyBackedBytes, PyBackedBytes, PyBackedBytes);

/// Writes records of a journal: what all have in common, what one caller's have, and what is one text's own.
#[pyclass(frozen, module = "aidefence.engine._native")]
pub(crate) struct Scribe {
    mark: Vec<u8>,
    opening: Vec<u8>,
    digest: State,
}

#[pymethods]
impl Scribe {
    /// `mark` stands before each record, `opening` first in it; contents are named by a keyed digest.
    #[new]
    fn new(mark: Vec<u8>, opening: Vec<u8>, digest_key: &[u8]) -> PyResult<Self> {
        if digest_key.len() > blake2b_simd::KEYBYTES {
            return Err(PyValueError::new_err("the key is too long"));
        }
        let mut params = Params::new();
        params.hash_length(DIGEST_BYTES).key(digest_key);
        Ok(Self {
            mark,
            opening,
            digest: params.to_state(),
        })
    }

    /// One record; none of a text that UTF-8 cannot hold.
    #[expect(clippy::too_many_arguments, reason = "what a record holds")]
    fn record<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        text: &Bound<'py, PyString>,
        at_ms: u64,
        around: Around,
        tiers: u8,
        confidence: f64,
        elapsed_ns: u64,
    ) -> Option<Bound<'py, PyBytes>> {
        let text = text.to_str().ok()?;
        let frame = self.frame(name, text, at_ms, &around, tiers, confidence, elapsed_ns);
        Some(PyBytes::new(py, &frame))
    }

    /// Records of many texts that were read together; none where something was found.
    #[expect(clippy::too_many_arguments, reason = "what a record holds")]
    fn record_all<'py>(
        &self,
        py: Python<'py>,
        batch: &Batch,
        names: Vec<PyBackedStr>,
        texts: Vec<PyBackedStr>,
        at_ms: u64,
        around: Around,
        share_ns: u64,
    ) -> Vec<Option<Bound<'py, PyBytes>>> {
        let columns = &batch.columns;
        let written = py.detach(|| {
            let one = |(index, (name, text)): (usize, (&PyBackedStr, &PyBackedStr))| {
                let (tiers, confidence) = silent(columns, index)?;
                Some(self.frame(name, text, at_ms, &around, tiers, confidence, share_ns))
            };
            names.iter().zip(&texts).enumerate().map(one).collect::<Vec<_>>()
        });
        to_bytes(py, written)
    }
}

impl Scribe {
    #[expect(clippy::too_many_arguments, reason = "what a record holds")]
    fn frame(
        &self,
        name: &str,
        text: &str,
        at_ms: u64,
        around: &Around,
        tiers: u8,
        confidence: f64,
        elapsed_ns: u64,
    ) -> Vec<u8> {
        let (whose, version, rest) = around;
        let mut body = Vec::with_capacity(256);
        body.extend_from_slice(&self.opening);
        put_str(&mut body, name);
        put_uint(&mut body, at_ms);
        body.extend_from_slice(whose);
        body.push(0xcb);
        body.extend_from_slice(&confidence.to_be_bytes());
        put_uint(&mut body, elapsed_ns);
        put_uint(&mut body, u64::from(tiers));
        body.extend_from_slice(version);
        let digest = self.digest_of(text);
        body.extend_from_slice(&[0xc4, u8::try_from(DIGEST_BYTES).unwrap_or_default()]);
        body.extend_from_slice(digest.as_bytes());
        body.extend_from_slice(rest);
        let mut frame = Vec::with_capacity(self.mark.len() + 12 + body.len());
        frame.extend_from_slice(&self.mark);
        frame.extend_from_slice(&length(&body).to_le_bytes());
        frame.extend_from_slice(&0_u32.to_le_bytes());
        frame.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        frame.extend_from_slice(&body);
        frame
    }

    fn digest_of(&self, text: &str) -> blake2b_simd::Hash {
        let mut digest = self.digest.clone();
        let mut length = String::with_capacity(20);
        if write!(length, "{}:", text.len()).is_ok() {
            digest.update(length.as_bytes());
        }
        digest.update(text.as_bytes());
        digest.finalize()
    }
}

/// Tiers and confidence of a text in which nothing was found, and of which nothing was left unread.
pub(crate) fn silent(columns: &Columns, index: usize) -> Option<(u8, f64)> {
    let quiet = columns.action.get(index) == Some(&0) && columns.detail(index).is_none();
    if !quiet {
        return None;
    }
    Some((*columns.tier.get(index)?, f64::from(*columns.confidence.get(index)?)))
}

fn to_bytes<T: AsRef<[u8]>>(py: Python<'_>, written: Vec<Option<T>>) -> Vec<Option<Bound<'_, PyBytes>>> {
    let told = |it: Option<T>| it.map(|it| PyBytes::new(py, it.as_ref()));
    written.into_iter().map(told).collect()
}

#[expect(clippy::cast_precision_loss, reason = "as Python divides whole numbers of this size")]
const fn as_float(number: u64) -> f64 {
    number as f64
}

fn length(data: &[u8]) -> u32 {
    u32::try_from(data.len()).unwrap_or(u32::MAX)
}

/// A whole number in MessagePack, in as few bytes as it takes.
fn put_uint(out: &mut Vec<u8>, number: u64) {
    if let Ok(small) = u8::try_from(number) {
        if small >= 0x80 {
            out.push(0xcc);
        }
        out.push(small);
    } else if let Ok(short) = u16::try_from(number) {
        out.push(0xcd);
        out.extend_from_slice(&short.to_be_bytes());
    } else if let Ok(long) = u32::try_from(number) {
        out.push(0xce);
        out.extend_from_slice(&long.to_be_bytes());
    } else {
        out.push(0xcf);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

/// A string in MessagePack.
fn put_str(out: &mut Vec<u8>, text: &str) {
    let length = length(text.as_bytes());
    if let Ok(short) = u8::try_from(length) {
        if short < 32 {
            out.push(0xa0 | short);
        } else {
            out.extend_from_slice(&[0xd9, short]);
        }
    } else if let Ok(long) = u16::try_from(length) {
        out.push(0xda);
        out.extend_from_slice(&long.to_be_bytes());
    } else {
        out.push(0xdb);
        out.extend_from_slice(&length.to_be_bytes());
    }
    out.extend_from_slice(text.as_bytes());
}
