"""企业迁移登记: 迁出 seals every employee's account of the unit, 迁入 opens a unit.

Source: contracts_spec/one_thing/migration.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.cases import applications, forms, machine, sealing, unsealing
from hub.cases.attachments import Problem, problem
from hub.cases.office import CaseOffice
from hub.cases.words import CaseState, Waiting
from hub.kernel.identity import is_uscc, normal_name, normal_uscc
from hub.kernel.secret import mask_id
from hub.ports.case import Filing
from hub.ports.registry import (
    Application,
    ApplicationKind,
    ApplicationResult,
    ApplicationState,
    PersonsAnswer,
    Sealing,
    UnitOpening,
)

OUT, IN = "1", "2"
_ALREADY = "already_open"
_NEEDED = ("address", "legal_person", "legal_id_type", "legal_id_number", "handler_name",
           "handler_phone", "unit_ratio", "person_ratio")  # fmt: skip
_RATIO = re.compile(r"0\.[0-9]{2}")


class Migration:
    """See EachKind."""

    name = "migration"
    title = "企业迁移登记"

    def problems(self, filing: Filing, today: date) -> list[Problem]:
        said, found = filing.fields, []
        if not is_uscc(filing.id_number):
            found.append(problem("bad_uscc"))
        if said.get("direction") not in (OUT, IN):
            found.append(problem("bad_direction"))
        if not forms.past(said.get("moved_on", ""), today):
            found.append(problem("bad_movedate"))
        ratios = (said.get("unit_ratio", ""), said.get("person_ratio", ""))
        lacks = not all(said.get(name) for name in _NEEDED)
        if said.get("direction") == IN and (lacks or not all(map(_RATIO.fullmatch, ratios))):
            found.append(problem("opening_lacks"))
        return found

    def begin(self, tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing) -> None:
        if filing.fields["direction"] == OUT:
            sealing.begin(tx, office, row, filing.id_number)
            return
        sealing.drop(tx, row)
        uscc = normal_uscc(filing.id_number)
        live, _ = applications.apply(
            tx, office, row.id, ApplicationKind.UNIT_OPEN,
            token=office.vault.tokens.whole("uscc", uscc), mask=mask_id(uscc),
            make=lambda number: _opening(number, filing),
        )  # fmt: skip
        machine.follow(tx, office, row, live)

    def same(self, made: Application, filing: Filing) -> bool:
        if isinstance(made, Sealing):
            return filing.fields.get("direction") == OUT
        return isinstance(made, UnitOpening) and made == _opening(made.number, filing)

    def persons(
        self, tx: Connection, office: CaseOffice, row: sa.Row[Any],
        papers: Sequence[tuple[str, str]], answer: PersonsAnswer,
    ) -> None:  # fmt: skip
        """Nobody is asked for."""

    def each(
        self, tx: Connection, office: CaseOffice, head: sa.Row[Any], row: sa.Row[Any],
        said: ApplicationResult,
    ) -> bool:  # fmt: skip
        if row.kind == ApplicationKind.SEAL.value:
            sealing.settled(tx, office, head, said)
            return True
        opened = said.state is ApplicationState.DONE
        if not (opened or said.reason == _ALREADY) or head.state == CaseState.PARSED.value:
            return False
        text = f"已开户，单位账号 {said.unit}" if opened else f"早已开户，单位账号 {said.unit}"
        machine.end(tx, office, head, CaseState.DONE, text=text)
        return True

    def goes_on(self, tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing) -> bool:
        if unsealing.begun(tx, row.id) is not None:  # checked when it is over
            machine.move(tx, office, row, state=CaseState.PARSED, waiting=Waiting.CANCEL)
            return True
        wrong = self.problems(filing, office.today) or filing.fields.get("direction") != OUT
        return sealing.goes_on(tx, office, row, "" if wrong else filing.id_number)

    def taken_back(self, tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> bool:
        if unsealing.begun(tx, row.id) is not None:
            machine.end(tx, office, row, CaseState.WITHDRAWN, text="申请人撤回")
            return True
        return sealing.take_back(tx, office, row)


def _opening(number: str, filing: Filing) -> UnitOpening:
    said = {name: filing.fields.get(name, "") for name in _NEEDED}
    return UnitOpening(
        number=number, name=normal_name(filing.name), uscc=normal_uscc(filing.id_number), **said
    )


KIND = Migration()
