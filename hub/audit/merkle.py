"""Merkle trees over SM3, so that one item of a set-based step can still be proved.

The tree is RFC 6962's (certificate transparency) with SM3 in place of SHA-256: a leaf is
SM3(00 ‖ digest), a node SM3(01 ‖ left ‖ right), the left side the largest power of two below the
size.  The prefixes keep a node from passing as a leaf.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.crypto.sm3 import sm3

_HEX = re.compile("[0-9a-f]{64}")
_LEAF, _NODE = b"\x00", b"\x01"


def digest(data: bytes) -> bytes:
    """The SM3 of one item, 32 bytes: what goes into a tree."""
    return sm3(data)


@dataclass(frozen=True, slots=True)
class Proof:
    """That one item is in a tree: its place, the tree's size, the sibling of every level (hex),
    lowest first."""

    index: int
    size: int
    path: tuple[str, ...]


def merkle_root(digests: Iterable[bytes]) -> str:
    """The root over the items' digests in order, 64 hex characters; of nothing, SM3 of nothing."""
    level = [sm3(_LEAF + one) for one in digests]
    if not level:
        return sm3(b"").hex()
    while len(level) > 1:
        level = _above(level)
    return level[0].hex()


def _above(level: list[bytes]) -> list[bytes]:
    """The next level; an odd one at the end rises as it is, which is RFC 6962's tree."""
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [sm3(_NODE + left + right) for left, right in pairs]
    if len(level) % 2:
        above.append(level[-1])
    return above


def merkle_proof(digests: Sequence[bytes], index: int) -> Proof:
    """The proof for the item at ``index``; raises IndexError when there is none."""
    size = len(digests)
    if not 0 <= index < size:
        raise IndexError(f"no item {index} among {size}")
    level = [sm3(_LEAF + one) for one in digests]
    path: list[str] = []
    place = index
    while len(level) > 1:
        sibling = place ^ 1
        if sibling < len(level):
            path.append(level[sibling].hex())
        level = _above(level)
        place //= 2
    return Proof(index, size, tuple(path))


def check_proof(item: bytes, proof: Proof, root: str) -> bool:
    """Whether the item with this digest is at its place in the tree with this root."""
    if not 0 <= proof.index < proof.size or not all(map(_HEX.fullmatch, proof.path)):
        return False
    node, place, last = sm3(_LEAF + item), proof.index, proof.size - 1
    path = iter(proof.path)
    while last:
        if place % 2 or place < last:
            step = next(path, None)
            if step is None:
                return False
            sibling = bytes.fromhex(step)
            pair = sibling + node if place % 2 else node + sibling
            node = sm3(_NODE + pair)
        place, last = place // 2, last // 2
    return next(path, None) is None and node.hex() == root
