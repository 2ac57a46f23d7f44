"""Every field about policies in GraphQL, by the permission that it takes."""

from aidefence.domain.access import Permission

POLICY_FIELDS: dict[Permission, tuple[str, ...]] = {
    Permission.READ_POLICIES: (
        *("{ policies { id } }", '{ policy(id: "x") { id } }', '{ policyParaphrase(id: "x") }'),
        *('{ policyVersions(id: "x") { id } }', '{ policyVerification(id: "x") { run } }'),
        *('{ policyDiff(id: "x") { old } }', '{ policyDeployments(id: "x") { id } }'),
        '{ policyShadow(id: "x") { version } }',
    ),
    Permission.WRITE_POLICIES: (
        'mutation { createPolicy(policy: { name: "x", source: "y" }) { id } }',
        *(
            'mutation { revisePolicy(id: "x") { id } }',
            'mutation { verifyPolicy(id: "x") { run } }',
        ),
    ),
    Permission.DEPLOY_POLICIES: (
        *('mutation { deployPolicy(id: "x") { id } }', 'mutation { retirePolicy(id: "x") { id } }'),
        'mutation { rollBackPolicy(id: "x") { version } }',
        'mutation { shadowPolicy(id: "x") { version } }',
    ),
}
