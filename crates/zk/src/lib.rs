//! Experimental and unaudited: proofs in zero knowledge that a decision follows from a policy.
//!
//! Public are a commitment to a policy, a commitment to a request, and the decision. Hidden are the
//! policy and the request. One circuit of a fixed size serves all policies: it interprets a policy
//! that is part of the witness, so there is nothing to set up for each one. The proof system is the
//! `halo2_proofs` crate with inner product arguments, which needs no trusted set-up.
//!
//! `docs/zero-knowledge.md` says what a proof shows and what it does not.

mod circuit;
mod clauses;
mod field;
mod gates;
mod proving;
mod request;

pub use clauses::{ACTIONS, Literal, Program, SIZES, Size};
pub use field::{Fault, bytes_of, hex_of, salt, written};
pub use proving::{Keys, PROOF_BYTES_MAX, Statement, check_constraints};
pub use request::{Opening, Request, SLOTS};
