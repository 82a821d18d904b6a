"""Every number of an item leads to it, in good time; its story says what the books say."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.kernel.money import Fen
from hub.offset import finding, story, story_ends, story_stages
from hub.offset.finding import Found, find, plain
from hub.offset.story import NoSuchLife, Story, Tone
from hub.offset.tables import agreement, item
from hub.offset.telling import tell
from hub.ports.bank import DueRecord, EntryKind, RowStatus
from hub.store import database_now_us
from hub.web.sentences import say
from hub.web.words import Words, catalogue
from tests.offset.kit import Centre, Person, insert, many

MAIN, SPOUSE, PAYEE_OF = "52279900000017", "52279900000025", "6222{}"
STRANGER = "25109999999999999999"


def look(centre: Centre, text: str) -> Found:
    with centre.store.read() as view:
        return find(view, centre.vault.tokens, text, centre.office.banks)


def told(centre: Centre, key: str) -> Story:
    with centre.store.read() as view:
        shift = centre.office.now_us() - database_now_us(view)
        found = tell(view, centre.office, key, shift)
    for language in ("zh", "en"):  # every sentence has its words and what they ask for
        words = Words(language)  # type: ignore[arg-type]
        assert say(words, found.verdict, "life")
        assert all(say(words, line, "advice") for line in found.advice)
        assert all(say(words, line, "story") for stage in found.stages for line in stage.lines)
        assert all(words(f"stage_name.{stage.name}") for stage in found.stages)
    return found


def names(found: Story, tone: Tone | None = None) -> list[str]:
    return [stage.name for stage in found.stages if tone in (None, stage.tone)]


def codes(found: Story) -> set[str]:
    return {line.code for stage in found.stages for line in stage.lines}


PEOPLE = (
    Person("A1", main=MAIN, spouse=SPOUSE, balance=60_000, spouse_balance=60_000),
    Person("A2", balance=50_000),
    Person("A3", balance=1),
    Person("A4"),
)


def a_month(centre: Centre) -> None:
    """One paid by two, one in part, one left out, one refused; a stranger in the bank's books,
    and a loan that nobody asked for."""
    centre.add(*PEOPLE)
    centre.icbc.minds["LA4"] = "refuse"
    centre.icbc.dues.append(
        DueRecord("LX", "6222X", "名X", "IDX", date(2025, 10, 20), Fen(7_00), settled=False,
                  overdue=False)
    )  # fmt: skip
    centre.icbc.book(STRANGER, Fen(1_00), account="6222X")
    centre.open()
    centre.planned()
    centre.approve()
    centre.until(lambda: all(s == "reconciled" for s, *_ in centre.items().values()))


def test_every_number_of_an_item_leads_to_it(centre: Centre) -> None:
    a_month(centre)
    number = centre.number("A1")
    (row,) = [each for each in centre.rows(item) if each.number == number]
    posted = next(one.serial for one in centre.core.booked if one.number == number)
    for text, way in (
        (number, "instruction"), ("A1", "agreement"), ("LA1", "loan"), (row.bank_serial,
        "bank_serial"), (posted, "core_serial"), ("6222A1", "account"), (MAIN, "account"),
        (SPOUSE, "account"), (f"ID{MAIN}", "document"), (f"id{SPOUSE}", "document"),
        ("0017", "account_tail"), ("0017", "document_tail"), ("0025", "account_tail"),
        ("5227 9900 0000 17", "account"), ("５２２７９９０００００017", "account"),
    ):  # fmt: skip
        found = look(centre, text)
        assert way in found.ways, text
        assert [one.number for one in found.items] == [number], text
    in_batch = look(centre, row.batch)
    assert in_batch.ways == ("batch",)
    assert {one.agreement for one in in_batch.items} >= {"A1"}
    (one,) = look(centre, "A1").items
    assert (one.main, one.spouse, one.outcome, one.fen) == (
        "****0017", "****0025", "SUCCEEDED", 100_000,
    )  # fmt: skip

    (left_out,) = look(centre, "A3").items
    assert (left_out.number, left_out.outcome, left_out.reason) == ("", "SKIPPED", "no_balance")
    assert left_out.key == "A3@2025-10"

    assert look(centre, STRANGER).entries[0].fen == 1_00
    assert look(centre, "LX").dues[0].fen == 7_00
    for text in (
        "",
        " ",
        "%",
        "_",
        "A_",
        "A%",
        "L%",
        "' OR 1=1 --",
        "9999",
        "张三",
        "\x00",
        "A1\x00A",
    ):
        found = look(centre, text)
        assert found.nothing, text


def test_a_story_says_what_became_of_it(centre: Centre) -> None:
    a_month(centre)
    paid = told(centre, centre.number("A1"))
    assert paid.verdict.code == "paid"
    assert paid.advice == ()
    assert names(paid) == [
        "due", "plan", "approve", "hold", "instruct", "answer", "result", "book", "statement",
        "reconcile",
    ]  # fmt: skip
    assert {"plan_both", "held", "sent_out", "said_done", "said_serial", "posted", "core_shows",
            "statement_credit"} <= codes(paid)  # fmt: skip
    assert paid.borrower == "名" + "*" * len(MAIN)
    by_name = {stage.name: stage for stage in paid.stages}
    with centre.store.read() as view:
        kinds = {
            name: {centre.bus.message(view, number).kind for number in by_name[name].messages}
            for name in ("due", "hold", "instruct", "book", "statement")
        }
    assert kinds == {
        "due": {"bank.dues"}, "hold": {"core.hold"}, "instruct": {"bank.instruct"},
        "book": {"core.post"}, "statement": {"bank.statement"},
    }  # fmt: skip

    partly = told(centre, centre.number("A2"))
    assert (partly.verdict.code, [line.code for line in partly.advice]) == (
        "paid_partly", ["pay_the_rest"],
    )  # fmt: skip
    assert partly.advice[0].values == {"fen": 100_000 - partly.fen}

    refused = told(centre, centre.number("A4"))
    assert refused.verdict.code == "failed"
    assert {"said_refused", "result_failed", "released"} <= codes(refused)
    assert [line.code for line in refused.advice] == ["pay_yourself"]

    left_out = told(centre, "A3@2025-10")
    assert (left_out.verdict.code, left_out.outcome) == ("skipped", "SKIPPED")
    assert names(left_out) == ["due", "plan"]
    for key in ("25100000000000000000", "A3@2025-11", "nobody@2025-10", "@", "A1@", "%"):
        with pytest.raises(NoSuchLife), centre.store.read() as view:
            tell(view, centre.office, key)


def test_a_story_on_its_way_promises_nothing(quick: Centre) -> None:
    quick.add(Person("A1"))
    quick.icbc.minds["LA1"] = "never"
    quick.open()
    quick.planned()
    number = quick.number("A1")
    trial = told(quick, number)
    assert trial.verdict.code == "planned"
    assert names(trial, Tone.OPEN) == ["approve"]
    quick.approve()
    assert "hold_waits" in codes(told(quick, number))
    quick.cut()
    cut = told(quick, number)
    assert (cut.verdict.code, "cut" in codes(cut)) == ("held", True)
    quick.until(lambda: quick.items()["A1"][0] == "unknown")
    unknown = told(quick, number)
    assert unknown.verdict.code == "unknown"
    assert [line.code for line in unknown.advice] == ["wait_for_bank"]
    assert {"inquired", "result_unknown"} <= codes(unknown)
    assert "inquiry" in names(unknown)


def test_a_returned_payment_is_told_with_its_reversal(quick: Centre) -> None:
    quick.add(Person("A1"))
    quick.finish()
    number = quick.number("A1")
    quick.next_day()
    quick.icbc.book(number, 100_000, kind=EntryKind.RETURN)
    quick.until(lambda: quick.items()["A1"][0] == "reversed")
    back = told(quick, number)
    assert back.verdict.code == "returned"
    assert [line.code for line in back.advice] == ["pay_yourself"]
    assert {"posted", "statement_return", "reversed", "adjusted", "run_closed"} <= codes(back)
    order = names(back)
    assert order.index("statement") < order.index("back")


def test_more_than_fit_says_so(quick: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST", 2)
    with quick.store.write() as tx:
        for n in range(5):
            insert(tx, agreement, number=f"A{n}", bank="ICBC", loan_contract=f"L{n}",
                   repay_token=f"r{n}", main_token=f"m{n}", main_mask="****0017", signed_on=1,
                   state="in_force", repay_tail=f"t{n}")  # fmt: skip
    found = look(quick, "0017")
    assert [one.number for one in found.agreements] == ["A4", "A3"]
    assert found.more


@pytest.fixture(scope="module")
def shared() -> Iterator[Centre]:
    """One for many small looks."""
    with many() as one:
        one.add(Person("A1"))
        one.finish()
        yield one


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=80))
def test_whatever_is_typed_is_only_looked_for(shared: Centre, text: str) -> None:
    assert plain(plain(text)) == plain(text)
    found = look(shared, text)
    assert found.nothing or found.ways
    if "@" in text:
        with pytest.raises(NoSuchLife), shared.store.read() as view:
            tell(view, shared.office, text)


def test_no_look_runs_over_a_whole_table(centre: Centre) -> None:
    centre.add(*PEOPLE)
    centre.finish()
    with centre.store.read() as view:
        batch = str(view.scalar(sa.select(item.c.batch).limit(1)))
    number, said = centre.number("A1"), []
    sqlite = centre.store.is_sqlite

    def explain(connection, cursor, statement, parameters, *_) -> None:  # type: ignore[no-untyped-def]
        if statement.startswith("SELECT"):
            cursor.execute(
                f"{'EXPLAIN QUERY PLAN' if sqlite else 'EXPLAIN'} {statement}", parameters
            )
            said.extend(str(row) for row in cursor.fetchall())

    sa.event.listen(centre.store.engine, "before_cursor_execute", explain)
    try:
        with centre.store.read() as view:
            if not sqlite:
                view.exec_driver_sql("SET LOCAL enable_seqscan = off")
            for text in (number, batch, "A1", "LA1", MAIN, "0017", "no such"):
                find(view, centre.vault.tokens, text, centre.office.banks)
            tell(view, centre.office, number)
            tell(view, centre.office, "A3@2025-10")
    finally:
        sa.event.remove(centre.store.engine, "before_cursor_execute", explain)
    assert len(said) > 50
    large = "agreement|account_owner|offset_item|plan_line|due_record|due_page|statement_entry"
    large += "|core_posting|result_seen|bus_message"
    whole = re.compile(rf"Seq Scan on ({large})\b|SCAN ({large})\b(?! USING)")
    assert [line for line in said if whole.search(line)] == []


def test_every_sentence_of_a_story_has_words() -> None:
    known = set(catalogue())
    used = {
        code
        for module in (story_stages, story_ends)
        for code in re.findall(r'Line\(\s*"([a-z_]+)"', Path(str(module.__file__)).read_text())
    }
    used |= {f"said_{status.value}" for status in RowStatus}
    used |= {f"statement_{kind.value}" for kind in EntryKind}
    assert len(used) > 40
    assert {f"story.{code}" for code in used} <= known
    text = Path(str(story.__file__)).read_text()
    lives = text[text.index("def _verdict") : text.index("def advice_of")]
    verdicts = set(re.findall(r'"([a-z_]+)"', lives)) - {
        "decision", "disputed", "state", "outcome", "was_posted", "fen", "due_fen", "was_held",
        "was_released", "was_reversed",
    }  # fmt: skip
    assert {f"life.{code}" for code in verdicts | {"paid_partly", "disputed"}} <= known
    advice = re.findall(r'Line\("([a-z_]+)"', text[text.index("def advice_of") :])
    assert {f"advice.{code}" for code in advice} <= known
