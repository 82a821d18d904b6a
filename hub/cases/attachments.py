"""Attachments of a case's version: stored sealed, looked at, fetched where they did not come."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Bus, Delivery, Effect, Message, NewMessage
from hub.cases import files
from hub.cases.errors import NoSuchAttachment
from hub.cases.office import CaseOffice
from hub.cases.tables import VAULT_KIND, attachment, case
from hub.cases.words import PROBLEM_ZH
from hub.kernel.typed import read_json
from hub.ports.case import CaseFile, CasePort, CaseTerms
from hub.ports.line import PartnerRefused

FETCH = "case.fetch"
AWAITED = "awaited"


class Label(msgspec.Struct, frozen=True):
    """A file's name, and its number in the document store."""

    name: str
    link: str


class FetchLetter(msgspec.Struct, frozen=True):
    """Which attachment is to be fetched."""

    case_id: int
    version: int
    place: int
    link: str


class Problem(msgspec.Struct, frozen=True):
    """What is missing or wrong: a code of ``words.PROBLEM_ZH``, and Chinese for people."""

    code: str
    text: str


def problem(code: str, about: str = "") -> Problem:
    """``about`` says where, without personal data."""
    said = PROBLEM_ZH[code]
    return Problem(code, f"{about}：{said}"[:160] if about else said)


def store(tx: Connection, office: CaseOffice, row: sa.Row[Any], sent: Sequence[CaseFile]) -> None:
    """Every file of a version, looked at; those in the document store are asked for.

    Inside the transaction that takes the version in.
    """
    terms, place = office.seat(row.interface).terms, 0
    for one in sent[: terms.files.most]:
        place = _store_one(tx, office, row, terms, one, place + 1)
    if len(sent) > terms.files.most:
        _insert(tx, office, row, place + 1, "too_many", CaseFile("", ""))


def _store_one(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], terms: CaseTerms, one: CaseFile,
    place: int,
) -> int:  # fmt: skip
    """Answers the last place taken."""
    if one.link:
        _insert(tx, office, row, place, AWAITED, one)
        _ask(tx, office, row, place, one.link)
        return place
    if one.flaw:
        _insert(tx, office, row, place, one.flaw, one)
        return place
    looked = files.look(terms.files, one.name, one.content)
    _insert(tx, office, row, place, _word(terms, one.material, looked), one, looked)
    return _store_parts(tx, office, row, terms, one.material, looked, place)


def _store_parts(
    tx: Connection, office: CaseOffice, row: sa.Row[Any], terms: CaseTerms, material: str,
    looked: files.Looked, place: int,
) -> int:  # fmt: skip
    last = place
    for part in looked.parts:
        last += 1
        marked = part.material if part.material in terms.materials else material
        made = CaseFile(part.name, marked, part.content)
        word = _word(terms, marked, part.looked)
        _insert(tx, office, row, last, word, made, part.looked, inside=place)
    return last


def _word(terms: CaseTerms, material: str, looked: files.Looked) -> str:
    if looked.word == files.OK and looked.media != files.ZIP and material not in terms.materials:
        return "no_material"
    return looked.word


def _insert(
    tx: Connection, office: CaseOffice, row: Any, place: int, word: str, one: CaseFile,
    looked: files.Looked | None = None, inside: int = 0,
) -> None:  # fmt: skip
    label = msgspec.json.encode(Label(one.name, one.link))
    named = office.vault.seal(tx, VAULT_KIND, row.month, label)
    values: dict[str, Any] = {
        "case_id": row.id, "version": row.version, "place": place, "inside": inside,
        "material": one.material[:2], "word": word, "media": "", "size": 0, "digest": "",
        "label_key": named.key_id, "label": named.blob,
    }  # fmt: skip
    if looked is not None:
        values |= _content(tx, office, row.month, one.content, looked)
    tx.execute(sa.insert(attachment).values(**values))


def _content(
    tx: Connection, office: CaseOffice, month: str, content: bytes, looked: files.Looked
) -> dict[str, Any]:
    sealed = office.vault.seal(tx, VAULT_KIND, month, content)
    return {
        "media": looked.media, "size": looked.size, "digest": looked.digest,
        "key_id": sealed.key_id, "sealed": sealed.blob,
    }  # fmt: skip


def _ask(tx: Connection, office: CaseOffice, row: sa.Row[Any], place: int, link: str) -> None:
    letter = FetchLetter(row.id, row.version, place, link)
    made = NewMessage(
        interface=row.interface, kind=FETCH, key=f"{row.id}:{row.version}:{place}",
        payload=msgspec.json.encode(letter), effect=Effect.READ, group=f"case:{row.id}",
        subject=f"办件 {row.number} 第 {place} 份电子材料", month=office.month,
        contract_version=office.seat(row.interface).contract_version, items=1, endless=True,
    )  # fmt: skip
    office.bus.put(tx, [made])


