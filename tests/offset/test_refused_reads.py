"""The core refuses a reading for good, or a bank tells an entry otherwise: nothing waits unseen."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from hub.bus.tables import message
from hub.kernel.money import Fen
from hub.offset.tables import leg, statement_entry
from hub.ports.line import PartnerRefused
from hub.web.desk.shift import Shift
from hub.web.desk.watch import alerts
from tests.offset.kit import Centre
from tests.offset.test_reconcile import FEN, paid, read

REFUSED = PartnerRefused("1004", "格式不合", final=True)


def _refuse_once(centre: Centre, monkeypatch: pytest.MonkeyPatch, reading: str) -> list[str]:
    """The core's next answer to this reading is a final refusal; what was asked is listed."""
    answer, asked = getattr(centre.core, reading), list[str]()

    def once(*words: object) -> object:
        asked.append(reading)
        if len(asked) == 1:
            raise REFUSED
        return answer(*words)

    monkeypatch.setattr(centre.core, reading, once)
    return asked


@pytest.mark.parametrize("reading", ["postings", "holds"])
def test_a_refused_reading_of_the_core_is_taken_up_again(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, reading: str
) -> None:
    paid(centre)
    asked = _refuse_once(centre, monkeypatch, reading)
    centre.until(centre.closed)
    assert len(asked) > 1
    assert [row.core_open for row in centre.rows(leg)] == [0]


def test_a_refused_reading_alone_matches_nothing(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a reading of the core would find every posting missing."""
    paid(centre)

    def never(*_: object) -> object:
        raise REFUSED

    monkeypatch.setattr(centre.core, "postings", never)
    read(centre)
    assert not centre.differences()
    assert not centre.closed()


def test_an_entry_that_changes_under_its_serial_is_a_difference(centre: Centre) -> None:
    paid(centre)
    read(centre)
    number = centre.number("A1")
    (entry,) = [e for e in centre.icbc.entries if e.number == number]
    place = centre.icbc.entries.index(entry)
    before = [row for row in centre.rows(statement_entry) if row.number == number]
    assert [row.fen for row in before] == [FEN]
    with centre.store.write() as tx:  # the run is open again, as it is while a day is
        tx.execute(sa.text("UPDATE offset_run SET state = 'running'"))
        tx.execute(sa.text("UPDATE offset_leg SET closed_us = NULL, matched_us = core_seen_us"))
    centre.icbc.entries[place] = replace(entry, amount=Fen(FEN - 1))
    read(centre)
    assert centre.differences() == {("amount", number): (FEN, FEN - 1, 0)}


def _on_the_board(centre: Centre) -> list[tuple[str, bool]]:
    with centre.store.read() as view:
        return [(row.kind, row.money) for row in alerts(view, Shift(0))]


def test_the_board_shows_a_refused_reading_until_one_is_answered(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(centre)
    asked = _refuse_once(centre, monkeypatch, "postings")
    centre.until(lambda: bool(asked))
    assert _on_the_board(centre) == [("refused", False)]
    centre.until(centre.closed)
    assert _on_the_board(centre) == []


def test_the_board_shows_a_refused_command_until_it_is_sent_again(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(centre)  # its holds went through
    hold = next(m for m in centre.rows(message) if m.kind == "core.hold")
    with centre.store.write() as tx:
        tx.execute(sa.update(message).where(message.c.id == hold.id).values(state="rejected"))
    assert _on_the_board(centre) == [("refused", True)]
    with centre.store.write() as tx:
        centre.bus.resend(tx, hold.id, "somebody", "查明后重发")
    assert _on_the_board(centre) == []
