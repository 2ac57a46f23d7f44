//! The proof checker as Python sees it: a theory, judged once, and what is added to it.

use aidefence_kernel::{Judged, Limits, Refusal, Theory as Core};
use pyo3::prelude::*;

use crate::ProofError;

/// Names declared, axioms, steps, bytes.
type Answer = (Vec<String>, Vec<&'static str>, u64, u64);

/// A theory that was judged; threads share it.
#[pyclass(frozen, module = "aidefence.engine._native")]
pub(crate) struct Theory {
    core: Core,
}

#[pymethods]
impl Theory {
    #[new]
    #[pyo3(signature = (data, *, axioms, steps_max, memory_max))]
    fn new(py: Python<'_>, data: &[u8], axioms: Vec<String>, steps_max: u64, memory_max: u64) -> PyResult<Self> {
        let limits = Limits {
            steps: steps_max,
            bytes: memory_max,
        };
        let axioms: Vec<&str> = axioms.iter().map(String::as_str).collect();
        let core = py
            .detach(|| Core::load(data, &axioms, limits))
            .map_err(|refusal| raise(py, &refusal))?;
        Ok(Self { core })
    }

    fn judged(&self) -> Answer {
        answer(self.core.judged().clone())
    }

    #[pyo3(signature = (delta, *, prefix, steps_max, memory_max))]
    fn check(&self, py: Python<'_>, delta: &[u8], prefix: &str, steps_max: u64, memory_max: u64) -> PyResult<Answer> {
        let limits = Limits {
            steps: steps_max,
            bytes: memory_max,
        };
        py.detach(|| self.core.check(delta, prefix, limits))
            .map(answer)
            .map_err(|refusal| raise(py, &refusal))
    }
}

fn answer(judged: Judged) -> Answer {
    (judged.declarations, judged.axioms, judged.steps, judged.bytes)
}

fn raise(py: Python<'_>, refusal: &Refusal) -> PyErr {
    let error = ProofError::new_err(refusal.to_string());
    let value = error.value(py);
    let named = value
        .setattr("cause", refusal.cause.word())
        .and_then(|()| value.setattr("line", refusal.line))
        .and_then(|()| value.setattr("declaration", refusal.declaration.as_deref()))
        .and_then(|()| value.setattr("steps", refusal.steps));
    named.err().unwrap_or(error)
}
