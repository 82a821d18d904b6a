"""The stages of a story up to the order to pay: due list, plan, approval, hold, instruction."""

from collections.abc import Iterator

import sqlalchemy as sa

from hub.bus.preview import Line
from hub.bus.tables import message
from hub.offset import dues
from hub.offset.story import Life, Stage, Tone, due_list_of
from hub.offset.tables import batch
from hub.offset.words import Decision, ItemState, Reason, WaveState
from hub.people.tables import approval

_READINGS = 5


def day(number: int | None) -> str:
    """20251009 → 2025-10-09; empty for none."""
    return f"{number // 10000}-{number // 100 % 100:02d}-{number % 100:02d}" if number else ""


def listed(life: Life) -> Iterator[Stage]:
    """What the bank said is due."""
    row, known = life.row, due_list_of(life)
    if known is None:
        if life.planned:
            return
        yield Stage(name="due", lines=(Line("due_not_read"),), tone=Tone.OPEN)
        return
    head = Line("due_read", {"count": known.records, "version": known.version or "—"})
    subject = f"{row['period']} {row['bank']}"
    if row["its_list"] is None:
        missing = row["reason"] in (Reason.NO_DUE_RECORD.value, Reason.DUPLICATE_DUE_RECORD.value)
        lines = (head, Line(f"due_{row['reason']}")) if missing else (head,)
        tone = Tone.WARN if missing else Tone.DONE
        yield Stage(name="due", lines=lines, at_us=known.ended_us, tone=tone, subjects=(subject,))
        return
    said = [Line("due_is", {"fen": row["record_fen"], "day": day(row["due_on"]) or "—"})]
    said += [Line(f"due_{word}") for word in ("overdue", "settled") if row[word]]
    key = f"{row['period']}:{row['its_list']}:{row['page_no']}"
    yield Stage(
        name="due", lines=(head, *said), at_us=known.ended_us, subjects=(subject,),
        messages=_by_key(life, dues.KIND, key),
    )  # fmt: skip


def _by_key(life: Life, kind: str, key: str) -> tuple[int, ...]:
    """The bank's message of this key, if there is one."""
    found = life.view.scalar(
        sa.select(message.c.id).where(
            message.c.interface == life.interface, message.c.kind == kind,
            message.c.msg_key == key,
        )
    )  # fmt: skip
    return () if found is None else (int(found),)


def by_prefix(life: Life, interface: str, kinds: tuple[str, ...], prefix: str, most: int = _READINGS
) -> tuple[int, ...]:  # fmt: skip
    """The newest messages of these kinds whose key begins with ``prefix`` and a colon or tilde."""
    # Between the colon and what follows it lie the keys that begin so, and an index finds them.
    begins = sa.or_(
        sa.and_(message.c.msg_key >= f"{prefix}:", message.c.msg_key < f"{prefix};"),
        sa.and_(message.c.msg_key >= f"{prefix}~", message.c.msg_key < f"{prefix}\x7f"),
    )
    query = (
        sa.select(message.c.id)
        .where(message.c.interface == interface, message.c.kind.in_(kinds), begins)
        .order_by(message.c.id.desc())
        .limit(most)
    )
    return tuple(sorted(int(number) for number in life.view.scalars(query)))


def planned(life: Life) -> Iterator[Stage]:
    """What the plan decided."""
    row = life.row
    subject, at = f"{row['period']} wave {row['the_wave']}", row["planned_us"] or row["opened_us"]
    if row["parent"]:
        again = Line("plan_again", {"number": row["parent"], "fen": row["fen"]})
        yield Stage(name="plan", lines=(again,), subjects=(str(row["number"]),))
        return
    if not life.planned:
        left_out = row["decision"] == Decision.SKIPPED.value
        said = Line("left_out" if left_out else "set_aside", {"why_code": row["reason"]})
        yield Stage(
            name="plan", lines=(said,), at_us=at, tone=Tone.WARN, subjects=(subject,)
        )  # fmt: skip
        return
    lines = [Line("plan_fen", {"fen": row["fen"], "due_fen": row["due_fen"]})]
    if row["spouse_fen"]:
        parts = {"main": row["main_mask"], "main_fen": row["main_fen"],
                 "spouse": row["spouse_mask"], "spouse_fen": row["spouse_fen"]}  # fmt: skip
        lines.append(Line("plan_both", parts))
    else:
        lines.append(Line("plan_main", {"main": row["main_mask"]}))
    if row["fen"] < row["due_fen"]:
        lines.append(Line("plan_partial", {"fen": row["due_fen"] - row["fen"]}))
    yield Stage(name="plan", lines=tuple(lines), at_us=at, subjects=(subject,))


