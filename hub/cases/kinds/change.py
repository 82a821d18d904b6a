"""企业信息变更: a unit's record at the core, field by field, by 变更 and by 迁移.

Source: contracts_spec/one_thing/change.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.cases import changing, forms
from hub.cases.attachments import Problem, problem
from hub.cases.office import CaseOffice
from hub.cases.unit_fields import FIELDS
from hub.kernel.identity import ID_CARD, is_id_card, is_uscc
from hub.ports.case import Filing
from hub.ports.registry import Application, ApplicationResult, PersonsAnswer

_BUSINESS = ("1", "2")  # 变更登记, 迁移登记
_AFTER = "after."


class Change:
    """See EachKind."""

    name = "change"
    title = "企业信息变更"

    def problems(self, filing: Filing, today: date) -> list[Problem]:
        said, found = filing.fields, []
        if not is_uscc(filing.id_number):
            found.append(problem("bad_uscc"))
        if said.get("business") not in _BUSINESS:
            found.append(problem("bad_business"))
        if not forms.past(said.get("registered_on", ""), today):
            found.append(problem("bad_changedate"))
        wanted = [name for name in FIELDS if _AFTER + name in said]
        if not wanted:
            found.append(problem("no_change"))
        found += [problem("bad_field", FIELDS[name].title) for name in wanted
                  if not _fits(name, said)]  # fmt: skip
        return found

    def begin(self, tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing) -> None:
        changing.begin(tx, office, row)

    def same(self, made: Application, filing: Filing) -> bool:
        """A newer version is compared with the core anew, once the older one's is cancelled."""
        return False

    def persons(
        self, tx: Connection, office: CaseOffice, row: sa.Row[Any],
        papers: Sequence[tuple[str, str]], answer: PersonsAnswer,
    ) -> None:  # fmt: skip
        """Nobody is asked for."""

    def each(
        self, tx: Connection, office: CaseOffice, head: sa.Row[Any], row: sa.Row[Any],
        said: ApplicationResult,
    ) -> bool:  # fmt: skip
        changing.settled(tx, office, head, row, said)
        return True

    def goes_on(self, tx: Connection, office: CaseOffice, row: sa.Row[Any], filing: Filing) -> bool:
        return False

    def taken_back(self, tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> bool:
        changing.take_back(tx, office, row)
        return True


def _fits(name: str, said: Any) -> bool:
    value, field = said[_AFTER + name], FIELDS[name]
    if len(value) > field.most or (field.needed and not value):
        return False
    match name:
        case "uscc":
            return is_uscc(value)
        case "legal_id_type":
            return len(value) == 2 and value.isascii() and value.isdigit()
        case "legal_id_number" if said.get(_AFTER + "legal_id_type", ID_CARD) == ID_CARD:
            # Without its type it may be another document: only what looks like a card is one.
            looks = len(value) == 18 and value[:17].isdigit()
            return is_id_card(value) if looks else True
        case _:
            return True


KIND = Change()
