//! The expressions of a theory by what its lines say, for whoever writes what continues it.

use std::hash::{DefaultHasher, Hasher};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// An empty slot.
const NONE: u32 = u32::MAX;

/// A table over the text of a theory, which is neither copied nor read a second time.
#[pyclass(frozen, module = "aidefence.engine._native")]
pub(crate) struct Expressions {
    text: Py<PyBytes>,
    /// Where the body of each expression begins and ends.
    places: Vec<(u32, u32)>,
    /// Numbers of expressions, each at the first free slot from its hash on.
    slots: Vec<u32>,
}

#[pymethods]
impl Expressions {
    #[new]
    fn new(py: Python<'_>, text: Py<PyBytes>) -> PyResult<Self> {
        let bytes = text.as_bytes(py);
        if u32::try_from(bytes.len()).is_err() {
            return Err(PyValueError::new_err("a theory of more than 4 GiB"));
        }
        let mut places = Vec::new();
        let mut start = 0;
        for line in bytes.split(|byte| *byte == b'\n') {
            if let Some(before) = body_start(line) {
                places.push(((start + before) as u32, (start + line.len() - 1) as u32));
            }
            start += line.len() + 1;
        }
        let mut made = Self {
            slots: vec![NONE; (places.len() * 2).next_power_of_two()],
            places,
            text,
        };
        for number in 0..made.places.len() {
            let body = made.at(py, number).unwrap_or_default();
            let slot = made.slot(py, body);
            if let Some(free) = made.slots.get_mut(slot).filter(|slot| **slot == NONE) {
                *free = number as u32;
            }
        }
        Ok(made)
    }

    fn __len__(&self) -> usize {
        self.places.len()
    }

    /// The number of the expression that says this.
    fn find(&self, py: Python<'_>, body: &str) -> Option<u32> {
        let slot = self.slot(py, body.as_bytes());
        self.slots.get(slot).copied().filter(|number| *number != NONE)
    }

    /// What an expression says.
    fn body<'py>(&self, py: Python<'py>, number: usize) -> Option<Bound<'py, PyBytes>> {
        self.at(py, number).map(|body| PyBytes::new(py, body))
    }
}

impl Expressions {
    fn at<'a>(&'a self, py: Python<'a>, number: usize) -> Option<&'a [u8]> {
        let (begin, end) = *self.places.get(number)?;
        self.text.as_bytes(py).get(begin as usize..end as usize)
    }

    /// Where a body stands, or would.
    fn slot(&self, py: Python<'_>, body: &[u8]) -> usize {
        let mut hasher = DefaultHasher::new();
        hasher.write(body);
        let mask = self.slots.len() - 1;
        let mut slot = hasher.finish() as usize & mask;
        // Half of the slots are free, so this ends.
        while let Some(number) = self.slots.get(slot).filter(|number| **number != NONE) {
            if self.at(py, *number as usize) == Some(body) {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }
}

/// Where the body of a line `{"ie":7,BODY}` begins; none where it is another line.
fn body_start(line: &[u8]) -> Option<usize> {
    let rest = line.strip_prefix(b"{\"ie\":")?.strip_suffix(b"}")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_one = digits > 0 && rest.get(digits) == Some(&b',');
    is_one.then_some(b"{\"ie\":".len() + digits + 1)
}