def approved(life: Life) -> Iterator[Stage]:
    """Two people, or who is waited for."""
    row = life.row
    if not life.planned or row["parent"]:
        return
    subject = f"{row['period']} 轮次{row['wave_no']}"
    asked = life.view.execute(
        sa.select(approval)
        .where(approval.c.act == "plan.approve", approval.c.subject == subject)
        .order_by(approval.c.id.desc())
        .limit(1)
    ).first()
    signed = row["approved_us"] is not None
    if signed:
        who = {"asked": asked.requested_by, "confirmed": asked.ended_by} if asked else None
        said = Line("approved_by", who) if who else Line("approved")
    elif row["wave_state"] == WaveState.SUBMITTED.value and asked is not None:
        said = Line("submitted", {"asked": asked.requested_by})
    else:
        said = Line("declined" if row["wave_state"] == WaveState.DECLINED.value else "not_approved")
    digest = Line("plan_digest", {"digest": row["digest"]}) if row["digest"] else None
    yield Stage(
        name="approve", lines=tuple(filter(None, (said, digest))), at_us=row["approved_us"],
        tone=Tone.DONE if signed else Tone.OPEN, subjects=(subject,),
    )  # fmt: skip


def held(life: Life) -> Iterator[Stage]:
    """The money set aside at the core, or why not."""
    row = life.row
    if not life.planned or row["approved_us"] is None:
        return
    sent = core_messages(life, row["hold_msg"])
    if row["was_held"]:
        said, tone = Line("held", {"fen": row["fen"]}), Tone.DONE
    elif row["reason"] == Reason.HOLD_REFUSED.value:
        said, tone = Line("hold_refused", {"detail": row["detail"] or "—"}), Tone.BAD
    elif row["state"] == ItemState.PLANNED.value:
        said, tone = Line("hold_asked" if row["asked"] else "hold_waits"), Tone.OPEN
    else:
        return
    yield Stage(name="hold", lines=(said,), at_us=row["held_us"], tone=tone, messages=sent,
                subjects=keys_of(life, sent))  # fmt: skip


def core_messages(life: Life, number: int | None) -> tuple[int, ...]:
    """A command to the core and what was sent again of it because it was left open."""
    if not number:
        return ()
    found = life.view.execute(
        sa.select(message.c.kind, message.c.msg_key).where(message.c.id == number)
    ).first()
    if found is None:
        return ()
    again = by_prefix(life, life.office.core_interface, (found.kind,), found.msg_key)
    return tuple(sorted({int(number), *again}))


def keys_of(life: Life, numbers: tuple[int, ...]) -> tuple[str, ...]:
    """Under these the audit tells of a bulk command."""
    if not numbers:
        return ()
    query = sa.select(message.c.msg_key).where(message.c.id.in_(numbers))
    return tuple(life.view.scalars(query))


def instructed(life: Life) -> Iterator[Stage]:
    """The order to the bank."""
    row = life.row
    if not row["batch"]:
        if life.planned and row["was_withdrawn"]:
            said = Line("withdrawn", {"detail": row["detail"] or "—"})
            yield Stage(name="instruct", lines=(said,), at_us=row["result_us"], tone=Tone.BAD)
        elif life.planned and row["state"] == ItemState.HELD.value:
            yield Stage(name="instruct", lines=(Line("instruct_waits"),), tone=Tone.OPEN)
        return
    found = life.view.execute(sa.select(batch).where(batch.c.number == row["batch"])).first()
    number = () if found is None else (int(found.message_id),)
    where: dict[str, str | int] = {
        "batch": row["batch"], "row": (row["row_no"] or 0) + 1,
        "count": 0 if found is None else found.rows_count, "number": row["number"],
    }  # fmt: skip
    lines: tuple[Line, ...]
    if row["was_withdrawn"]:
        lines, tone = (Line("cut", where), Line("withdrawn", {"detail": row["detail"]})), Tone.BAD
    elif row["was_instructed"]:
        lines, tone = (Line("sent_out", where),), Tone.DONE
    else:
        lines, tone = (Line("cut", where),), Tone.OPEN
    at = row["instructed_us"] or (None if found is None else found.cut_us)
    yield Stage(name="instruct", lines=lines, at_us=at, tone=tone, messages=number,
                subjects=(row["batch"],))  # fmt: skip
