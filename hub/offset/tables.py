"""The offset's tables.  Amounts are 分, instants µs UTC, days integers YYYYMMDD.

No name, ID, account or telephone number stands here in clear: tokens to join on, sealed blobs
to open, masks to show.
"""

import sqlalchemy as sa

from hub.store import metadata
from hub.store.types import flag, identity, key_text, token

policy = sa.Table(
    "offset_policy",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("added_us", sa.BigInteger, nullable=False),
)

policy_choice = sa.Table(
    "offset_policy_choice",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("policy_id", sa.BigInteger, nullable=False),
    sa.Column("chosen_us", sa.BigInteger, nullable=False),
    sa.Column("asked_by", sa.String(64), nullable=False),
    sa.Column("agreed_by", sa.String(64), nullable=False),
    sa.Column("why", sa.String(200), nullable=False),
)
"""Which policy new runs are opened with, from when on, and which two people chose it."""

agreement = sa.Table(
    "agreement",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("number", key_text(32), nullable=False, unique=True),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("loan_contract", key_text(30), nullable=False),
    sa.Column("repay_token", token(), nullable=False, index=True),
    sa.Column("main_token", token(), nullable=False, index=True),
    sa.Column("spouse_token", token(), index=True),
    sa.Column("repay_tail", token(), nullable=False, index=True),
    sa.Column("repay_mask", sa.String(40), nullable=False),
    # A mask ends as its account does: people search by that end.
    sa.Column("main_mask", sa.String(40), nullable=False, index=True),
    sa.Column("spouse_mask", sa.String(40), nullable=False, index=True),
    sa.Column("signed_on", sa.Integer, nullable=False),
    sa.Column("ended_on", sa.Integer),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index("ix_agreement_bank_loan", "bank", "loan_contract", "id"),
)

