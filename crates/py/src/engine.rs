//! The classes and functions Python sees.

use aidefence_engine::batch::Columns;
use aidefence_engine::rules::source::{RuleSource, Status};
use aidefence_engine::stream::Openings;
use aidefence_engine::{Context, Engine as Core, Outcome, Scratch, Setup, Thresholds, training};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::convert::{Text, outcome, rule_error, setup_error, to_bytes, to_code_points};
use crate::dense::{Dense, DenseTerms};
use crate::express::silent;

const ORIGINS: [&str; 6] = ["system", "user", "assistant", "tool", "retrieval", "memory"];
const CATEGORY_COUNT: usize = aidefence_engine::category::CATEGORY_COUNT;
/// Rules, a model and thresholds, ready to judge texts from any thread.
#[pyclass(frozen, module = "aidefence.engine._native")]
pub(crate) struct Engine {
    pub(crate) core: std::sync::Arc<Core>,
    pub(crate) openings: std::sync::Arc<Openings>,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (rules, model, *, flag, block, paranoia=1, exclude=Vec::new(), user_rules=Vec::new(), dense=None, answers=None))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only at the Python side")]
    fn new(
        py: Python<'_>,
        rules: Vec<(String, String)>,
        model: Option<&[u8]>,
        flag: Vec<f32>,
        block: Vec<f32>,
        paranoia: u8,
        exclude: Vec<(String, String)>,
        user_rules: Vec<(String, String)>,
        dense: Option<(Bound<'_, Dense>, Bound<'_, DenseTerms>)>,
        answers: Option<(Vec<f32>, Vec<f32>)>,
    ) -> PyResult<Self> {
        let thresholds = Thresholds {
            flag: by_category(flag, "flag")?,
            block: by_category(block, "block")?,
        };
        let exclude = exclude
            .into_iter()
            .map(|(glob, origin)| Ok((glob, origin_code(&origin)?)))
            .collect::<PyResult<Vec<_>>>()?;
        let setup = Setup {
            rules: &rules,
            user_rules: &user_rules,
            model,
            thresholds,
            paranoia,
            exclude: &exclude,
        };
        let mut core = py
            .detach(|| Core::new(&setup))
            .map_err(|error| setup_error(py, error))?;
        if let Some((flag, block)) = answers {
            core = core.with_answers(Thresholds {
                flag: by_category(flag, "answers flag")?,
                block: by_category(block, "answers block")?,
            });
        }
        if let Some((model, terms)) = dense {
            core = core.with_dense(model.get().core.clone(), terms.get().core.clone());
        }
        Ok(Self {
            core: std::sync::Arc::new(core),
            openings: std::sync::Arc::default(),
        })
    }

    #[pyo3(signature = (text, origin=1, direction=0))]
    fn inspect<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyString>,
        origin: u8,
        direction: u8,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let text = Text::of(text)?;
        let judged = py.detach(|| judge(&self.core, text.as_str(), context(origin, direction)));
        outcome(py, &self.core, &judged)
    }

    #[pyo3(signature = (text, origin=1, direction=0))]
    fn confidences(&self, py: Python<'_>, text: &Bound<'_, PyString>, origin: u8, direction: u8) -> PyResult<Vec<f32>> {
        let text = Text::of(text)?;
        Ok(py
            .detach(|| judge(&self.core, text.as_str(), context(origin, direction)))
            .confidences
            .to_vec())
    }

    /// The same as if rules had not found what is spared: rule id, start and end in code points.
    fn inspect_without<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyString>,
        origin: u8,
        direction: u8,
        spared: Vec<(String, usize, usize)>,
    ) -> PyResult<(Bound<'py, PyTuple>, Vec<f32>)> {
        let text = Text::of(text)?;
        let judged = py.detach(|| {
            let spared = to_bytes(&self.core, text.as_str(), &spared);
            let mut judged = self
                .core
                .inspect_without(text.as_str(), context(origin, direction), &spared);
            to_code_points(text.as_str(), &mut judged.findings);
            judged
        });
        Ok((outcome(py, &self.core, &judged)?, judged.confidences.to_vec()))
    }

    #[pyo3(signature = (texts, origin=1, direction=0, threads=0))]
    fn inspect_batch(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        origin: u8,
        direction: u8,
        threads: usize,
    ) -> PyResult<Batch> {
        let texts = gather(texts)?;
        let columns = py.detach(|| {
            let borrowed: Vec<&str> = texts.iter().map(Text::as_str).collect();
            let mut columns = self.core.inspect_batch(&borrowed, context(origin, direction), threads);
            for (index, outcome) in &mut columns.details {
                if let Some(text) = borrowed.get(*index) {
                    to_code_points(text, &mut outcome.findings);
                }
            }
            columns
        });
        Ok(Batch {
            core: self.core.clone(),
            columns,
        })
    }

    /// Rows of features for fusion: little-endian f32, one row of `len(FEATURES)` a text.
    #[pyo3(signature = (texts, origins, direction=0))]
    fn features<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyAny>,
        origins: Vec<u8>,
        direction: u8,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let texts = gather(texts)?;
        if origins.len() != texts.len() {
            return Err(PyValueError::new_err("one origin a text"));
        }
        let bytes = py.detach(|| {
            let mut scratch = Scratch::default();
            let mut bytes = Vec::new();
            for (text, origin) in texts.iter().zip(origins) {
                for value in self
                    .core
                    .features(text.as_str(), context(origin, direction), &mut scratch)
                {
                    bytes.extend(value.to_le_bytes());
                }
            }
            bytes
        });
        Ok(PyBytes::new(py, &bytes))
    }

    fn rules<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rules = self
            .core
            .rules()
            .iter()
            .map(|rule| rule_dict(py, rule))
            .collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, rules)
    }

    fn version<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let version = PyDict::new(py);
        version.set_item("engine", env!("CARGO_PKG_VERSION"))?;
        version.set_item("rules", self.core.rules().len())?;
        version.set_item("model", self.core.model_card())?;
        Ok(version)
    }
}