class FetchHandler:
    """Brings one attachment out of the document store."""

    def __init__(self, office: CaseOffice, arrived: Any) -> None:
        """``arrived(tx, case_id, version)`` is told when one has come, or will never come."""
        self._office, self._arrived = office, arrived

    def send(self, delivery: Delivery) -> tuple[FetchLetter, bytes]:
        letter = read_json(delivery.payload, FetchLetter)
        port: CasePort = delivery.port
        return letter, port.fetch(delivery.line, letter.link)

    def apply(self, tx: Connection, message: Message, result: tuple[FetchLetter, bytes]) -> None:
        letter, content = result
        # The case first: another attachment of it may arrive at this very moment.
        tx.execute(sa.select(case.c.id).where(case.c.id == letter.case_id).with_for_update())
        row = _row(tx, letter)
        if row is None or row.word != AWAITED:
            return
        office = self._office
        terms = office.seat(message.interface).terms
        label = _label(tx, office, row)
        looked = files.look(terms.files, label.name, content)
        word = _word(terms, row.material, looked)
        values = _content(tx, office, office.month, content, looked)
        _update(tx, row.id, word=word, **values)
        head = _Head(row.case_id, row.version, office.month)
        last = tx.scalar(
            sa.select(sa.func.max(attachment.c.place)).where(
                attachment.c.case_id == row.case_id, attachment.c.version == row.version
            )
        )
        for place, part in enumerate(looked.parts, int(last or 0) + 1):
            marked = part.material if part.material in terms.materials else row.material
            made = CaseFile(part.name, marked, part.content)
            _insert(tx, office, head, place, _word(terms, marked, part.looked), made,
                    part.looked, inside=row.place)  # fmt: skip
        self._arrived(tx, row.case_id, row.version)

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        letter = read_json(self._bus.payload(tx, message.id), FetchLetter)
        row = _row(tx, letter)
        if row is None or row.word != AWAITED:
            return
        _update(tx, row.id, word="not_in_store")
        self._arrived(tx, row.case_id, row.version)

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: only money messages end unknown."""

    def died(self, tx: Connection, message: Message) -> None:
        """Cannot be: it has no ceiling."""

    @property
    def _bus(self) -> Bus:
        return self._office.bus


class _Head(msgspec.Struct):
    """As much of a case's row as storing a part needs."""

    id: int
    version: int
    month: str


def _row(tx: Connection, letter: FetchLetter) -> sa.Row[Any] | None:
    return tx.execute(
        sa.select(attachment).where(
            attachment.c.case_id == letter.case_id,
            attachment.c.version == letter.version,
            attachment.c.place == letter.place,
        )
    ).one_or_none()


def _update(tx: Connection, number: int, **values: Any) -> None:
    tx.execute(sa.update(attachment).where(attachment.c.id == number).values(**values))


def _label(tx: Connection, office: CaseOffice, row: sa.Row[Any]) -> Label:
    return read_json(office.vault.open(tx, row.label_key, row.label), Label)


def awaited(tx: Connection, case_id: int, version: int) -> int:
    """How many attachments are still to come from the document store."""
    query = sa.select(sa.func.count()).where(
        attachment.c.case_id == case_id, attachment.c.version == version,
        attachment.c.word == AWAITED,
    )  # fmt: skip
    return int(tx.scalar(query) or 0)


def problems(tx: Connection, terms: CaseTerms, case_id: int, version: int) -> list[Problem]:
    """What is wrong with a version's attachments, and which are missing."""
    rows = tx.execute(
        sa.select(attachment.c.place, attachment.c.material, attachment.c.media, attachment.c.word)
        .where(attachment.c.case_id == case_id, attachment.c.version == version)
        .order_by(attachment.c.place)
    ).all()
    found = [
        problem(row.word, f"第 {row.place} 份材料（{_what(terms, row.material)}）")
        for row in rows
        if row.word not in (files.OK, AWAITED)
    ]
    there = {row.material for row in rows if row.word == files.OK and row.media != files.ZIP}
    found += [
        problem("missing_material", one.what)
        for one in terms.materials.values()
        if one.required and one.code not in there
    ]
    return found


def _what(terms: CaseTerms, material: str) -> str:
    known = terms.materials.get(material)
    return known.what if known else "材料代码不明"


def open_file(
    tx: Connection, office: CaseOffice, attachment_id: int, actor: str
) -> tuple[str, bytes]:
    """An attachment's name and bytes, for somebody who may see them; the look is in the audit.

    Raises NoSuchAttachment.
    """
    row = tx.execute(sa.select(attachment).where(attachment.c.id == attachment_id)).one_or_none()
    if row is None or row.sealed is None:
        raise NoSuchAttachment(f"there is no attachment {attachment_id} with content")
    audit.record(tx, act="case.attachment_seen", actor=actor, subject=f"case:{row.case_id}",
                 detail={"place": row.place, "sm3": row.digest})  # fmt: skip
    return _label(tx, office, row).name, office.vault.open(tx, row.key_id, row.sealed)
