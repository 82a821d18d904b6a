"""Our own side as the thing under test: the product served for a certificate, over a mock core.

What others call is certified where they call it: ``hub serve`` in a process of its own, on a home
and a database made for it and thrown away.  Grants and the core's faults are arranged by a control
of the certificate's own (:class:`OwnControl`), as the centre would by its commands.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from hub.app.assembly import open_hub
from hub.app.demo_site import Mocks, Site, facing, write_home
from hub.app.discover import FoundAdapter
from hub.app.hub import Hub
from hub.app.publishing import feed_standing
from hub.certify.endpoint import Control, ControlRefused
from hub.kernel.clocks import SharedClock, monotonic
from hub.kernel.errors import Unavailable
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings
from hub.people import Party, Role
from hub.schedule import seed_calendar
from hub.store.schema import upgrade

_CORE = ("core-reference", "core-registry")
_PATIENCE_S = 120.0
_END_S = 45.0
_PAUSE_S = 0.1
_ACTOR = "certify"


class NotServed(Unavailable):
    """The product did not come up for its own certificate."""

    code = "certify.not_served"
    hint = "Read what it said last; `hub serve` on a home of yours shows the same."


class Act(Protocol):
    """One arrangement on our side."""

    def __call__(self, own: "Own", body: Mapping[str, Any]) -> Mapping[str, Any]: ...


class Own:
    """The centre as served: ``door`` is where published queries are asked, ``inbound`` where
    partners call; "" where this interface has none.  ``hub`` works on the same database."""

    def __init__(self, hub: Hub, site: Site, mocks: Mapping[str, Mapping[str, str]],
                 door: str, inbound: str, token: Secret) -> None:  # fmt: skip
        self.hub, self.site, self.mocks = hub, site, mocks
        self.door, self.inbound = door, inbound
        self.clock = SharedClock(site.clock_file)
        self.by = hub.people.authenticate(token)
        self._away = 0
        self._core = Control(mocks[_CORE[0]]["control"])

    def core(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """An order to the mock core's control plane."""
        return self._core.post(path, body)

    def core_away(self, away: bool) -> None:
        """Nobody listens at the core, or somebody does again."""
        if away and not self._away:
            said = self.core("/faults", {"match": {"endpoint": "api"}, "fault": "refuse"})
            self._away = int(said["id"])
        elif self._away and not away:
            self.core("/faults/drop", {"id": self._away})
            self._away = 0

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until it is so.  Raises NotServed."""
        limit = monotonic() + _PATIENCE_S
        while not true():
            if monotonic() > limit:
                raise NotServed(f"it did not come about: {what}")
            time.sleep(_PAUSE_S)

    def followed(self) -> None:
        """Until the copy of the registry is whole and of this moment."""
        self.until(lambda: _age(self.hub, self.clock.now()) < timedelta(seconds=60), "the copy")


class OwnControl(Control):
    """Takes what a mock's control plane takes, and does it on our side."""

    def __init__(self, own: Own, acts: Mapping[str, Act]) -> None:
        super().__init__(own.door or own.inbound)
        self._own, self._acts = own, acts

    @property
    def side(self) -> Own:
        """Our own side."""
        return self._own

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One arrangement; raises ControlRefused."""
        match path:
            case "/clock":
                self._own.clock.set(datetime.fromisoformat(str(body["now"])))
                return {}
            case "/reset":
                self._own.core_away(False)
                return {}
        act = self._acts.get(path)
        if act is None:
            raise ControlRefused(f"{path}: nothing here does that")
        return dict(act(self._own, body))


@contextmanager
def served(
    adapters: Mapping[str, FoundAdapter],
    interface: str,
    data: Path,
    site: Site,
    opening: datetime,
    also: Sequence[str] = (),
) -> Iterator[Own]:
    """``hub serve`` for one interface, over the mock core loaded from ``data``; ``also`` are the
    mocks of partners that it calls.  Raises MocksDidNotStart, NotServed."""
    site.home.mkdir(parents=True)
    SharedClock(site.clock_file).set(opening)
    with ExitStack() as begun:
        mocks = Mocks(site, data, [*_CORE, *also])
        begun.callback(mocks.end)
        urls = mocks.endpoints()
        mine = facing(adapters, {interface: {}, **urls}, interface)
        reached = {one: urls[one] for one in _CORE} | {interface: mine}
        write_home(site, adapters, reached, {"environment": "demo", "port": 0, "workers": 2})
        hub = begun.enter_context(open_hub(Settings.load(site.home)))
        token = _prepare(hub)
        said = begun.enter_context(_serving(site))
        own = Own(hub, site, urls, said.get("api", ""), said.get("inbound", ""), token)
        own.until(lambda: _age(hub, own.clock.now()) < timedelta(days=9999), "the first copy")
        yield own


def _prepare(hub: Hub) -> Secret:
    upgrade(hub.store)
    with hub.store.write() as tx:
        seed_calendar(tx)
    with hub.store.write() as tx:
        return hub.people.add(
            tx, login=_ACTOR, name="符合性测试", party=Party.CENTRE,
            roles=(Role.ADMINISTRATOR,), by=None,
        )  # fmt: skip


@contextmanager
def _serving(site: Site) -> Iterator[Mapping[str, str]]:
    words = [sys.executable, "-m", "hub.cli", "serve", "--home", str(site.home), "--json"]
    words += ["--port", "0", "--inbound-port", "0", "--api-port", "0", "--exit-with-parent"]
    with (site.home / "serve.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  our own command
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, process_group=0
        )
    assert process.stdin is not None  # noqa: S101  it was asked for
    assert process.stdout is not None  # noqa: S101
    try:
        line = process.stdout.readline()
        if not line:
            last = (site.home / "serve.log").read_text("utf-8", "replace").strip()[-300:]
            raise NotServed(last)
        yield json.loads(line)
    finally:
        process.stdin.close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _age(hub: Hub, now: datetime) -> timedelta:
    """How old the copy is; very, while it is not whole."""
    standing = feed_standing(hub)
    if standing is None or standing.as_of is None:
        return timedelta.max
    return now - standing.as_of
