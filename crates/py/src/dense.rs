//! The dense model as Python sees it: a file, and the terms on which it speaks.

use std::sync::Arc;

use aidefence_engine::dense::{Dense as Core, Scratch, Terms};
use aidefence_engine::training::normalized;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::ModelFormatError;
use crate::convert::Text;

/// Logits of attack and harm, of the kinds of attack, and whether all of the text was read.
type Logits = (f32, f32, Vec<f32>, bool);

/// A dense model; engines share it.
#[pyclass(frozen, module = "aidefence.engine._native")]
pub(crate) struct Dense {
    pub(crate) core: Arc<Core>,
}

#[pymethods]
impl Dense {
    #[new]
    fn new(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let core = py
            .detach(|| Core::parse(data))
            .map_err(|error| ModelFormatError::new_err(error.to_string()))?;
        Ok(Self { core: Arc::new(core) })
    }

    fn card(&self) -> &str {
        self.core.card()
    }

    /// The numbers of the pieces of a text.
    fn pieces(&self, py: Python<'_>, text: &Bound<'_, PyString>) -> PyResult<Vec<u32>> {
        let text = Text::of(text)?;
        Ok(py.detach(|| {
            let pieces = self.core.pieces(&normalized(text.as_str()));
            pieces.iter().map(|piece| piece.id).collect()
        }))
    }

    /// How many numbers stand for a text.
    fn embedding_width(&self) -> usize {
        self.core.embedding_width()
    }

    /// What texts are about: little-endian f32, one row a text; zeros where there is nothing to read.
    fn embed<'py>(&self, py: Python<'py>, texts: Vec<Bound<'py, PyString>>) -> PyResult<Bound<'py, PyBytes>> {
        let texts = texts.iter().map(Text::of).collect::<PyResult<Vec<_>>>()?;
        let bytes = py.detach(|| {
            let (mut scratch, mut bytes) = (Scratch::default(), Vec::new());
            for text in &texts {
                let row = self.core.embed(&normalized(text.as_str()), &mut scratch);
                let row = row.unwrap_or_else(|| vec![0.0; self.core.embedding_width()]);
                bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
            }
            bytes
        });
        Ok(PyBytes::new(py, &bytes))
    }

    /// What the model says of a text; none where there is nothing to read.
    fn read(&self, py: Python<'_>, text: &Bound<'_, PyString>) -> PyResult<Option<Logits>> {
        let text = Text::of(text)?;
        Ok(py.detach(|| {
            let text = normalized(text.as_str());
            let reading = self.core.read(&text, 0, &mut Scratch::default())?;
            Some((reading.attack, reading.harm, reading.kinds.to_vec(), reading.whole))
        }))
    }
}

/// When the dense model is asked, and how its word is weighed.
#[pyclass(frozen, module = "aidefence.engine._native")]
pub(crate) struct DenseTerms {
    pub(crate) core: Terms,
}

#[pymethods]
impl DenseTerms {
    #[new]
    #[pyo3(signature = (*, band, bias, weights, calibration, scale, harm=None))]
    fn new(
        band: (f32, f32),
        bias: f32,
        weights: Vec<(String, f32)>,
        calibration: Vec<(f32, f32)>,
        scale: Vec<(f32, f32)>,
        harm: Option<(f32, f32)>,
    ) -> PyResult<Self> {
        let core = Terms::new(band, bias, &weights, calibration, scale, harm)
            .map_err(|error| ModelFormatError::new_err(error.to_string()))?;
        Ok(Self { core })
    }
}