agreement_change = sa.Table(
    "agreement_change",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("agreement_id", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("came_by", sa.String(32), nullable=False),
    sa.Column("from_state", sa.String(12), nullable=False),
    sa.Column("to_state", sa.String(12), nullable=False),
    sa.Column("why", sa.String(200), nullable=False),
    sa.Column("evidence", sa.String(200), nullable=False),
    sa.Column("first_period", sa.String(7), nullable=False),
    sa.Index("ix_agreement_change_of", "agreement_id"),
)

run = sa.Table(
    "offset_run",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("period", sa.String(7), nullable=False, unique=True),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("policy_id", sa.BigInteger, nullable=False),
    sa.Column("wave_wait_us", sa.BigInteger, nullable=False),
    sa.Column("opened_us", sa.BigInteger, nullable=False),
    sa.Column("closed_us", sa.BigInteger),
    sa.Column("data_digest", sa.String(64), nullable=False),
)

leg = sa.Table(
    "offset_leg",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("interface", sa.String(40), nullable=False),
    sa.Column("wave_id", sa.BigInteger),
    sa.Column("due_list_id", sa.BigInteger),
    sa.Column("waited_us", sa.BigInteger, nullable=False),
    sa.Column("trouble", sa.String(200), nullable=False),
    sa.Column("planned_fen", sa.BigInteger, nullable=False),
    sa.Column("balance_fen", sa.BigInteger),
    sa.Column("balance_us", sa.BigInteger),
    sa.Column("balance_asked", sa.Integer, nullable=False),
    sa.Column("balance_next_us", sa.BigInteger, nullable=False),
    sa.Column("payer_mask", sa.String(40), nullable=False),
    sa.Column("funded", flag(), nullable=False),
    sa.Column("core_round", sa.Integer, nullable=False),
    sa.Column("core_open", sa.Integer, nullable=False),
    sa.Column("core_seen_us", sa.BigInteger),
    # When the reading under way was ordered, and when an item last moved: what was ordered
    # before that shows older books.
    sa.Column("asked_us", sa.BigInteger),
    sa.Column("moved_us", sa.BigInteger),
    sa.Column("core_live_holds", sa.Integer, nullable=False),
    sa.Column("read_next_us", sa.BigInteger, nullable=False),
    sa.Column("reads", sa.Integer, nullable=False),
    sa.Column("matched_us", sa.BigInteger),
    sa.Column("closed_us", sa.BigInteger),
    sa.UniqueConstraint("run_id", "bank"),
)

due_list = sa.Table(
    "due_list",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("trouble", sa.String(200), nullable=False),
    sa.Column("begun_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger),
    sa.UniqueConstraint("run_id", "bank", "attempt"),
)

due_page = sa.Table(
    "due_page",
    metadata,
    sa.Column("due_list_id", sa.BigInteger, primary_key=True),
    sa.Column("page_no", sa.Integer, primary_key=True),
    sa.Column("records", sa.Integer, nullable=False),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

due_record = sa.Table(
    "due_record",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("due_list_id", sa.BigInteger, nullable=False),
    sa.Column("page_no", sa.Integer, nullable=False),
    sa.Column("row_no", sa.Integer, nullable=False),
    sa.Column("loan_contract", key_text(30), nullable=False),
    sa.Column("repay_token", token(), nullable=False),
    sa.Column("name_token", token(), nullable=False),
    sa.Column("id_token", token(), nullable=False),
    sa.Column("card_token", token(), nullable=False),
    sa.Column("due_on", sa.Integer, nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
    sa.Column("settled", flag(), nullable=False),
    sa.Column("overdue", flag(), nullable=False),
    sa.Column("flaw", sa.String(32), nullable=False),
    sa.Column("obstacle", sa.String(32), nullable=False),
    sa.Index("ix_due_record_list_loan", "due_list_id", "loan_contract", "id"),
)

wave = sa.Table(
    "offset_wave",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("last_asked", sa.BigInteger, nullable=False),
    sa.Column("asks_open", sa.Integer, nullable=False),
    sa.Column("opened_us", sa.BigInteger, nullable=False),
    sa.Column("planned_us", sa.BigInteger),
    sa.Column("approved_us", sa.BigInteger),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.UniqueConstraint("run_id", "number"),
)

account_seen = sa.Table(
    "account_seen",
    metadata,
    sa.Column("wave_id", sa.BigInteger, primary_key=True),
    sa.Column("account_token", token(), primary_key=True),
    sa.Column("state", sa.String(2), nullable=False),
    sa.Column("balance_fen", sa.BigInteger, nullable=False),
    sa.Column("frozen_fen", sa.BigInteger, nullable=False),
    sa.Column("held_fen", sa.BigInteger, nullable=False),
    sa.Column("name_token", token(), nullable=False),
    sa.Column("id_token", token(), nullable=False),
    sa.Column("is_card", flag(), nullable=False),
)

plan_line = sa.Table(
    "plan_line",
    metadata,
    sa.Column("wave_id", sa.BigInteger, primary_key=True),
    sa.Column("agreement_id", sa.BigInteger, primary_key=True),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("number", key_text(32), nullable=False),
    sa.Column("decision", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("notices", sa.String(120), nullable=False),
    sa.Column("due_record_id", sa.BigInteger),
    sa.Column("due_on", sa.Integer, nullable=False),
    sa.Column("due_fen", sa.BigInteger, nullable=False),
    sa.Column("signed_on", sa.Integer, nullable=False),
    sa.Column("main_free", sa.BigInteger, nullable=False),
    sa.Column("spouse_free", sa.BigInteger, nullable=False),
    sa.Index("ix_plan_line_order", "wave_id", "decision", "due_on", "signed_on", "number"),
)

due_class = sa.Table(
    "due_class",
    metadata,
    sa.Column("wave_id", sa.BigInteger, primary_key=True),
    sa.Column("bank", sa.String(8), primary_key=True),
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("records", sa.Integer, nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
)

item = sa.Table(
    "offset_item",
    metadata,
    sa.Column("number", key_text(20), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("wave_id", sa.BigInteger, nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("agreement_id", sa.BigInteger, nullable=False),
    sa.Column("try_no", sa.Integer, nullable=False),
    sa.Column("parent", sa.String(20)),
    sa.Column("live_key", key_text(60), unique=True),
    sa.Column("due_record_id", sa.BigInteger, nullable=False),
    sa.Column("main_token", token(), nullable=False),
    sa.Column("spouse_token", token()),
    sa.Column("due_fen", sa.BigInteger, nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
    sa.Column("main_fen", sa.BigInteger, nullable=False),
    sa.Column("spouse_fen", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("asked", sa.String(8), nullable=False),
    sa.Column("outcome", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("detail", sa.String(200), nullable=False),
    sa.Column("batch", sa.String(20)),
    sa.Column("row_no", sa.Integer),
    sa.Column("bank_serial", sa.String(64), nullable=False, index=True),
    sa.Column("disputed", flag(), nullable=False),
    sa.Column("was_held", flag(), nullable=False),
    sa.Column("was_instructed", flag(), nullable=False),
    sa.Column("was_withdrawn", flag(), nullable=False),
    sa.Column("was_posted", flag(), nullable=False),
    sa.Column("was_released", flag(), nullable=False),
    sa.Column("was_reversed", flag(), nullable=False),
    sa.Column("held_us", sa.BigInteger),
    sa.Column("instructed_us", sa.BigInteger),
    sa.Column("instructed_on", sa.Integer),
    sa.Column("result_us", sa.BigInteger),
    sa.Column("booked_us", sa.BigInteger),
    sa.Column("reconciled_us", sa.BigInteger),
    # The messages that told the core: hold; post or release; reverse.
    sa.Column("hold_msg", sa.BigInteger),
    sa.Column("book_msg", sa.BigInteger),
    sa.Column("back_msg", sa.BigInteger),
    # What waits is taken in the order of the due list: one batch opens few of its pages.
    sa.Index("ix_offset_item_todo", "run_id", "bank", "state", "asked", "due_record_id"),
    sa.Index("ix_offset_item_agreement", "agreement_id", "run_id"),
    sa.Index("ix_offset_item_batch", "batch", "row_no"),
)

batch = sa.Table(
    "offset_batch",
    metadata,
    sa.Column("number", key_text(20), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("message_id", sa.BigInteger, nullable=False),
    sa.Column("rows_count", sa.Integer, nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("asks", sa.Integer, nullable=False),
    sa.Column("asks_open", sa.Integer, nullable=False),
    sa.Column("next_ask_us", sa.BigInteger, nullable=False),
    sa.Column("unknown_us", sa.BigInteger),
    sa.Column("last_sent_on", sa.Integer),
    sa.Column("cut_us", sa.BigInteger, nullable=False),
)

result_seen = sa.Table(
    "result_seen",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("number", key_text(20), nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("fen", sa.BigInteger),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("code", sa.String(32), nullable=False),
    sa.Column("text", sa.String(120), nullable=False),
    sa.Column("bank_serial", sa.String(64), nullable=False),
    sa.Column("came_by", sa.String(12), nullable=False),
    sa.Column("digest", sa.String(32), nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("first_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("number", "digest"),
)

statement_day = sa.Table(
    "statement_day",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("closed", flag(), nullable=False),
    sa.Column("asked_us", sa.BigInteger, nullable=False),
    sa.Column("read_us", sa.BigInteger),
    sa.UniqueConstraint("run_id", "bank", "day"),
)

statement_entry = sa.Table(
    "statement_entry",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("serial", key_text(64), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("number", key_text(20), nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
    sa.Column("counter_token", token(), nullable=False),
    sa.Column("counter_mask", sa.String(40), nullable=False),
    # 1: came after its run had closed, so the closed totals do not count it.
    sa.Column("late", sa.SmallInteger),
    # 1: puts an amount right and is no payment of its own.
    sa.Column("part", sa.SmallInteger),
    # When two people said whose it is; ``number`` is theirs then, not the bank's.
    sa.Column("matched_us", sa.BigInteger),
    sa.UniqueConstraint("bank", "day", "serial"),
    sa.Index("ix_statement_entry_number", "number"),
    sa.Index("ix_statement_entry_run", "run_id", "bank", "kind"),
)

core_posting = sa.Table(
    "core_posting",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("serial", key_text(64), nullable=False, unique=True),
    sa.Column("number", key_text(20), nullable=False, index=True),
    sa.Column("account_token", token(), nullable=False),
    sa.Column("fen", sa.BigInteger, nullable=False),
    sa.Column("reversal", flag(), nullable=False),
    sa.Column("booked_on", sa.Integer, nullable=False),
)

difference = sa.Table(
    "difference",
    metadata,
    sa.Column("id", identity(), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("bank", sa.String(8), nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("number", key_text(64), nullable=False),
    sa.Column("hub_fen", sa.BigInteger, nullable=False),
    sa.Column("bank_fen", sa.BigInteger, nullable=False),
    sa.Column("core_fen", sa.BigInteger, nullable=False),
    sa.Column("detail", sa.String(200), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("opened_us", sa.BigInteger, nullable=False),
    sa.Column("settled_us", sa.BigInteger),
    sa.Column("settlement", sa.String(200), nullable=False),
    sa.Column("way", sa.String(8)),
    sa.Column("entry", key_text(64)),
    # What bank and core show of this number once the settlement is carried out.
    sa.Column("agreed_bank_fen", sa.BigInteger),
    sa.Column("agreed_core_fen", sa.BigInteger),
    sa.UniqueConstraint("run_id", "kind", "number"),
)
