//! Policies as Python sees them: values and bytes in, codes and bytes out.

use std::sync::Arc;

use aidefence_engine::policy::{Atom, PolicySet as Core, PolicySets as Sets, SCOPES, Scratch};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyList, PySequence, PyTuple};

type Held = Vec<u32>;
/// Feature, whether at least or exactly, the number it is compared with, and its value.
type AtomTold = (u32, bool, u32, u32);

/// A policy that is ready to decide.
#[pyclass(frozen, module = "aidefence.engine._native")]
pub(crate) struct PolicySet {
    core: Arc<Core>,
}

#[pymethods]
impl PolicySet {
    #[new]
    fn new(py: Python<'_>, image: &[u8], digest: [u8; 16]) -> PyResult<Self> {
        let core = py
            .detach(|| Core::load(image, digest))
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { core: Arc::new(core) })
    }

    #[getter]
    fn id(&self) -> &str {
        self.core.id()
    }

    #[getter]
    fn version(&self) -> i64 {
        self.core.version()
    }

    /// The names of rules and then of formulas.
    #[getter]
    fn ids(&self) -> Vec<&str> {
        self.core.ids().collect()
    }

    #[getter]
    fn remembers(&self) -> (bool, bool, bool) {
        self.core.remembers().into()
    }

    /// Action, rules that held, formulas violated, state after, bits of what degraded.
    fn decide<'py>(
        &self,
        py: Python<'py>,
        values: &Bound<'py, PyAny>,
        state: Option<&[u8]>,
        now_ms: i64,
    ) -> PyResult<(u8, Held, Held, Bound<'py, PyBytes>, u8)> {
        let values = numbers(values)?;
        let state = state.unwrap_or_default();
        let (decision, after) = with_scratch(|scratch| self.core.decide_joined(&values, state, time(now_ms), scratch));
        let after = PyBytes::new(py, after.as_deref().unwrap_or(state));
        let (action, bits) = (decision.action as u8, decision.degraded);
        Ok((action, decision.held, decision.violated, after, bits))
    }

    /// The value of every feature, those that look back included.
    fn extended(&self, values: &Bound<'_, PyAny>, state: Option<&[u8]>, now_ms: i64) -> PyResult<Vec<u32>> {
        let values = numbers(values)?;
        let state = state.unwrap_or_default();
        Ok(with_scratch(|scratch| {
            self.core.extended_joined(&values, state, time(now_ms), scratch)
        }))
    }

    /// The comparisons that decided a rule or, numbered behind the rules, the conditions of a formula.
    fn decided_by(&self, which: usize, extended: Vec<u32>) -> Vec<AtomTold> {
        let atoms = with_scratch(|scratch| self.core.decided_by(which, &extended, scratch));
        atoms.iter().map(told).collect()
    }
}

/// Policies that are in force together.
#[pyclass(frozen, module = "aidefence.engine._native")]
pub(crate) struct PolicySets {
    core: Sets,
}

#[pymethods]
impl PolicySets {
    #[new]
    fn new(sets: Vec<Bound<'_, PolicySet>>) -> PyResult<Self> {
        let sets = sets.iter().map(|it| it.get().core.clone()).collect();
        let core = Sets::new(sets).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { core })
    }

    /// What a request must tell: name, largest value, and the texts that stand for 1, 2 and so on.
    #[getter]
    fn features(&self) -> Vec<(String, u32, Vec<String>)> {
        let features = self.core.features().iter();
        features
            .map(|it| (it.name.clone(), it.most, it.values.clone()))
            .collect()
    }

    #[getter]
    fn remembers(&self) -> (bool, bool, bool) {
        self.core.remembers().into()
    }

    /// The comparisons that decided a rule or formula of one policy, as `PolicySet.decided_by` counts them.
    fn decided_by(
        &self,
        values: &Bound<'_, PyAny>,
        states: [Option<PyBackedBytes>; SCOPES],
        now_ms: i64,
        policy: usize,
        which: usize,
    ) -> PyResult<Vec<AtomTold>> {
        let values = numbers(values)?;
        let before = states.each_ref().map(|it| it.as_deref().unwrap_or_default());
        let atoms = with_scratch(|scratch| {
            self.core
                .decided_by(&values, before, time(now_ms), (policy, which), scratch)
        });
        Ok(atoms.iter().map(told).collect())
    }

    /// Action, what each policy says that says anything, and the states that follow or none.
    fn decide<'py>(
        &self,
        py: Python<'py>,
        values: &Bound<'py, PyAny>,
        states: [Option<PyBackedBytes>; SCOPES],
        now_ms: i64,
    ) -> PyResult<(u8, Bound<'py, PyList>, Bound<'py, PyTuple>)> {
        let values = numbers(values)?;
        let before = states.each_ref().map(|it| it.as_deref().unwrap_or_default());
        let decision = with_scratch(|scratch| self.core.decide(&values, before, time(now_ms), scratch));
        let spoken = PyList::empty(py);
        for it in decision.spoken {
            spoken.append((it.set, it.action as u8, it.held, it.violated, it.degraded))?;
        }
        let after = decision
            .states
            .iter()
            .map(|it| it.as_deref().map(|bytes| PyBytes::new(py, bytes)));
        let after = PyTuple::new(py, after)?;
        Ok((decision.action as u8, spoken, after))
    }
}

thread_local! {
    static SCRATCH: std::cell::RefCell<Scratch> = std::cell::RefCell::default();
}

fn with_scratch<T>(call: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(call)
}

/// Whole numbers; one that fits no machine word is out of bounds, so it is taken for the nearest that fits.
fn numbers(values: &Bound<'_, PyAny>) -> PyResult<Vec<i64>> {
    if let Ok(values) = values.extract() {
        return Ok(values);
    }
    let values = values.cast::<PySequence>()?.try_iter()?;
    values
        .map(|value| {
            let value = value?;
            value.extract::<i64>().or_else(|error| {
                let py = value.py();
                if !error.is_instance_of::<pyo3::exceptions::PyOverflowError>(py) {
                    return Err(error);
                }
                Ok(if value.lt(0)? { i64::MIN } else { i64::MAX })
            })
        })
        .collect()
}

fn time(now_ms: i64) -> u64 {
    u64::try_from(now_ms).unwrap_or(0)
}

fn told(atom: &Atom) -> AtomTold {
    (atom.feature, atom.at_least, atom.number, atom.value)
}
