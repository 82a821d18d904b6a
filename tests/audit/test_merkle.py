"""Merkle roots and proofs, against RFC 6962's recursive definition."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.audit import Proof, check_proof, digest, merkle_proof, merkle_root
from hub.crypto import sm3

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return sm3(b"")
    if len(leaves) == 1:
        return sm3(b"\x00" + leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sm3(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:]))


def items(size: int) -> list[bytes]:
    return [digest(str(n).encode()) for n in range(size)]


@pytest.mark.parametrize("size", range(20))
def test_the_root_is_rfc_6962s(size: int) -> None:
    assert merkle_root(items(size)) == by_definition(items(size)).hex()


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_every_item_can_be_proved_and_no_other(case: tuple[int, int]) -> None:
    size, index = case
    all_items = items(size)
    root, proof = merkle_root(all_items), merkle_proof(all_items, index)
    assert check_proof(all_items[index], proof, root)
    assert not check_proof(digest(b"other"), proof, root)
    if size > 1:
        other = all_items[(index + 1) % size]
        assert not check_proof(other, proof, root)
        assert not check_proof(all_items[index], Proof(index, size, proof.path[:-1]), root)
        moved = Proof((index + 1) % size, size, proof.path)
        assert not check_proof(all_items[index], moved, root)
    assert not check_proof(all_items[index], Proof(index, size, (*proof.path, "00" * 32)), root)


def test_there_is_no_proof_for_an_item_outside() -> None:
    with pytest.raises(IndexError):
        merkle_proof(items(3), 3)
    assert not check_proof(items(1)[0], Proof(1, 1, ()), merkle_root(items(1)))
    assert not check_proof(items(1)[0], Proof(0, 0, ()), merkle_root([]))
    assert not check_proof(items(2)[0], Proof(0, 2, ("no hex",)), merkle_root(items(2)))