/// Results of many texts.
#[pyclass(frozen, module = "aidefence.engine._native")]
pub(crate) struct Batch {
    core: std::sync::Arc<Core>,
    pub(crate) columns: Columns,
}

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.columns.action.len()
    }

    /// Where there is more to tell than that nothing was found.
    fn noticed(&self) -> Vec<usize> {
        let count = self.columns.action.len();
        (0..count)
            .filter(|index| silent(&self.columns, *index).is_none())
            .collect()
    }

    fn get<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyTuple>> {
        let columns = &self.columns;
        if let Some(detail) = columns.detail(index) {
            return outcome(py, &self.core, detail);
        }
        let (Some(confidence), Some(score), Some(tiers)) = (
            columns.confidence.get(index),
            columns.score.get(index),
            columns.tier.get(index),
        ) else {
            return Err(PyIndexError::new_err("batch index out of range"));
        };
        (
            0_u8,
            -1_i16,
            0_u8,
            *confidence,
            *score,
            *tiers,
            PyTuple::empty(py),
            0_u8,
        )
            .into_pyobject(py)
    }

    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        let bytes = |bytes: &[u8]| PyBytes::new(py, bytes);
        let floats = |floats: &[f32]| bytes(&floats.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
        let signed: Vec<u8> = self.columns.category.iter().map(|code| code.cast_unsigned()).collect();
        let counts: Vec<u8> = self
            .columns
            .findings
            .iter()
            .flat_map(|count| count.to_le_bytes())
            .collect();
        columns.set_item("action", bytes(&self.columns.action))?;
        columns.set_item("category", bytes(&signed))?;
        columns.set_item("severity", bytes(&self.columns.severity))?;
        columns.set_item("tier", bytes(&self.columns.tier))?;
        columns.set_item("confidence", floats(&self.columns.confidence))?;
        columns.set_item("score", floats(&self.columns.score))?;
        columns.set_item("findings", bytes(&counts))?;
        columns.set_item("exhausted", bytes(&self.columns.exhausted))?;
        Ok(columns)
    }
}

/// Hashed features for training: blocks a text, features a block, feature ids, block starts in bytes;
/// all little-endian u32.
#[pyfunction]
pub(crate) fn ngrams<'py>(py: Python<'py>, texts: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    let texts = gather(texts)?;
    let [blocks, counts, ids, starts] = py.detach(|| {
        let mut out = [const { Vec::<u8>::new() }; 4];
        let [blocks, counts, ids, starts] = &mut out;
        for text in &texts {
            let features = training::block_features(text.as_str());
            let len = u32::try_from(features.counts.len()).unwrap_or(u32::MAX);
            blocks.extend(len.to_le_bytes());
            counts.extend(features.counts.iter().flat_map(|count| count.to_le_bytes()));
            ids.extend(features.ids.iter().flat_map(|id| id.to_le_bytes()));
            starts.extend(features.starts.iter().flat_map(|start| start.to_le_bytes()));
        }
        out
    });
    (
        PyBytes::new(py, &blocks),
        PyBytes::new(py, &counts),
        PyBytes::new(py, &ids),
        PyBytes::new(py, &starts),
    )
        .into_pyobject(py)
}

