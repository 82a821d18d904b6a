"""Every number of a case leads to it, and every look goes through an index."""

import re

import sqlalchemy as sa

from hub.cases import finding
from hub.cases import tables as t
from hub.cases.finding import FoundCases, find_cases
from tests.cases.books import NAME, PAPER
from tests.cases.kit import Office, filing

TODAY = 20251015


def look(office: Office, text: str) -> FoundCases:
    with office.store.read() as view:
        return find_cases(view, office.office.vault.tokens, text, today=TODAY)


def test_every_number_leads_to_the_case(office: Office) -> None:
    office.push(filing("GZ-1"))
    office.settle()
    application = office.rows(t.application)[0]
    receipt = next(row.receipt for row in office.rows(t.step) if row.receipt)
    account = office.core.accounts[0].number
    for text, way in (
        ("GZ-1", "case_number"), (receipt, "case_receipt"),
        (application.number, "case_application"), (PAPER, "case_document"),
        (PAPER[-4:], "case_document_tail"), (account, "case_account"),
        (account[-4:], "case_account_tail"), (NAME, "case_name"),
    ):  # fmt: skip
        found = look(office, text)
        assert way in found.ways, text
        assert [line.number for line in found.lines] == ["GZ-1"], text
        assert NAME not in str(found)
        assert PAPER not in str(found)


def test_what_leads_nowhere_is_nothing(office: Office) -> None:
    office.push(filing("GZ-1"))
    for text in ("", "GZ", "%", "9999", NAME[:-1], "6222021234567890000"):
        assert look(office, text) == FoundCases(), text


def test_of_many_the_newest_are_shown_and_that_there_are_more(office: Office) -> None:
    for n in range(finding.MOST + 1):
        office.push(filing(f"GZ-{n}"), carry=False)
    office.carry()
    office.carry()
    found = look(office, PAPER)
    assert found.more
    assert len(found.lines) == finding.MOST
    assert found.lines[0].id > found.lines[-1].id


def test_no_look_runs_over_a_whole_table(each: Office) -> None:
    each.push(filing("GZ-1"))
    said: list[str] = []
    sqlite = each.store.is_sqlite

    def explain(connection, cursor, statement, parameters, *_) -> None:  # type: ignore[no-untyped-def]
        if statement.startswith("SELECT case_"):
            word = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
            cursor.execute(f"{word} {statement}", parameters)
            said.extend(str(row) for row in cursor.fetchall())

    sa.event.listen(each.store.engine, "before_cursor_execute", explain)
    try:
        with each.store.read() as view:
            if not sqlite:  # a few rows are read faster whole; what matters is the way at 10^6
                view.exec_driver_sql("SET LOCAL enable_seqscan = off")
            for text in ("GZ-1", PAPER, "0017"):
                find_cases(view, each.office.vault.tokens, text, today=TODAY)
    finally:
        sa.event.remove(each.store.engine, "before_cursor_execute", explain)
    assert len(said) > 12
    whole = re.compile(r"Seq Scan on case_|SCAN case_\w+(?! USING)\b")
    assert [line for line in said if whole.search(line)] == []
