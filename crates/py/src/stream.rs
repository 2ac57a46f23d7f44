//! A growing text as Python sees it: pieces in, pieces out.

use std::sync::Arc;

use aidefence_engine::stream::{Mode, Openings, Step, Stream as Core, Wish};
use aidefence_engine::{Action, Engine as EngineCore};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::convert::{Text, findings, outcome};
use crate::engine::{Engine, context};

/// A text that is coming in; one thread at a time.
#[pyclass(module = "aidefence.engine._native")]
pub(crate) struct Stream {
    engine: Arc<EngineCore>,
    openings: Arc<Openings>,
    core: Core,
}

#[pymethods]
impl Stream {
    #[new]
    #[pyo3(signature = (engine, *, mode, blocked, replaced=0, origin=1, direction=0, kept_bytes_max=1 << 20))]
    fn new(
        engine: &Bound<'_, Engine>,
        mode: &str,
        blocked: bool,
        replaced: u32,
        origin: u8,
        direction: u8,
        kept_bytes_max: usize,
    ) -> PyResult<Self> {
        let mode = match mode {
            "hold" => Mode::Hold,
            "tail" => Mode::Tail,
            "audit" => Mode::Audit,
            other => return Err(PyValueError::new_err(format!("mode `{other}` is unknown"))),
        };
        let wish = Wish {
            mode,
            least: if blocked { Action::Block } else { Action::Flag },
            replaced,
            context: context(origin, direction),
            kept_bytes_max,
        };
        let engine = engine.get();
        Ok(Self {
            engine: engine.core.clone(),
            openings: engine.openings.clone(),
            core: Core::new(wish),
        })
    }

    /// What goes out, evidence told for the first time, and whether it is over.
    fn feed<'py>(&mut self, py: Python<'py>, piece: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
        let step = if let Ok(text) = piece.cast::<PyString>() {
            let text = Text::of(text)?;
            if text.is_mended() {
                self.core.note_mended();
            }
            py.detach(|| self.core.feed(&self.engine, &self.openings, text.as_str()))
        } else {
            // Copied, because bytes that stand somewhere else may change while nobody holds the lock.
            let bytes = piece.cast::<PyBytes>()?.as_bytes();
            py.detach(|| self.core.feed_bytes(&self.engine, &self.openings, bytes))
        };
        self.told(py, &step)
    }

    /// Goes on after a stop.
    fn go_on(&mut self) -> &str {
        let out = self.core.go_on();
        self.core.text().get(out).unwrap_or_default()
    }

    fn finish<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let step = py.detach(|| self.core.finish(&self.engine, &self.openings));
        self.told(py, &step)
    }

    /// The judgement at which it stopped.
    fn record<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let stopped = self.core.stopped();
        stopped.map(|it| outcome(py, &self.engine, it)).transpose()
    }

    /// Judgements of parts no longer kept.
    fn past<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let past = self.core.past().iter().map(|it| outcome(py, &self.engine, it));
        PyList::new(py, past.collect::<PyResult<Vec<_>>>()?)
    }

    /// What is kept of the text, and how many characters stood before it.
    fn kept(&self) -> (&str, usize) {
        (self.core.text(), self.core.characters_before())
    }

    #[getter]
    fn held(&self) -> usize {
        self.core.held()
    }

    /// Bytes, pieces, sum and maximum of what was held, looks, judgements, overflow, mended.
    fn tally(&self) -> (usize, usize, usize, usize, usize, usize, bool, bool) {
        let it = self.core.tally();
        (
            it.bytes,
            it.pieces,
            it.held_sum,
            it.held_max,
            it.looks,
            it.judged,
            it.overflowed,
            it.mended,
        )
    }
}

impl Stream {
    fn told<'py>(&self, py: Python<'py>, step: &Step) -> PyResult<Bound<'py, PyTuple>> {
        let text = self.core.text().get(step.released.clone()).unwrap_or_default();
        (
            text,
            findings(py, &self.engine, &step.findings)?,
            self.core.stopped().is_some(),
        )
            .into_pyobject(py)
    }
}
