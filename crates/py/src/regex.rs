//! Linear-time regexes for lists of values.

use aidefence_engine::WholeRegex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert::Text;

/// A regex that must match a text from its start to its end.
#[pyclass(frozen, module = "aidefence.engine._native")]
pub(crate) struct Regex {
    core: WholeRegex,
}

#[pymethods]
impl Regex {
    #[new]
    fn new(source: &str) -> PyResult<Self> {
        let core = WholeRegex::new(source).map_err(PyValueError::new_err)?;
        Ok(Self { core })
    }

    fn matches(&self, text: &Bound<'_, PyString>) -> PyResult<bool> {
        Ok(self.core.matches(Text::of(text)?.as_str()))
    }
}
