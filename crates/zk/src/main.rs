//! `aidefence-zk`: one question as JSON on standard input, one answer as JSON on standard output.
//!
//! Exit codes: 0 an answer, 1 a proof that does not hold, 2 no answer; `error` says why.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use aidefence_zk::{
    Fault, Keys, Literal, Opening, PROOF_BYTES_MAX, Program, Request, SIZES, SLOTS, Statement, bytes_of, hex_of,
    written,
};
use serde::Deserialize;
use serde_json::{Value, json};

const QUESTION_BYTES_MAX: u64 = 1024 * 1024;

/// A question. A literal is `[slot, constant, equal, negated, ends clause, ends rule, action]`.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Question {
    Describe,
    CommitPolicy {
        literals: Vec<Written>,
        schema: String,
        salt: Option<String>,
    },
    CommitRequest {
        values: Vec<u32>,
        schema: String,
        salt: Option<String>,
    },
    Prove {
        literals: Vec<Written>,
        schema: String,
        salt: String,
        values: Vec<u32>,
        request_salt: String,
    },
    Verify {
        literals: usize,
        policy: String,
        request: String,
        action: u8,
        proof: String,
    },
}

type Written = (u8, u32, bool, bool, bool, bool, u8);

enum Answer {
    Given(Value),
    Refused(Fault),
}

fn main() -> ExitCode {
    let (code, body) = match read().and_then(answer) {
        Ok(Answer::Given(body)) => (0, body),
        Ok(Answer::Refused(Fault(error))) => (1, json!({ "error": error })),
        Err(Fault(error)) => (2, json!({ "error": error })),
    };
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{body}") {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(2),
    }
}

fn read() -> Result<Question, Fault> {
    let mut text = Vec::new();
    let mut input = std::io::stdin().lock().take(QUESTION_BYTES_MAX + 1);
    input.read_to_end(&mut text).map_err(|error| Fault(error.to_string()))?;
    if text.len() as u64 > QUESTION_BYTES_MAX {
        return Err(Fault(format!("the question is longer than {QUESTION_BYTES_MAX} bytes")));
    }
    serde_json::from_slice(&text).map_err(|error| Fault(format!("no question: {error}")))
}

fn answer(question: Question) -> Result<Answer, Fault> {
    Ok(Answer::Given(match question {
        Question::Describe => json!({
            "version": env!("CARGO_PKG_VERSION"),
            "slots": SLOTS,
            "literals": SIZES.map(|it| it.literals),
            "proof_bytes_max": PROOF_BYTES_MAX,
        }),
        Question::CommitPolicy { literals, schema, salt } => {
            let opening = Opening::read(&schema, salt.as_deref())?;
            let program = program(&literals)?;
            let committed = program.commit(opening.schema, opening.salt)?;
            let size = program.size().literals;
            json!({ "commitment": written(&committed), "salt": opening.salt_text(), "literals": size })
        }
        Question::CommitRequest { values, schema, salt } => {
            let opening = Opening::read(&schema, salt.as_deref())?;
            let committed = Request::new(&values)?.commit(opening.schema, opening.salt);
            json!({ "commitment": written(&committed), "salt": opening.salt_text() })
        }
        Question::Prove {
            literals,
            schema,
            salt,
            values,
            request_salt,
        } => {
            let policy = Opening::read(&schema, Some(&salt))?;
            let about = Opening::read(&schema, Some(&request_salt))?;
            let (program, request) = (program(&literals)?, Request::new(&values)?);
            let (keys, setup_ms) = timed(|| Keys::new(program.size()))?;
            let ((made, proof), prove_ms) = timed(|| keys.prove(&program, &policy, &request, &about))?;
            let (policy, request) = made.commitments();
            json!({
                "literals": made.size.literals,
                "policy": policy,
                "request": request,
                "action": made.action,
                "proof": hex_of(&proof),
                "setup_ms": setup_ms,
                "prove_ms": prove_ms,
            })
        }
        Question::Verify {
            literals,
            policy,
            request,
            action,
            proof,
        } => {
            let statement = Statement::read(literals, &policy, &request, action)?;
            let (keys, setup_ms) = timed(|| Keys::new(statement.size))?;
            let checked = bytes_of(&proof, PROOF_BYTES_MAX).and_then(|proof| timed(|| keys.verify(&statement, &proof)));
            match checked {
                Ok(((), verify_ms)) => json!({ "setup_ms": setup_ms, "verify_ms": verify_ms }),
                Err(fault) => return Ok(Answer::Refused(fault)),
            }
        }
    }))
}

/// What is the same for all policies takes its time, and is told apart from the rest.
fn timed<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<(T, f64), Fault> {
    let begun = Instant::now();
    let done = work()?;
    Ok((done, begun.elapsed().as_secs_f64() * 1e3))
}

fn program(written: &[Written]) -> Result<Program, Fault> {
    let literals = written.iter().map(
        |&(slot, constant, is_equal, is_negated, ends_clause, ends_rule, action)| Literal {
            slot,
            constant,
            is_equal,
            is_negated,
            ends_clause,
            ends_rule,
            action,
        },
    );
    Program::new(literals.collect())
}
