"""A retirement case from its filing to its end, step by step, and what can come between."""

from sqlalchemy import select

from hub.cases import tables as t
from tests.cases.kit import (
    ACCOUNT,
    NAME,
    PAPER,
    PROMISED,
    Office,
    filing,
)

WAY = ["received", "parsed", "checked", "in_core"]


def test_from_filing_to_its_end(office: Office) -> None:
    office.push(filing())
    office.settle()
    case = office.case()
    assert (case.state, case.waiting, case.promise_on) == ("in_core", "review", PROMISED)
    assert office.platform.steps() == WAY
    told = office.platform.told["onething", "A1", 3]
    assert (told.promise_days, str(told.promise_on)) == (5, "2025-10-21")
    office.finish(office.number())
    case = office.case()
    assert (case.state, case.principal, case.interest) == ("done", 100_000, 123)
    last = office.platform.last()
    assert (last.step.value, last.principal, last.interest) == ("done", 100_000, 123)
    assert [row.fed for row in office.rows(t.step)] == ["receipted"] * 5
    assert len(office.core.paid) == 1


def test_nothing_personal_stands_in_clear(office: Office) -> None:
    office.push(filing())
    office.settle()
    with office.store.read() as view:
        for table in (t.case, t.attachment, t.application, t.step, t.problem):
            stands = repr([tuple(row) for row in view.execute(select(table))])
            for secret in (NAME, PAPER, "6222080000000000015", ACCOUNT, "身份证", "%PDF"):
                assert secret not in stands, (table.name, secret)
    assert office.case().subject_mask == "韦** 522701********0000"
