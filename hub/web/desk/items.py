"""Items on the pages: the filtered list, and one item's whole life."""

import json
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.app.hub import Hub
from hub.audit.tables import audit_entry
from hub.bus.tables import attempt, call, message
from hub.kernel.periods import Period
from hub.kernel.secret import mask_account, mask_name
from hub.offset import runs
from hub.offset.export import newest_of_line
from hub.offset.inquiry import INQUIRY, RESULTS
from hub.offset.parts import counted
from hub.offset.repay import NoSuchItem
from hub.offset.tables import (
    agreement,
    batch,
    difference,
    due_page,
    due_record,
    item,
    plan_line,
    result_seen,
    run,
    wave,
)
from hub.offset.timely import latest_day
from hub.offset.words import Decision, ItemState
from hub.web import model
from hub.web.desk.board import difference_rows
from hub.web.desk.shift import Shift

_TAIL = re.compile(r"[0-9Xx]{4}")
_LONGEST_NUMBER = 40
_ANY = "0" * 12
"""Stands for the part of an account that a mask hides."""


_OUTCOME = sa.case(
    (plan_line.c.decision == Decision.PLANNED.value, sa.func.coalesce(item.c.outcome, "")),
    else_=sa.func.upper(plan_line.c.decision),
)
_REASON = sa.case(
    (plan_line.c.decision == Decision.PLANNED.value, item.c.reason), else_=plan_line.c.reason
)
_JOINED = (
    plan_line.join(wave, wave.c.id == plan_line.c.wave_id)
    .join(agreement, agreement.c.id == plan_line.c.agreement_id)
    .outerjoin(item, newest_of_line())
)


