//! Makes proofs and checks them.

use getrandom::SysRng;
use halo2_proofs::dev::MockProver;
use halo2_proofs::pasta::{EqAffine, Fp};
use halo2_proofs::plonk::{SingleVerifier, VerifyingKey, create_proof, keygen_pk, keygen_vk, verify_proof};
use halo2_proofs::poly::commitment::Params;
use halo2_proofs::transcript::{Blake2bRead, Blake2bWrite, Challenge255};
use rand_core::UnwrapErr;

use crate::circuit::Witness;
use crate::clauses::{ACTIONS, Program, SIZES, Size, at_size};
use crate::field::{Fault, element, written};
use crate::request::{Opening, Request};

/// No proof is larger; what is, is refused unread.
pub const PROOF_BYTES_MAX: usize = 16 * 1024;

/// What a proof speaks of: two commitments, a decision, and how large the circuit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The circuit.
    pub size: Size,
    /// The commitment to the policy.
    pub policy: Fp,
    /// The commitment to the request.
    pub request: Fp,
    /// The number of the action.
    pub action: u8,
}

impl Statement {
    /// Reads a statement.
    ///
    /// # Errors
    /// There is no such circuit or action, or a commitment is no field element.
    pub fn read(literals: usize, policy: &str, request: &str, action: u8) -> Result<Self, Fault> {
        if action >= ACTIONS {
            return Err(Fault(format!("`{action}` is no action")));
        }
        let size = SIZES.iter().find(|it| it.literals == literals);
        let size = *size.ok_or("there is no circuit of this size")?;
        Ok(Self {
            size,
            policy: element(policy)?,
            request: element(request)?,
            action,
        })
    }

    /// The commitments as text: to the policy, to the request.
    #[must_use]
    pub fn commitments(&self) -> (String, String) {
        (written(&self.policy), written(&self.request))
    }

    fn public(&self) -> [Fp; 3] {
        [self.policy, self.request, Fp::from(u64::from(self.action))]
    }
}

fn statement(program: &Program, request: &Request, opened: &Openings) -> Result<Statement, Fault> {
    let action = program
        .decide(request.values())
        .ok_or("no rule decides, and no default does")?;
    Ok(Statement {
        size: program.size(),
        policy: program.commit(opened.schema, opened.policy)?,
        request: request.commit(opened.schema, opened.request),
        action,
    })
}

struct Openings {
    schema: Fp,
    policy: Fp,
    request: Fp,
}

impl Openings {
    fn of(policy: &Opening, request: &Opening) -> Result<Self, Fault> {
        if policy.schema != request.schema {
            return Err("policy and request are not over the same features".into());
        }
        Ok(Self {
            schema: policy.schema,
            policy: policy.salt,
            request: request.salt,
        })
    }

    fn witness<const HASHED: usize>(self, program: &Program, request: &Request) -> Witness<HASHED> {
        Witness {
            literals: program.literals().to_vec(),
            request: request.clone(),
            policy_salt: self.policy,
            request_salt: self.request,
            schema: self.schema,
        }
    }
}

/// What is the same for all policies of a size. Nobody has a secret about it: everything in it is
/// computed from the circuit, and whoever checks a proof computes it for himself.
#[derive(Debug)]
pub struct Keys {
    size: Size,
    params: Params<EqAffine>,
    verifying: VerifyingKey<EqAffine>,
}

impl Keys {
    /// Computes what a circuit needs.
    ///
    /// # Errors
    /// There is no such circuit.
    pub fn new(size: Size) -> Result<Self, Fault> {
        let params = Params::new(size.rows_log);
        let verifying = at_size!(size.literals, N => {
            keygen_vk(&params, &Witness::<N>::empty(size.literals)).map_err(failed)
        })?;
        Ok(Self {
            size,
            params,
            verifying,
        })
    }

    /// Proves what a policy decides on a request.
    ///
    /// # Errors
    /// The policy decides nothing, is of another size, the two are not over the same features, or
    /// the proof cannot be made.
    pub fn prove(
        &self,
        program: &Program,
        policy: &Opening,
        request: &Request,
        about: &Opening,
    ) -> Result<(Statement, Vec<u8>), Fault> {
        let openings = Openings::of(policy, about)?;
        let statement = statement(program, request, &openings)?;
        self.check_size(&statement)?;
        at_size!(self.size.literals, N => {
            let empty = Witness::<N>::empty(self.size.literals);
            let key = keygen_pk(&self.params, self.verifying.clone(), &empty).map_err(failed)?;
            let witness: Witness<N> = openings.witness(program, request);
            let mut transcript = Blake2bWrite::<_, _, Challenge255<_>>::init(Vec::new());
            let public: &[&[&[Fp]]] = &[&[&statement.public()]];
            create_proof(&self.params, &key, &[witness], public, UnwrapErr(SysRng), &mut transcript)
                .map_err(failed)?;
            Ok((statement, transcript.finalize()))
        })
    }

    /// Checks that a proof shows a statement.
    ///
    /// # Errors
    /// It does not, or is no proof at all.
    pub fn verify(&self, statement: &Statement, proof: &[u8]) -> Result<(), Fault> {
        self.check_size(statement)?;
        if proof.len() > PROOF_BYTES_MAX {
            return Err(Fault(format!("more than {PROOF_BYTES_MAX} bytes are no proof")));
        }
        let mut left = proof;
        let mut transcript = Blake2bRead::<_, _, Challenge255<_>>::init(&mut left);
        let strategy = SingleVerifier::new(&self.params);
        let public: &[&[&[Fp]]] = &[&[&statement.public()]];
        verify_proof(&self.params, &self.verifying, strategy, public, &mut transcript)
            .map_err(|_| Fault::from("the proof does not show this"))?;
        // The library reads what it needs; what comes behind is no part of the proof.
        if left.is_empty() {
            Ok(())
        } else {
            Err("more bytes than a proof has".into())
        }
    }

    fn check_size(&self, statement: &Statement) -> Result<(), Fault> {
        if statement.size == self.size {
            Ok(())
        } else {
            Err("it is of another circuit".into())
        }
    }
}

/// Says which equations do not hold for these, without a proof: for tests of the circuit.
///
/// # Errors
/// Some equation does not hold; says which.
pub fn check_constraints(
    claimed: &Statement,
    program: &Program,
    policy: &Opening,
    request: &Request,
    about: &Opening,
) -> Result<(), Fault> {
    let openings = Openings::of(policy, about)?;
    at_size!(program.size().literals, N => {
        let witness: Witness<N> = openings.witness(program, request);
        let public = vec![claimed.public().to_vec()];
        let tried = MockProver::run(program.size().rows_log, &witness, public).map_err(failed)?;
        tried.verify().map_err(|faults| Fault(format!("{faults:?}")))
    })
}

fn failed(error: halo2_proofs::plonk::Error) -> Fault {
    Fault(format!("the proof system says: {error}"))
}
