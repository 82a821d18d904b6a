"""The vault on both databases: sealing, races for a new key, roll-back, rotation, wrong rings."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.crypto import KeyRing
from hub.kernel.errors import BadInput, Misconfigured
from hub.store import Store, metadata
from hub.store.vault import SealBroken, Vault, VaultLocked, data_key

MONTH = "2025-10"


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.create(tmp_path / "keys")


@pytest.fixture
def store(empty_store: Store) -> Store:
    metadata.create_all(empty_store.engine, tables=[data_key])
    return empty_store


@pytest.fixture
def vault(ring: KeyRing) -> Vault:
    return Vault(ring)


class _UndoneError(Exception):
    pass


@contextmanager
def undone(store: Store) -> Iterator[Connection]:
    """A transaction that ends by being rolled back."""
    with suppress(_UndoneError), store.write() as tx:
        yield tx
        raise _UndoneError


def count_keys(store: Store) -> int:
    with store.read() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(data_key)).scalar_one())


def test_what_is_sealed_opens_here_and_in_another_process(
    store: Store, vault: Vault, ring: KeyRing
) -> None:
    with store.write() as tx:
        sealed = [vault.seal(tx, "agreement", MONTH, f"王{n}".encode()) for n in range(3)]
        assert vault.open(tx, *sealed[0]) == "王0".encode()
    assert len({key_id for key_id, _ in sealed}) == 1
    assert "王0".encode() not in sealed[0].blob
    for reader in (vault, Vault(ring)):
        with store.read() as tx:
            assert [reader.open(tx, *one) for one in sealed] == [
                f"王{n}".encode() for n in range(3)
            ]


def test_each_kind_and_month_has_its_own_key(store: Store, vault: Vault) -> None:
    with store.write() as tx:
        ids = {
            vault.seal(tx, kind, month, b"x").key_id
            for kind in ("due", "agreement")
            for month in (MONTH, "2025-11")
            for _ in range(2)
        }
    assert len(ids) == 4 == count_keys(store)


def test_a_blob_under_another_kind_or_altered_does_not_open(store: Store, vault: Vault) -> None:
    with store.write() as tx:
        due, agreement = (vault.seal(tx, kind, MONTH, b"x") for kind in ("due", "agreement"))
    altered = due.blob[:-1] + bytes([due.blob[-1] ^ 1])
    with store.read() as tx:
        for key_id, blob in (
            (agreement.key_id, due.blob),
            (due.key_id, altered),
            (due.key_id, b""),
            (due.key_id, b"\x02" + due.blob[1:]),
            (987, due.blob),
        ):
            with pytest.raises(SealBroken):
                vault.open(tx, key_id, blob)


def test_a_long_value_is_kept_smaller_and_passes_for_no_other_form(
    store: Store, vault: Vault
) -> None:
    said = "<rd><iSeqno>25100000000000000001</iSeqno></rd>".encode("gb18030") * 50
    noise = os.urandom(2000)
    with store.write() as tx:
        packed, short, plain = (
            vault.seal(tx, "message", "2025-10", value) for value in (said, b"x", noise)
        )
    with store.write() as tx:
        assert len(packed.blob) < len(said) / 5
        for sealed, value in ((packed, said), (short, b"x"), (plain, noise)):
            assert vault.open(tx, *sealed) == value
            assert vault.open_known(*sealed) == value
            other = b"\x01" if sealed.blob[:1] == b"\x02" else b"\x02"
            with pytest.raises(SealBroken):
                vault.open(tx, sealed.key_id, other + sealed.blob[1:])
        vault.seal(tx, "message", "2025-10", b"y")  # the key is in memory from here on
        known = vault.seal_known("message", "2025-10", said)
        assert known is not None
        assert vault.open(tx, *known) == said
    assert vault.seal_known("message", "2031-01", said) is None


def test_a_key_that_was_rolled_back_is_not_remembered(store: Store, vault: Vault) -> None:
    with undone(store) as tx:
        lost = vault.seal(tx, "due", MONTH, b"x")
        assert vault.seal(tx, "due", MONTH, b"y").key_id == lost.key_id
        assert vault.open(tx, *lost) == b"x"
    assert count_keys(store) == 0
    with store.write() as tx:
        kept = vault.seal(tx, "due", MONTH, b"x")
    with store.read() as tx:
        assert Vault(vault._ring).open(tx, *kept) == b"x"
        with pytest.raises(SealBroken):
            vault.open(tx, kept.key_id, lost.blob)


def test_a_key_that_went_with_its_savepoint_is_made_again(store: Store, vault: Vault) -> None:
    with store.write() as tx:
        inner = tx.begin_nested()
        lost = vault.seal(tx, "due", MONTH, b"x")
        inner.rollback()
        kept = vault.seal(tx, "due", MONTH, b"y")
        with tx.begin_nested():
            within = vault.seal(tx, "agreement", MONTH, b"z")
        after = vault.seal(tx, "agreement", MONTH, b"z")
    assert after.key_id == within.key_id
    with store.read() as tx:
        reader = Vault(vault._ring)
        assert reader.open(tx, *kept) == b"y"
        assert reader.open(tx, *after) == b"z"
        with pytest.raises(SealBroken):
            reader.open(tx, *lost)


def test_twelve_threads_and_four_vaults_agree_on_one_key(store: Store, ring: KeyRing) -> None:
    vaults = [Vault(ring) for _ in range(4)]
    gate = threading.Barrier(12)

    def work(number: int) -> tuple[int, bytes]:
        gate.wait()
        with store.write() as tx:
            vaults[number % 4].prepare(tx, ["due", "agreement"], MONTH)
            return vaults[number % 4].seal(tx, "due", MONTH, str(number).encode())

    with ThreadPoolExecutor(12) as pool:
        sealed = list(pool.map(work, range(12)))
    assert count_keys(store) == 2
    with store.read() as tx:
        opened = [Vault(ring).open(tx, *one) for one in sealed]
    assert opened == [str(number).encode() for number in range(12)]


def test_who_waited_for_a_key_that_was_undone_makes_it(store: Store, ring: KeyRing) -> None:
    first_has_it, second_is_off = threading.Event(), threading.Event()

    def first() -> None:
        with undone(store) as tx:
            Vault(ring).seal(tx, "due", MONTH, b"x")
            first_has_it.set()
            second_is_off.wait(5)

    def second() -> tuple[int, bytes]:
        first_has_it.wait(5)
        second_is_off.set()
        with store.write() as tx:
            return Vault(ring).seal(tx, "due", MONTH, b"kept")

    with ThreadPoolExecutor(2) as pool:
        lost, kept = pool.submit(first), pool.submit(second)
        lost.result(20)
        sealed = kept.result(20)
    assert count_keys(store) == 1
    with store.read() as tx:
        assert Vault(ring).open(tx, *sealed) == b"kept"


def test_rotation_wraps_every_key_anew_and_touches_no_blob(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    old = KeyRing.load(tmp_path / "keys")
    with store.write() as tx:
        sealed = [vault.seal(tx, kind, MONTH, b"x") for kind in ("due", "agreement")]
    with store.read() as tx:
        assert vault.open(tx, *sealed[0]) == vault.open(tx, *sealed[1]) == b"x"
    new = KeyRing.succeed(tmp_path / "keys")
    with store.write() as tx:
        assert vault.rotate(tx, old, new) == 2
    with store.write() as tx:
        assert vault.rotate(tx, old, new) == 0
    (tmp_path / "keys" / "master.old.key").unlink()
    with store.read() as tx:
        fresh = Vault(KeyRing.load(tmp_path / "keys"))
        assert [fresh.open(tx, *one) for one in sealed] == [b"x", b"x"]
        assert [vault.open(tx, *one) for one in sealed] == [b"x", b"x"]
        with pytest.raises(VaultLocked):
            Vault(old).open(tx, *sealed[0])


def test_another_centres_ring_is_told_apart_at_the_start(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    with store.read() as tx:
        vault.check(tx)  # nothing sealed yet: any ring will do
    with store.write() as tx:
        sealed = vault.seal(tx, "due", MONTH, b"x")
    stranger = Vault(KeyRing.create(tmp_path / "elsewhere"))
    with store.read() as tx:
        vault.check(tx)
        for act in (lambda: stranger.check(tx), lambda: stranger.open(tx, *sealed)):
            with pytest.raises(VaultLocked):
                act()


def test_a_wrapped_key_moved_to_another_row_does_not_open(store: Store, vault: Vault) -> None:
    with store.write() as tx:
        due, agreement = (vault.seal(tx, kind, MONTH, b"x") for kind in ("due", "agreement"))
        moved = sa.select(data_key.c.wrapped).where(data_key.c.id == due.key_id)
        wrapped = tx.execute(moved).scalar_one()
        tx.execute(
            sa.update(data_key).where(data_key.c.id == agreement.key_id).values(wrapped=wrapped)
        )
    with store.read() as tx, pytest.raises(VaultLocked, match="another row"):
        Vault(vault._ring).open(tx, *agreement)


def test_the_next_generation_seals_and_both_open(store: Store, vault: Vault, ring: KeyRing) -> None:
    with store.write() as tx:
        before = vault.seal(tx, "due", MONTH, b"old")
        number = vault.renew(tx, "due", MONTH)
    later = Vault(ring)
    with store.write() as tx:
        after = later.seal(tx, "due", MONTH, b"new")
    assert after.key_id == number != before.key_id
    with store.read() as tx:
        assert later.open(tx, *before) == b"old"
        assert later.open(tx, *after) == b"new"


def test_one_vault_refuses_a_second_database(store: Store, vault: Vault, tmp_path: Path) -> None:
    other = Store(f"sqlite:///{tmp_path}/other.sqlite")
    metadata.create_all(other.engine, tables=[data_key])
    with store.write() as tx:
        vault.seal(tx, "due", MONTH, b"x")
    with pytest.raises(Misconfigured, match="two databases"), other.write() as tx:
        vault.seal(tx, "due", MONTH, b"x")
    other.close()


@pytest.mark.parametrize(("kind", "month"), [("Due", MONTH), ("due", "202510"), ("", MONTH)])
def test_a_kind_or_month_that_is_none_is_refused(
    store: Store, vault: Vault, kind: str, month: str
) -> None:
    with pytest.raises(BadInput), store.write() as tx:
        vault.seal(tx, kind, month, b"x")