def list_items(
    hub: Hub, view: Connection, month: str, wanted: model.ItemFilter, page: int, size: int
) -> model.ItemPage:
    """One page of a run's agreements; raises NoSuchRun."""
    found = runs.find_run(view, Period.parse(month))
    conditions = _of_run(view, found.id)
    facets = list(_facets(view, conditions))
    conditions += list(_conditions(hub, wanted))
    count, fen = view.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(item.c.fen), 0))
        .select_from(_JOINED)
        .where(*conditions)
    ).one()
    pages = max((int(count) + size - 1) // size, 1)
    page = min(max(page, 1), pages)
    query = (
        sa.select(
            plan_line, _OUTCOME.label("outcome"), _REASON.label("the_reason"),
            item.c.number.label("item_number"), item.c.fen, item.c.due_fen.label("item_due"),
            item.c.state, item.c.result_us, item.c.booked_us, item.c.reconciled_us,
            agreement.c.main_mask, agreement.c.repay_mask, wave.c.opened_us,
        )
        .select_from(_JOINED)
        .where(*conditions)
        .order_by(plan_line.c.agreement_id)
        .limit(size)
        .offset((page - 1) * size)
    )  # fmt: skip
    rows = tuple(_row(each) for each in view.execute(query))
    return model.ItemPage(rows, model.Figure(int(count), int(fen)), page, pages, tuple(facets))


def run_facets(view: Connection, run_id: int) -> tuple[model.Facet, ...]:
    """How many of a run ended how."""
    return tuple(_facets(view, _of_run(view, run_id)))


def _of_run(view: Connection, run_id: int) -> list[Any]:
    """Each agreement that is decided, with its latest decision."""
    decided = plan_line.c.decision != Decision.CANDIDATE.value
    return [wave.c.run_id == run_id, decided, *counted(view, run_id)]


def _facets(view: Connection, conditions: list[Any]) -> Iterator[model.Facet]:
    query = (
        sa.select(
            _OUTCOME.label("ended"), _REASON.label("why"), sa.func.count(),
            sa.func.coalesce(sa.func.sum(item.c.fen), 0),
        )
        .select_from(_JOINED)
        .where(*conditions)
        .group_by("ended", "why")
        .order_by("ended", "why")
    )  # fmt: skip
    for outcome, reason, count, fen in view.execute(query):
        yield model.Facet(outcome or "", reason or "", model.Figure(int(count), int(fen)))


def _conditions(hub: Hub, wanted: model.ItemFilter) -> Iterator[Any]:
    if wanted.bank:
        yield plan_line.c.bank == wanted.bank
    if wanted.outcome:
        yield wanted.outcome == _OUTCOME
    if wanted.reason:
        yield wanted.reason == _REASON
    query = wanted.query.strip()
    if _TAIL.fullmatch(query):
        shown = mask_account(_ANY + query)
        yield sa.or_(
            agreement.c.repay_tail == hub.vault.tokens.tail("account", query),
            agreement.c.main_mask == shown,
            agreement.c.spouse_mask == shown,
        )
    elif query:
        whole = hub.vault.tokens.whole("account", query)
        yield sa.or_(
            plan_line.c.number == query,
            item.c.number == query,
            item.c.batch == query,
            agreement.c.loan_contract == query,
            agreement.c.repay_token == whole,
            agreement.c.main_token == whole,
            agreement.c.spouse_token == whole,
        )


def _row(each: sa.Row[Any]) -> model.ItemRow:
    moved = each.reconciled_us or each.booked_us or each.result_us or each.opened_us
    return model.ItemRow(
        number=each.item_number or each.number,
        agreement=each.number,
        bank=each.bank,
        payer=each.main_mask,
        account=each.repay_mask,
        due_date=_day(each.due_on),
        due_fen=each.item_due,
        amount_fen=each.fen or 0,
        outcome=each.outcome or "",
        reason=each.the_reason or "",
        state=each.state or "",
        changed_us=moved,
    )


def _day(number: int) -> str:
    return f"{number // 10000}-{number // 100 % 100:02d}-{number % 100:02d}" if number else ""


def item_life(hub: Hub, view: Connection, number: str) -> model.ItemLife:
    """One item by its number, or an agreement that was not planned; raises NoSuchItem."""
    query = (
        sa.select(
            plan_line, item, _OUTCOME.label("the_outcome"), _REASON.label("the_reason"),
            plan_line.c.number.label("agreement_no"), plan_line.c.bank.label("the_bank"),
            item.c.number.label("item_number"), agreement.c.loan_contract,
            agreement.c.main_mask, agreement.c.spouse_mask, agreement.c.repay_mask,
            wave.c.number.label("wave_no"), wave.c.planned_us, wave.c.opened_us, run.c.period,
            plan_line.c.due_record_id.label("the_due"), plan_line.c.due_on.label("the_day"),
            plan_line.c.notices,
        )
        .select_from(_JOINED.join(run, run.c.id == wave.c.run_id))
        .where(sa.or_(item.c.number == number, plan_line.c.number == number))
        .order_by(wave.c.id.desc())
        .limit(1)
    )  # fmt: skip
    found = view.execute(query).mappings().first()
    if found is None:
        raise NoSuchItem(f"there is no item {number[:_LONGEST_NUMBER]}")
    shift = Shift.now(hub, view)
    name, due_fen = _borrower(hub, view, found["the_due"], str(found["period"]))
    own = found["item_number"]
    return model.ItemLife(
        number=own or found["agreement_no"],
        month=found["period"],
        bank=found["the_bank"],
        bank_name=hub.office.seat(found["the_bank"]).name,
        agreement=found["agreement_no"],
        loan_contract=found["loan_contract"],
        borrower=name,
        repayment_account=found["repay_mask"],
        due_date=_day(found["the_day"]),
        due_fen=due_fen,
        amount_fen=found["fen"] or 0,
        outcome=found["the_outcome"] or "",
        reason=found["the_reason"] or "",
        state=found["state"] or "",
        instruction=own or "",
        batch=found["batch"] or "",
        bank_serial=found["bank_serial"] or "",
        detail=found["detail"] or "",
        notices=tuple(filter(None, found["notices"].split(","))),
        wave=found["wave_no"],
        attempt=found["try_no"] or 1,
        previous=found["parent"] or "",
        payers=tuple(_payers(found)),
        transitions=tuple(_transitions(view, found)),
        messages=tuple(_messages(view, found, shift)) if own else (),
        differences=tuple(difference_rows(view, difference.c.number == own)) if own else (),
        audit=tuple(_audit(view, found, shift)) if own else (),
        latest_arrival=_day(latest_day(view, found["the_day"])),
    )


def _borrower(
    hub: Hub, view: Connection, record_id: int | None, _month: str
) -> tuple[str, int | None]:
    """The borrower's name, masked, and the instalment, from the sealed page of the due list."""
    if record_id is None:
        return "", None
    found = view.execute(
        sa.select(due_record.c.row_no, due_record.c.fen, due_page.c.key_id, due_page.c.sealed)
        .join(
            due_page,
            sa.and_(
                due_page.c.due_list_id == due_record.c.due_list_id,
                due_page.c.page_no == due_record.c.page_no,
            ),
        )
        .where(due_record.c.id == record_id)
    ).one()
    rows = json.loads(hub.vault.open(view, found.key_id, found.sealed))
    return mask_name(rows[found.row_no][2]), int(found.fen)


def _payers(found: Any) -> Iterator[model.PayerLine]:
    yield model.PayerLine("main", "", found["main_mask"], found["main_fen"] or 0)
    if found["spouse_mask"]:
        yield model.PayerLine("spouse", "", found["spouse_mask"], found["spouse_fen"] or 0)


def _transitions(view: Connection, found: Any) -> Iterator[model.Transition]:
    planned = found["planned_us"] or found["opened_us"]
    if not found["item_number"]:
        yield model.Transition(str(found["decision"]), planned, str(found["the_reason"] or ""))
        return
    yield model.Transition(ItemState.PLANNED.value, planned)
    if found["held_us"]:
        yield model.Transition(ItemState.HELD.value, found["held_us"], by="core")
    if found["instructed_us"]:
        why = f"批次 {found['batch']} 第 {(found['row_no'] or 0) + 1} 行"
        yield model.Transition(ItemState.INSTRUCTED.value, found["instructed_us"], why)
    said = sa.select(result_seen).where(result_seen.c.number == found["item_number"])
    for each in view.execute(said.order_by(result_seen.c.id)):
        times = f" ×{each.times}" if each.times > 1 else ""
        came_by = _CAME_BY.get(each.came_by, each.came_by)
        why = f"{came_by}：{each.code} {each.text}".rstrip(" ：") + times
        yield model.Transition(_STATE_OF.get(each.status, "unknown"), each.first_us, why, "bank")
    if found["booked_us"]:
        state = (
            ItemState.REVERSED if found["was_reversed"]
            else ItemState.POSTED if found["was_posted"] else ItemState.RELEASED
        )  # fmt: skip
        yield model.Transition(state.value, found["booked_us"], by="core")
    if found["reconciled_us"]:
        yield model.Transition(ItemState.RECONCILED.value, found["reconciled_us"])


_CAME_BY = {
    "reply": "当场应答",
    "results": "批次结果",
    "inquiry": "查证",
    "statement": "对账单",
    "file": "结果文件",
    "callback": "银行通知",
}
_STATE_OF = {
    "done": ItemState.SUCCEEDED.value,
    "refused": ItemState.FAILED.value,
    "processing": ItemState.INSTRUCTED.value,
}


def _messages(view: Connection, found: Any, shift: Shift) -> Iterator[model.MessageLife]:
    """The messages about this item's batch: the order to pay, and what was asked about it."""
    number = found["batch"]
    if not number:
        return
    query = (
        sa.select(message.c.id, message.c.interface)
        .join(batch, batch.c.message_id == message.c.id)
        .where(batch.c.number == number)
    )
    order = view.execute(query).first()
    if order is None:
        return
    # By the unique key: along the run's group lie all of its messages.
    asked = sa.select(message.c.id).where(
        message.c.interface == order.interface, message.c.kind.in_([RESULTS, INQUIRY]),
        message.c.msg_key >= f"{number}:", message.c.msg_key < f"{number};",
    )  # fmt: skip
    about = [int(order.id), *view.scalars(asked)]
    query = sa.select(message).where(message.c.id.in_(sorted(about)[:20]))
    for each in view.execute(query.order_by(message.c.id)):
        yield model.MessageLife(
            number=str(each.id), kind=each.kind, interface=each.interface, state=each.state,
            rung=each.rung, queued_us=shift(each.created_us), contract=each.contract_version,
            batch=number, attempts=tuple(_attempts(view, each.id, shift)),
        )  # fmt: skip


def _attempts(view: Connection, message_id: int, shift: Shift) -> Iterator[model.AttemptLife]:
    query = sa.select(attempt).where(attempt.c.message_id == message_id)
    for each in view.execute(query.order_by(attempt.c.try_no)):
        calls = tuple(_calls(view, message_id, each.try_no, shift))
        yield model.AttemptLife(
            number=each.try_no, verdict=each.verdict, claimed_us=shift(each.started_us),
            sent_us=calls[0].sent_us if calls else None,
            answered_us=calls[-1].answered_us if calls else None,
            recorded_us=shift.maybe(each.ended_us), code=each.error_code, text=each.error_text,
            worker=each.holder, resend_of=each.parent_no, calls=calls,
        )  # fmt: skip


def _calls(
    view: Connection, message_id: int, try_no: int, shift: Shift
) -> Iterator[model.CallLife]:
    query = sa.select(
        call.c.step, call.c.effect, call.c.status, call.c.outcome, call.c.started_us,
        call.c.ended_us, call.c.error, sa.func.length(call.c.request).label("out_n"),
        sa.func.length(call.c.reply).label("in_n"),
    ).where(call.c.message_id == message_id, call.c.try_no == try_no)  # fmt: skip
    for each in view.execute(query.order_by(call.c.call_no)):
        status = f"{each.outcome} {each.status or ''}".strip()
        yield model.CallLife(
            step=each.step, effect=bool(each.effect), status=status,
            sent_us=shift(each.started_us), answered_us=shift(each.ended_us),
            bytes_out=each.out_n or 0, bytes_in=each.in_n or 0, note=each.error,
        )  # fmt: skip


def _plain(detail: str) -> str:
    """An entry's JSON as words."""
    found = json.loads(detail or "{}")
    return " · ".join(str(v) if k == "text" else f"{k} {v}" for k, v in found.items())


def _audit(view: Connection, found: Any, shift: Shift) -> Iterator[model.AuditLine]:
    subjects = [found["item_number"], found["batch"] or ""]
    query = (
        sa.select(audit_entry)
        .where(audit_entry.c.subject.in_([subject for subject in subjects if subject]))
        .order_by(audit_entry.c.id)
        .limit(50)
    )
    for each in view.execute(query):
        yield model.AuditLine(
            number=each.seq or each.id, at_us=shift(each.instant_us), actor=each.actor,
            act=each.act, text=_plain(each.detail), digest=each.chain or "",
            sealed=each.seq is not None,
        )  # fmt: skip
