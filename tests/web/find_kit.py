"""An item in the middle of its life, for the pages of the search."""

import sqlalchemy as sa

from hub.offset.notify.tables import told
from hub.offset.tables import agreement, due_list, item, plan_line, result_seen, run, wave
from tests.offset.kit import insert
from tests.web.duty_kit import SCRIPT, Duty

ITEM = "25100000000000000201"
BATCH = "25100000000000000077"


def fill(duty: Duty) -> None:
    """Rows as a month leaves them: one item that went out and was answered with a script, one
    agreement left out of the plan."""
    number = duty.batch(BATCH)
    duty.die(number, text=SCRIPT)
    now = duty.hub.office.now_us()
    with duty.hub.store.write() as tx:
        run_id = tx.scalar(sa.select(run.c.id))
        for n, who in ((9001, "B1"), (9002, "B2")):
            insert(tx, agreement, id=n, number=who, bank="ICBC", loan_contract=f"L{who}",
                   state="in_force", signed_on=20240101, main_mask="****0017", spouse_mask="",
                   repay_mask="****4213", main_token=f"m{n}", repay_token=f"r{n}",
                   repay_tail=duty.hub.vault.tokens.tail("account", "4213"))  # fmt: skip
        insert(tx, wave, id=1, run_id=run_id, number=1, state="approved", opened_us=now,
               planned_us=now, approved_us=now, digest="d" * 64)  # fmt: skip
        insert(tx, due_list, id=1, run_id=run_id, bank="ICBC", attempt=1, state="complete",
               ended_us=now, version=SCRIPT, begun_us=now)  # fmt: skip
        insert(tx, plan_line, wave_id=1, agreement_id=9002, bank="ICBC", number="B2",
               decision="skipped", reason="no_balance", due_fen=70_00)  # fmt: skip
        insert(tx, item, number=ITEM, run_id=run_id, wave_id=1, bank="ICBC", agreement_id=9001,
               state="unknown", outcome="UNKNOWN", fen=70_00, due_fen=80_00, batch=BATCH,
               row_no=2, was_held=1, held_us=now, was_instructed=1, instructed_us=now,
               live_key="x", try_no=1)  # fmt: skip
        insert(tx, result_seen, number=ITEM, status="unknown", code="9", text=SCRIPT,
               came_by="reply", digest="x", times=2, first_us=now)  # fmt: skip
        insert(tx, told, agreement_id=9002, period="2025-10", occasion="before", item="",
               template="before.no_balance", state="no_address", detail="no_phone",
               run_id=run_id, wave_id=1, bank="ICBC", found_us=now)  # fmt: skip
