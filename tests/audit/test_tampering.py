"""Tampering done in SQL, as the database's operator could: each kind is told apart.

The stand-alone verifier, which shares no code with the hub, must come to the same judgement.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.audit import AuditReport, Checkpoints, Sealer, export_entries, standalone, verify
from hub.audit.chain import BODY, genesis, link
from hub.audit.tables import audit_entry, audit_head, store_identity
from hub.crypto import Sm2PrivateKey
from hub.store import Store
from tests.audit.conftest import KEY, Enter


@pytest.fixture
def checkpoints(folder: Path) -> Checkpoints:
    return Checkpoints(folder, KEY)


@pytest.fixture
def witnessed(store: Store, enter: Enter, checkpoints: Checkpoints) -> Store:
    """Thirty entries, a checkpoint at 10, 20 and 30; then five sealed and two unsealed ones."""
    for _ in range(3):
        enter(10)
        Sealer(store).seal()
        checkpoints.write(store)
    enter(5)
    Sealer(store).seal()
    enter(2)
    return store


def judge(store: Store, checkpoints: Checkpoints) -> AuditReport:
    with store.read() as tx:
        return verify(tx, checkpoints.log(), KEY.public)


def sql(store: Store, text: str, **values: object) -> None:
    with store.write() as tx:
        tx.execute(sa.text(text), values)


def rechain(store: Store, first: int) -> None:
    """What an operator with the source would do: chain everything anew from an entry on."""
    with store.write() as tx:
        query = sa.select(*BODY).where(audit_entry.c.seq >= first).order_by(audit_entry.c.seq)
        before = tx.execute(
            sa.select(audit_entry.c.chain).where(audit_entry.c.seq == first - 1)
        ).scalar()
        store_id = tx.execute(sa.select(store_identity.c.store_id)).scalar_one()
        chain, seq = before or genesis(store_id), first - 1
        for row in tx.execute(query).all():
            seq += 1
            chain = link(chain, "".join(f"\n{value}" for value in row))
            tx.execute(
                sa.update(audit_entry)
                .where(audit_entry.c.id == row.id)
                .values(seq=seq, chain=chain)
            )
        tx.execute(sa.update(audit_head).values(seq=seq, chain=chain))


def alone(store: Store, folder: Path, tmp_path: Path) -> tuple[int, list[str]]:
    """The stand-alone verifier's exit code and what it found."""
    copy = tmp_path / "verifier"
    copy.mkdir(exist_ok=True)
    shutil.copy(str(standalone.__file__), copy / "verify.py")
    (copy / "key.pem").write_text(KEY.public.pem())
    with store.read() as tx:
        export_entries(tx, copy / "entries.jsonl")
    command = [sys.executable, "-I", "verify.py", "entries.jsonl", "--key", "key.pem"]
    ran = subprocess.run(
        [*command, "--checkpoints", str(folder)],
        check=False, cwd=copy, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.stderr == ""
    return ran.returncode, sorted({line.split(":")[0] for line in ran.stdout.splitlines()[1:-1]})


def test_an_honest_database_is_sound(
    witnessed: Store, checkpoints: Checkpoints, folder: Path, tmp_path: Path
) -> None:
    report = judge(witnessed, checkpoints)
    assert report.good
    assert (report.sealed, report.unsealed, report.unanchored) == (35, 2, 5)
    assert report.checkpoints == 3
    assert alone(witnessed, folder, tmp_path) == (0, [])


@pytest.mark.parametrize(
    "change",
    [
        "fen = 1", "actor = 'somebody'", "subject = 'x'", "detail = '{}  '", "root = 'ab'",
        "instant_us = instant_us + 1", "quantity = quantity + 1", "act = 'other'", "id = 999",
        "actor = actor || chr(10) || subject, subject = ''",
    ],
)  # fmt: skip
def test_one_altered_field_is_found_and_placed(
    witnessed: Store, checkpoints: Checkpoints, folder: Path, tmp_path: Path, change: str
) -> None:
    if witnessed.is_sqlite:
        change = change.replace("chr(", "char(")
    sql(witnessed, f"UPDATE audit_entry SET {change} WHERE seq = 17")
    report = judge(witnessed, checkpoints)
    assert report.findings() == ("altered",)
    assert report.altered == (17,)
    assert alone(witnessed, folder, tmp_path) == (1, ["altered"])


def test_a_line_feed_smuggled_into_a_field_before_sealing_is_found(
    witnessed: Store, checkpoints: Checkpoints, folder: Path, tmp_path: Path
) -> None:
    """Else its text could later be moved from one field to the next, the bytes staying equal."""
    sql(witnessed, "UPDATE audit_entry SET actor = :feed WHERE seq IS NULL", feed="a\nb")
    assert Sealer(witnessed).seal() == 2
    assert judge(witnessed, checkpoints).altered == (36, 37)
    assert alone(witnessed, folder, tmp_path) == (1, ["altered"])


def test_an_altered_chain_value_is_found(witnessed: Store, checkpoints: Checkpoints) -> None:
    sql(witnessed, "UPDATE audit_entry SET chain = :chain WHERE seq = 35", chain="0" * 64)
    assert judge(witnessed, checkpoints).findings() == ("altered",)


@pytest.mark.parametrize(
    ("gone", "expected"),
    [("seq BETWEEN 12 AND 14", (12, 14)), ("seq = 1", (1, 1)), ("seq = 20", (20, 20))],
)
def test_entries_missing_in_the_middle_are_named(
    witnessed: Store,
    checkpoints: Checkpoints,
    folder: Path,
    tmp_path: Path,
    gone: str,
    expected: tuple[int, int],
) -> None:
    sql(witnessed, f"DELETE FROM audit_entry WHERE {gone}")
    report = judge(witnessed, checkpoints)
    assert report.findings() == ("missing",)
    assert report.missing == (expected,)
    assert report.sealed == 35 - (expected[1] - expected[0] + 1)
    assert alone(witnessed, folder, tmp_path) == (1, ["missing"])


def test_an_entry_unsealed_again_is_missing(witnessed: Store, checkpoints: Checkpoints) -> None:
    sql(witnessed, "UPDATE audit_entry SET seq = NULL, chain = NULL WHERE seq = 25")
    report = judge(witnessed, checkpoints)
    assert (report.findings(), report.missing) == (("missing",), ((25, 25),))


def test_a_cut_off_end_is_told_by_the_head(witnessed: Store, checkpoints: Checkpoints) -> None:
    sql(witnessed, "DELETE FROM audit_entry WHERE seq > 32")
    report = judge(witnessed, checkpoints)
    assert (report.findings(), report.truncated) == (("truncated",), (33, 35))


def test_a_cut_off_end_with_the_head_set_back_is_told_by_the_checkpoint(
    witnessed: Store, checkpoints: Checkpoints, folder: Path, tmp_path: Path
) -> None:
    sql(witnessed, "DELETE FROM audit_entry WHERE seq > 27 OR seq IS NULL")
    rechain(witnessed, 27)
    report = judge(witnessed, checkpoints)
    assert (report.findings(), report.truncated) == (("truncated",), (28, 30))
    with witnessed.read() as tx:
        assert checkpoints.judge(tx) == "older"
    assert alone(witnessed, folder, tmp_path) == (1, ["truncated"])


@pytest.mark.parametrize(("first", "expected"), [(1, (1, 10)), (13, (11, 20)), (20, (11, 20))])
def test_a_chain_written_anew_is_told_by_the_checkpoint(
    witnessed: Store,
    checkpoints: Checkpoints,
    folder: Path,
    tmp_path: Path,
    first: int,
    expected: tuple[int, int],
) -> None:
    sql(witnessed, "UPDATE audit_entry SET fen = 1 WHERE seq = :first", first=first)
    rechain(witnessed, first)
    report = judge(witnessed, checkpoints)
    assert (report.findings(), report.rewritten) == (("rewritten",), expected)
    assert alone(witnessed, folder, tmp_path) == (1, ["rewritten"])


def test_an_entry_slipped_in_is_a_rewriting(witnessed: Store, checkpoints: Checkpoints) -> None:
    sql(witnessed, "UPDATE audit_entry SET seq = seq + 1000 WHERE seq > 15")
    sql(witnessed, "UPDATE audit_entry SET seq = seq - 999 WHERE seq > 1000")
    sql(
        witnessed,
        "INSERT INTO audit_entry (instant_us, act, actor, subject, quantity, fen, root, detail,"
        " seq, chain) VALUES (1, 'a', 'b', 'c', 0, 0, '', '{}', 16, '')",
    )
    rechain(witnessed, 16)
    assert judge(witnessed, checkpoints).findings() == ("rewritten",)


def test_what_no_checkpoint_saw_can_be_rewritten_and_is_shown_as_unanchored(
    witnessed: Store, checkpoints: Checkpoints
) -> None:
    sql(witnessed, "UPDATE audit_entry SET fen = 1 WHERE seq = 33")
    rechain(witnessed, 33)
    report = judge(witnessed, checkpoints)
    assert report.good
    assert report.unanchored == 5


def test_a_head_that_lags_behind_is_noticed(witnessed: Store, checkpoints: Checkpoints) -> None:
    sql(witnessed, "UPDATE audit_head SET seq = 34")
    assert judge(witnessed, checkpoints).altered == (35,)


def test_two_wrongs_are_both_told(witnessed: Store, checkpoints: Checkpoints) -> None:
    sql(witnessed, "UPDATE audit_entry SET actor = 'x' WHERE seq IN (3, 4)")
    sql(witnessed, "DELETE FROM audit_entry WHERE seq = 8 OR seq = 35")
    report = judge(witnessed, checkpoints)
    assert report.findings() == ("altered", "missing", "truncated")
    assert report.altered == (3, 4)
    said = report.text()
    for part in ("有问题", "内容被改 altered 2: 3, 4", "missing 8-8", "truncated 35-35"):
        assert part in said
    assert report.as_dict()["good"] is False


class TestWitness:
    """The checkpoints themselves."""

    def edit(self, folder: Path, change: Callable[[list[bytes]], Iterable[bytes]]) -> None:
        (path,) = folder.glob("*.jsonl")
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))

    def test_an_altered_line_breaks_the_links(
        self, witnessed: Store, checkpoints: Checkpoints, folder: Path, tmp_path: Path
    ) -> None:
        self.edit(folder, lambda ls: [ls[0].replace(b'"seq":10', b'"seq":11'), *ls[1:]])
        report = judge(witnessed, checkpoints)
        assert "witness" in report.findings()
        assert "line 2" in report.witness_faults[0]
        assert "witness" in alone(witnessed, folder, tmp_path)[1]

    def test_an_altered_last_line_breaks_its_signature(
        self, witnessed: Store, checkpoints: Checkpoints, folder: Path, tmp_path: Path
    ) -> None:
        self.edit(folder, lambda ls: [*ls[:2], ls[2].replace(b'"unsealed":0', b'"unsealed":1')])
        report = judge(witnessed, checkpoints)
        assert report.findings() == ("witness",)
        assert "signature" in report.witness_faults[0]
        assert alone(witnessed, folder, tmp_path) == (1, ["witness"])

    def test_a_missing_line_breaks_the_links(
        self, witnessed: Store, checkpoints: Checkpoints, folder: Path
    ) -> None:
        self.edit(folder, lambda ls: [ls[0], ls[2]])
        assert judge(witnessed, checkpoints).findings() == ("witness",)

    def test_lines_cut_off_at_the_end_leave_the_database_ahead(
        self, witnessed: Store, checkpoints: Checkpoints, folder: Path
    ) -> None:
        self.edit(folder, lambda ls: ls[:1])
        assert judge(witnessed, checkpoints).findings() == ("foreign",)

    def test_another_key_is_not_believed(self, witnessed: Store, checkpoints: Checkpoints) -> None:
        with witnessed.read() as tx:
            report = verify(tx, checkpoints.log(), Sm2PrivateKey.generate().public)
        assert report.findings() == ("witness",)


def test_the_plain_sm3_of_the_verifier_is_sm3() -> None:
    for size in (0, 3, 55, 56, 63, 64, 65, 300):
        data = bytes(range(256))[:size] * 2
        assert standalone.plain_sm3(data) == standalone.library_sm3(data)


def test_a_part_can_be_exported(witnessed: Store, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(KEY.public.pem())
    with witnessed.read() as tx:
        assert export_entries(tx, tmp_path / "part.jsonl", first=11, last=30) == 20
    given = [str(tmp_path / "part.jsonl"), "--checkpoints", str(folder)]
    assert standalone.main([*given, "--key", str(tmp_path / "key.pem")]) == 0
