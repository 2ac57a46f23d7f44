//! What an answer tells of a system prompt and of markers.

use aidefence_engine::leak::{Place, leaks as compare};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert::{Text, points_of};

/// Start and end in code points, chain, weight, which marker, in the order of the prompt.
type Told = (usize, usize, Vec<&'static str>, f32, Option<usize>, bool);

/// Compares an answer with a system prompt and with markers; `said` is what it may repeat.
#[pyfunction]
pub(crate) fn leaks(
    py: Python<'_>,
    answer: &Bound<'_, PyString>,
    system: &Bound<'_, PyString>,
    said: Vec<Bound<'_, PyString>>,
    markers: Vec<String>,
) -> PyResult<(Vec<Told>, f32, f32, bool)> {
    let (answer, system) = (Text::of(answer)?, Text::of(system)?);
    let said = said.iter().map(Text::of).collect::<PyResult<Vec<_>>>()?;
    let found = py.detach(|| {
        let said: Vec<&str> = said.iter().map(Text::as_str).collect();
        let markers: Vec<&str> = markers.iter().map(String::as_str).collect();
        let found = compare(answer.as_str(), system.as_str(), &said, &markers);
        let spans: Vec<_> = found.places.iter().map(|place| place.span.clone()).collect();
        let points = points_of(answer.as_str(), &spans);
        let told = found.places.into_iter().zip(points).map(|(place, span)| {
            let Place {
                chain,
                weight,
                marker,
                verbatim,
                ..
            } = place;
            (span.start, span.end, chain, weight, marker, verbatim)
        });
        (told.collect(), found.told, found.tellable, found.exhausted)
    });
    Ok(found)
}
