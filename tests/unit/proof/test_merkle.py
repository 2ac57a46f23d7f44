"""The tree of the log: known roots, and proofs that hold for what they say and nothing else."""

from __future__ import annotations

import pytest

from aidefence.proof.merkle import (
    EMPTY,
    Growing,
    consistency,
    inclusion,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
)

# The entries and roots that implementations of the standard are commonly tried with.
ENTRIES = [
    bytes.fromhex(it)
    for it in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
LEAVES = [leaf_hash(it) for it in ENTRIES]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_roots_are_those_of_the_standard() -> None:
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [root_of(LEAVES[:size]).hex() for size in range(1, 9)] == ROOTS
    tree = Growing()
    assert [tree.add(it).hex() for it in LEAVES] == ROOTS


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 13, 32, 33])
def test_inclusion_holds_for_one_entry_at_one_place_under_one_root(size: int) -> None:
    leaves = [leaf_hash(bytes([it])) for it in range(size)]
    root = root_of(leaves)
    for at, leaf in enumerate(leaves):
        proof = inclusion(leaves, at)
        assert is_included(leaf, at, size, proof, root)
        assert not is_included(leaf_hash(b"other"), at, size, proof, root)
        assert not is_included(leaf, at + size, size, proof, root)
        assert not is_included(leaf, at, size, [*proof, root], root)
        assert not is_included(leaf, at, size, proof, leaf_hash(b"root"))
        if proof:
            assert not is_included(leaf, at, size, proof[:-1], root)
            assert not is_included(leaf, (at + 1) % size, size, proof, root)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 13, 33])
def test_consistency_holds_between_a_tree_and_its_own_beginning(size: int) -> None:
    leaves = [leaf_hash(bytes([it])) for it in range(size)]
    changed = [leaf_hash(b"changed"), *leaves[1:]]
    for earlier in range(1, size + 1):
        first, second = root_of(leaves[:earlier]), root_of(leaves)
        proof = consistency(leaves, earlier)
        assert is_consistent(earlier, size, proof, first, second)
        assert not is_consistent(earlier, size, proof, root_of(changed[:earlier]), second)
        assert not is_consistent(earlier, size, proof, first, root_of(changed))
        assert not is_consistent(earlier, size, [*proof, first], first, second)
        assert not is_consistent(0, size, proof, first, second)
