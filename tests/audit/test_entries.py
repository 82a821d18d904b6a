"""Entries: in the act's transaction, nothing personal in clear, never in the act's way."""

import json

import pytest
import sqlalchemy as sa

from hub.audit import Entry, record, record_many
from hub.audit.tables import audit_entry
from hub.store import Store, database_now_us


class _UndoneError(Exception):
    pass


def rows(store: Store) -> list[sa.Row[tuple[object, ...]]]:
    with store.read() as tx:
        return list(tx.execute(sa.select(audit_entry).order_by(audit_entry.c.id)))


def test_an_entry_keeps_what_was_said(store: Store) -> None:
    with store.write() as tx:
        before = database_now_us(tx)
        record(
            tx, act="run.approve", actor="zhang", subject="2025-10 工商银行",
            detail={"bank": "ICBC", "of": 4063}, count=4063, fen=91_234_500, root="ab" * 32,
        )  # fmt: skip
        after = database_now_us(tx)
    (row,) = rows(store)
    assert (row.act, row.actor, row.subject) == ("run.approve", "zhang", "2025-10 工商银行")
    assert (row.quantity, row.fen, row.root) == (4063, 91_234_500, "ab" * 32)
    assert json.loads(row.detail) == {"bank": "ICBC", "of": 4063}
    # SQLite's clock counts milliseconds here.
    assert before - 1000 <= row.instant_us <= after + 1000
    assert (row.seq, row.chain) == (None, None)


def test_an_entry_goes_with_its_act(store: Store) -> None:
    with pytest.raises(_UndoneError), store.write() as tx:  # noqa: PT012
        record(tx, act="a", actor="b", subject="c")
        raise _UndoneError
    assert rows(store) == []


def test_many_entries_at_once(store: Store) -> None:
    with store.write() as tx:
        assert record_many(tx, []) == 0
        made = [Entry(act="a", actor="b", subject=str(n), detail="said") for n in range(5)]
        assert record_many(tx, made) == 5
    assert [row.subject for row in rows(store)] == ["0", "1", "2", "3", "4"]
    assert {row.detail for row in rows(store)} == {'{"text":"said"}'}


def test_what_looks_personal_is_masked(store: Store) -> None:
    number = "20251001020000001234"
    with store.write() as tx:
        record(
            tx, act="a", actor="b", subject="522729199003083343",
            detail={"said": "6222083230853674213 电话 15758884921", "number": number,
                    "digest": "0123456789012345" * 4},
        )  # fmt: skip
    (row,) = rows(store)
    kept = row.subject + row.detail
    for clear in ("522729199003083343", "6222083230853674213", "15758884921"):
        assert clear not in kept
    assert number in kept
    assert "0123456789012345" * 4 in kept


def test_text_that_does_not_fit_is_cut_and_never_stops_the_act(store: Store) -> None:
    with store.write() as tx:
        record(tx, act="x" * 200, actor="a\nb\x00c", subject="号" * 500, detail="one\ntwo\x00")
    (row,) = rows(store)
    assert (len(row.act), len(row.subject)) == (60, 120)
    assert row.act.endswith("…")
    assert row.actor == "a b c"
    assert json.loads(row.detail) == {"text": "one two "}
