"""The desk behind the pages of the differences."""

import sqlalchemy as sa

from hub.app import settlements
from hub.app.differing import Difference, read_difference
from hub.app.hub import Hub
from hub.kernel.errors import HubError, NotFound
from hub.kernel.secret import Secret
from hub.offset.adjustments import read_adjustments
from hub.offset.claims import proposals
from hub.offset.settling import Way
from hub.offset.tables import difference, run
from hub.web import model
from hub.web.desk.board import difference_rows
from hub.web.desk.shift import Shift
from hub.web.model.differences import Differences, Preview, Wish

_MOST = 200
_LONGEST = 18


class StoreDifferences:
    """:class:`hub.web.model.differences.DifferenceDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def now_us(self) -> int:
        return self._hub.office.now_us()

    def differences(self) -> Differences:
        with self._hub.store.read() as view:
            is_open = difference.c.state == "open"
            runs = view.execute(sa.select(run.c.id, run.c.period).order_by(run.c.period)).all()
            return Differences(
                open=tuple(difference_rows(view, is_open, _MOST)),
                settled=tuple(difference_rows(view, ~is_open, _MOST)),
                proposals=tuple(one for each in runs for one in proposals(view, int(each.id))),
                adjustments=tuple(
                    (str(each.period), one)
                    for each in runs
                    for one in read_adjustments(view, int(each.id))
                ),
            )

    def difference(self, number: str) -> tuple[Difference, tuple[model.Pending, ...]]:
        found = read_difference(self._hub, _number(number))
        with self._hub.store.read() as view:
            shift = Shift.now(self._hub, view)
            asked = tuple(
                model.Pending(
                    approval=str(each.id), kind=each.act, subject=each.subject,
                    reason=each.reason, requested_by=each.requested_by,
                    requested_us=shift(each.requested_us),
                )
                for each in self._hub.approvals.open_requests(view)
                if each.act == settlements.SETTLE and each.payload["difference"] == found.number
            )  # fmt: skip
        return found, asked

    def preview(self, number: str, wish: Wish) -> Preview:
        try:
            seen = settlements.preview(
                self._hub, _number(number), _way(wish), wish.entry, wish.item
            )
        except HubError as error:
            return Preview("", error.code, error.message, error.hint)
        return Preview(seen.end)

    def take(self, token: Secret, number: str, why: str) -> str:
        return settlements.take(self._hub, token, _number(number), why)

    def settle(self, token: Secret, number: str, wish: Wish, how: str) -> str:
        asked = settlements.ask_settle(
            self._hub, token, _number(number), how, way=_way(wish), entry=wish.entry,
            item=wish.item,
        )  # fmt: skip
        return f"已申请处理差异 {number}，审批号 {asked}；请另一人确认"

    def claim(self, token: Secret, entry: str, item: str, why: str) -> str:
        asked = settlements.ask_claim(self._hub, token, _number(entry), item, why)
        return f"已申请认定退回 {entry}，审批号 {asked}；请另一人确认"

    def repay(self, token: Secret, item: str, why: str) -> str:
        asked, order = settlements.ask_repay(self._hub, token, item, why)
        return f"已申请重付，新明细 {order.number}，审批号 {asked}；请另一人审批"


def _way(wish: Wish) -> Way:
    return Way.ADOPTED if wish.way == Way.ADOPTED else Way.TIED


def _number(text: str) -> int:
    """Raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST):
        raise NotFound(f"there is no number {text[:_LONGEST]!r}")
    return int(text)