/// Hashed features of the category head, for training: features a text and feature ids, little-endian u32.
#[pyfunction]
pub(crate) fn category_ngrams<'py>(py: Python<'py>, texts: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    let texts = gather(texts)?;
    let [counts, ids] = py.detach(|| {
        let mut out = [const { Vec::<u8>::new() }; 2];
        let [counts, ids] = &mut out;
        for text in &texts {
            let found = training::category_features(text.as_str());
            counts.extend(u32::try_from(found.len()).unwrap_or(u32::MAX).to_le_bytes());
            ids.extend(found.iter().flat_map(|id| id.to_le_bytes()));
        }
        out
    });
    (PyBytes::new(py, &counts), PyBytes::new(py, &ids)).into_pyobject(py)
}

/// A text as detectors see it.
#[pyfunction]
pub(crate) fn normalize(py: Python<'_>, text: &Bound<'_, PyString>) -> PyResult<String> {
    let text = Text::of(text)?;
    Ok(py.detach(|| training::normalized(text.as_str())))
}

/// Reads one rule or lexicon file and raises what is wrong with it.
#[pyfunction]
pub(crate) fn check_rule(py: Python<'_>, path: &str, text: &str) -> PyResult<()> {
    match py.detach(|| aidefence_engine::rules::parse::parse_file(path, text)) {
        Ok(_) => Ok(()),
        Err(error) => Err(rule_error(py, error)),
    }
}

fn judge(core: &Core, text: &str, context: Context) -> Outcome {
    let mut judged = core.inspect_here(text, context);
    to_code_points(text, &mut judged.findings);
    judged
}

fn gather(texts: &Bound<'_, PyAny>) -> PyResult<Vec<Text>> {
    let mut gathered = Vec::with_capacity(texts.len().unwrap_or(0));
    for item in texts.try_iter()? {
        gathered.push(Text::of(item?.cast::<PyString>()?)?);
    }
    Ok(gathered)
}

pub(crate) const fn context(origin: u8, direction: u8) -> Context {
    // Codes beyond the closed sets mean the default: an enum stands in front of this door.
    Context {
        origin: if origin < 6 { origin } else { 1 },
        direction: if direction < 2 { direction } else { 0 },
    }
}

fn by_category(values: Vec<f32>, name: &str) -> PyResult<[f32; CATEGORY_COUNT]> {
    values.try_into().map_err(|values: Vec<f32>| {
        PyValueError::new_err(format!(
            "`{name}` has {} thresholds; expected {CATEGORY_COUNT}",
            values.len()
        ))
    })
}

fn origin_code(name: &str) -> PyResult<Option<u8>> {
    if name == "*" {
        return Ok(None);
    }
    let code = ORIGINS
        .iter()
        .position(|known| *known == name)
        .and_then(|index| u8::try_from(index).ok());
    code.map(Some).ok_or_else(|| {
        PyValueError::new_err(format!(
            "unknown origin `{name}`; expected `*` or one of {}",
            ORIGINS.join(", ")
        ))
    })
}

fn rule_dict<'py>(py: Python<'py>, rule: &RuleSource) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("id", &rule.id)?;
    dict.set_item("title", &rule.title)?;
    dict.set_item("category", rule.category)?;
    dict.set_item("severity", rule.severity)?;
    dict.set_item("confidence", rule.confidence)?;
    dict.set_item("paranoia", rule.paranoia)?;
    dict.set_item(
        "status",
        match rule.status {
            Status::Experimental => "experimental",
            Status::Stable => "stable",
            Status::Deprecated => "deprecated",
        },
    )?;
    dict.set_item("entity", &rule.entity)?;
    dict.set_item("languages", &rule.languages)?;
    dict.set_item("tags", &rule.tags)?;
    dict.set_item("path", &rule.path)?;
    dict.set_item("catch", &rule.catch)?;
    dict.set_item("spare", &rule.spare)?;
    Ok(dict)
}
