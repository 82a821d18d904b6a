"""Which messages of an interface a time of trouble touched, and how they stand now."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.bus.channels import Pile
from hub.bus.tables import attempt, message
from hub.bus.words import Effect, MessageState, Verdict
from hub.kernel.logs import mask_text


@dataclass(frozen=True, slots=True)
class Touched:
    """One message as a report shows it; ``subject`` is masked, ``tries`` those of the time."""

    id: int
    kind: str
    subject: str
    effect: str
    state: str
    items: int
    fen: int
    tries: int


@dataclass(frozen=True, slots=True)
class Affected:
    """``by_state``: every touched message by how it stands now; ``money``: those of them that
    move money, by the same; ``verdicts``: attempts begun in the time, by verdict (empty: still in
    flight); ``shown``: the first of them in order, ``left_out`` how many more there are."""

    by_state: Mapping[str, Pile]
    money: Mapping[str, Pile]
    verdicts: Mapping[str, int]
    shown: tuple[Touched, ...]
    left_out: int

    @property
    def count(self) -> int:
        """How many messages."""
        return sum(pile.count for pile in self.by_state.values())

    @property
    def money_whole(self) -> Pile:
        """What of money was touched."""
        return sum(self.money.values(), Pile())


def read_affected(
    tx: Connection, interface: str, from_us: int, until_us: int, most: int = 50
) -> Affected:
    """Messages that an attempt of the time did not bring through, and those that were due in it
    and not ended: what went out and was answered at once is untouched.

    [``from_us``, ``until_us``] in µs of the database's clock.
    """
    m, a = message.c, attempt.c
    within = sa.and_(a.started_us >= from_us, a.started_us <= until_us)
    failed = (
        sa.select(sa.literal(1))
        .where(a.message_id == m.id, within, a.verdict != Verdict.DELIVERED.value)
        .exists()
    )
    waited = sa.and_(
        m.queued_us <= until_us,
        sa.or_(m.ended_us.is_(None), m.ended_us > until_us,
               sa.and_(m.state == MessageState.UNKNOWN.value, m.ended_us >= from_us)),
    )  # fmt: skip
    touched = sa.and_(m.interface == interface, m.created_us <= until_us, sa.or_(failed, waited))
    by_state, money = _piles(tx, touched)
    tries = (
        sa.select(sa.func.count()).where(a.message_id == m.id, within)
        .correlate(message).scalar_subquery().label("tries_then")
    )  # fmt: skip
    columns = (m.id, m.kind, m.subject, m.effect, m.state, m["items"], m.fen, tries)
    rows = tx.execute(sa.select(*columns).where(touched).order_by(m.id).limit(most)).all()
    shown = tuple(
        Touched(one.id, one.kind, mask_text(one.subject), one.effect, one.state,
                int(one[5]), int(one.fen), int(one.tries_then))
        for one in rows
    )  # fmt: skip
    verdicts = tx.execute(
        sa.select(a.verdict, sa.func.count())
        .join_from(attempt, message, m.id == a.message_id)
        .where(m.interface == interface, within)
        .group_by(a.verdict)
    )
    return Affected(
        by_state, money, {str(word): int(count) for word, count in verdicts}, shown,
        sum(pile.count for pile in by_state.values()) - len(shown),
    )  # fmt: skip


def _piles(
    tx: Connection, touched: sa.ColumnElement[bool]
) -> tuple[dict[str, Pile], dict[str, Pile]]:
    m = message.c
    query = (
        sa.select(
            m.state, m.effect, sa.func.count(), sa.func.sum(m["items"]), sa.func.sum(m.fen)
        )
        .where(touched)
        .group_by(m.state, m.effect)
    )  # fmt: skip
    whole: dict[str, Pile] = {}
    money: dict[str, Pile] = {}
    for state, effect, count, items, fen in tx.execute(query):
        pile = Pile(int(count), int(items or 0), int(fen or 0))
        whole[state] = whole.get(state, Pile()) + pile
        if effect == Effect.MONEY.value:
            money[state] = pile
    return whole, money
