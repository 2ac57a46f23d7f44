//! The engine as a Python module: convert, let go of the interpreter lock, name errors. No logic.

mod convert;
mod dense;
mod engine;
mod express;
mod expressions;
mod kernel;
mod leak;
mod policy;
mod regex;
mod stream;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

pyo3::create_exception!(
    _native,
    RuleSyntaxError,
    pyo3::exceptions::PyValueError,
    "A rule file that cannot be accepted, with where and why."
);
pyo3::create_exception!(
    _native,
    ModelFormatError,
    pyo3::exceptions::PyValueError,
    "A model file that cannot be used."
);
pyo3::create_exception!(
    _native,
    ProofError,
    pyo3::exceptions::PyValueError,
    "A theory or a proof that is not accepted, with where and why."
);

#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<engine::Engine>()?;
    module.add_class::<engine::Batch>()?;
    module.add_class::<express::Form>()?;
    module.add_class::<express::Scribe>()?;
    module.add_class::<stream::Stream>()?;
    module.add_class::<dense::Dense>()?;
    module.add_class::<regex::Regex>()?;
    module.add_class::<dense::DenseTerms>()?;
    module.add_class::<kernel::Theory>()?;
    module.add_class::<expressions::Expressions>()?;
    module.add("ProofError", module.py().get_type::<ProofError>())?;
    module.add_class::<policy::PolicySet>()?;
    module.add_class::<policy::PolicySets>()?;
    module.add("RuleSyntaxError", module.py().get_type::<RuleSyntaxError>())?;
    module.add("ModelFormatError", module.py().get_type::<ModelFormatError>())?;
    module.add("KERNEL_SOURCES", PyBytes::new(module.py(), aidefence_kernel::SOURCES))?;
    module.add("CATEGORIES", aidefence_engine::category::CATEGORIES.to_vec())?;
    module.add("FEATURES", aidefence_engine::features::feature_names())?;
    module.add("DENSE_FEATURES", aidefence_engine::dense::FEATURES.to_vec())?;
    module.add(
        "CONTEXT_LEXICONS",
        aidefence_engine::features::CONTEXT_LEXICONS.to_vec(),
    )?;
    module.add_function(wrap_pyfunction!(engine::ngrams, module)?)?;
    module.add_function(wrap_pyfunction!(engine::category_ngrams, module)?)?;
    module.add_function(wrap_pyfunction!(engine::normalize, module)?)?;
    module.add_function(wrap_pyfunction!(engine::check_rule, module)?)?;
    module.add_function(wrap_pyfunction!(leak::leaks, module)?)?;
    Ok(())
}
