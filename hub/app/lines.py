"""Over to another address: what the act would do, and doing it.  The subject is ``bank-icbc@1``."""

from sqlalchemy.engine import Connection

from hub.app.act_kinds import ActKind
from hub.app.hub import Hub
from hub.bus import MessageState
from hub.bus.channels import CLAIMABLE_STATES, read_channel
from hub.bus.places import place_of
from hub.bus.preview import Line, Preview
from hub.kernel.errors import NotFound

_WORDS = {"primary": 0, "standby": 1}


class NoSuchLine(NotFound):
    """There is no such interface, or it has no such address."""

    code = "line.no_such_address"
    hint = "`hub line list` shows every interface's addresses; a second one is put in hub.toml."


def subject_of(interface: str, to: str) -> str:
    """``primary``, ``standby`` or a number as the act's subject.  Raises NoSuchLine."""
    place = _WORDS.get(to)
    if place is None:
        if not (to.isascii() and to.isdigit() and len(to) <= 2):
            raise NoSuchLine(f"{to[:20]!r} is neither primary, standby nor an address's number")
        place = int(to)
    return f"{interface}@{place}"


def look(hub: Hub, tx: Connection, subject: str) -> Preview:
    """切换线路: from now on the other address; what is unknown is asked about first, at both."""
    interface, _, text = subject.partition("@")
    if interface not in hub.adapters or not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise NoSuchLine(f"there is no {subject[:40]!r}")
    place, known, used = int(text), hub.settings.partner(interface), place_of(tx, interface)
    if place >= known.places:
        raise NoSuchLine(f"{interface} has {known.places} address(es), none is number {place}")
    seen = read_channel(tx, interface)
    flying = seen.moving(MessageState.IN_FLIGHT.value)
    waits, doubt = seen.moving(*CLAIMABLE_STATES), seen.pile(MessageState.UNKNOWN.value)
    addresses = ", ".join(sorted(set(known.endpoints_at(place).values())))
    return Preview(
        act="channel.switch", subject=subject, people=1,
        binding={
            "line": subject, "from": used.place, "to": place, "messages": waits.count,
            "items": waits.items, "fen": waits.fen, "unknown": doubt.count,
        },
        effects=(
            Line("switch_to", {"place": place, "address": addresses}),
            Line("switch_sends", {"count": waits.count, "fen": waits.fen}),
            Line("switch_asks", {"count": doubt.count, "fen": doubt.fen}),
        ),
        stays=(
            Line("stop_in_flight", {"count": flying.count, "fen": flying.fen}),
            Line("switch_not_found"),
        ),
        final=(Line("switch_back"),),
        why_not=Line("switch_there", {"place": place}) if used.place == place else None,
    )  # fmt: skip


def _do(hub: Hub, tx: Connection, preview: Preview, by: str, why: str) -> str:
    interface, _, text = preview.subject.partition("@")
    hub.bus.switch(tx, interface, int(text), by, why)
    return f"{interface} 已切换到{place_name(int(text))}：结果不明的先查证，再发送"


def place_name(place: int) -> str:
    """In Chinese."""
    return "主用地址" if place == 0 else f"备用地址 {place}"


KIND = ActKind(look, _do, loose=True)
