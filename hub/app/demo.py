"""``hub demo``: a whole month over bundled mock partners, from agreements to the close.

The same command again goes on with an unfinished run; on a closed one it writes the same files.
Two named demo people submit and approve, as two people would.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from hub.app.assembly import open_hub, start_engine
from hub.app.demo_platforms import ask_queries, file_case, standing_beside
from hub.app.demo_site import (
    FILES,
    Helper,
    Mocks,
    NoDemoData,
    Site,
    tell_address,
    write_home,
)
from hub.app.discover import DRAFTED, FoundAdapter, discover
from hub.app.hub import Hub
from hub.app.receiving import open_receiving
from hub.app.steps import Progress, approve_waves, watch
from hub.crypto import new_sm3
from hub.kernel.clocks import monotonic
from hub.kernel.errors import Refused, Unavailable
from hub.kernel.logs import get_logger
from hub.kernel.periods import Period
from hub.kernel.secret import Secret
from hub.kernel.settings import FILE_NAME, Settings, read_secret, write_secret
from hub.offset import runs
from hub.offset.agreements import ImportReport, import_agreements
from hub.offset.export import export_run
from hub.offset.policy import read_policy
from hub.offset.tables import agreement, leg, run
from hub.offset.words import RunState, WaveState
from hub.people import Party, Role
from hub.schedule import load_calendar, seed_calendar
from hub.store import sqlite_library
from hub.store.schema import upgrade

_T = TypeVar("_T")
_log = get_logger(__name__)

_BLOCK = 1 << 20
_AWAY_S = 120.0
_LARGE = 5000
"""Agreements beyond which a second worker process joins."""
PEOPLE = {
    "demo-admin": ("演示管理员", (Role.ADMINISTRATOR,)),
    "demo-handler": ("演示经办", (Role.HANDLER,)),
    "demo-approver": ("演示审批", (Role.APPROVER,)),
}
"""The two demo people, and the administrator who adds them.  Their tokens lie in the home
folder, readable by its owner: this is a demo's convenience and its only one."""


class OtherDemo(Refused):
    """This folder holds another demo."""

    code = "demo.other"
    hint = "Go on with what it was begun with, or give --out another folder."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ``hub demo`` was asked for.  Times in seconds."""

    data: Path
    period: Period
    banks: tuple[str, ...]
    policy: Path | None
    out: Path
    port: int
    patience_s: float
    wave_wait_s: float
    by_hand: bool = False
    platforms: bool = False


@dataclass(frozen=True, slots=True)
class DemoHub:
    """A demo that runs: its hub, the month's run, what the import said; ``begun`` ends it all."""

    hub: Hub
    run_id: int
    imported: ImportReport
    controls: dict[str, str]
    begun: ExitStack


def set_up(wanted: Wanted, say: Callable[[str], None]) -> DemoHub:
    """Set up or take up the demo in ``wanted.out``: mocks, home, people, agreements, run; with
    ``wanted.platforms`` the government side too, where the month is small enough.

    Raises NoDemoData, OtherDemo (refused: exit 2), MocksDidNotStart and what importing raises;
    then nothing of it goes on running.
    """
    site, digest = Site(wanted.out), _data_digest(wanted.data)
    with ExitStack() as begun:
        begun.enter_context(site.lock())
        settings = _settings(site)
        _refuse_other(site, wanted, digest, settings)
        adapters = discover(settings)
        banks, partners = _partners(adapters, wanted)
        with _prepared(site, settings, wanted.period) as early:
            say("挡板启动中 · starting the mock partners")
            beside = standing_beside(wanted.data, adapters) if wanted.platforms else []
            mocks = Mocks(site, wanted.data, partners, settings.contracts, if_there=beside)
            begun.callback(mocks.end)
            _people(early, site)
            imported = _import(early, wanted, say)  # while the mocks read their own files
        endpoints = mocks.endpoints()
        write_home(site, adapters, endpoints, _top(settings, wanted.port))
        hub = open_hub(Settings.load(site.home))
        begun.callback(hub.close)
        run_id = _open_run(hub, wanted, banks, digest)
        controls = {partner: urls["control"] for partner, urls in endpoints.items()}
        receiving = open_receiving(hub, port=0)
        if receiving is not None:
            receiving.start()
            begun.callback(receiving.stop)
            tell_address({one: controls[one] for one in receiving.interfaces}, receiving.address)
        large = _is_large(hub, run_id)
        # This process conducts, and shows how far it has come: the other does most of the sending.
        engine = start_engine(hub, workers=1 if large else None)
        begun.callback(engine.stop)
        if large:
            begun.callback(Helper(site).end)
        file_case(hub, wanted.data, controls)
        return DemoHub(hub, run_id, imported, controls, begun.pop_all())


def open_to_callers(demo: DemoHub, wanted: Wanted, door: str) -> list[str]:
    """Published queries are answered at ``door`` from now on: the caller's mock is told, and asks.
    Answers which it asks."""
    site = Site(wanted.out)
    by = _token(site, "demo-handler")
    return patiently(lambda: ask_queries(demo.hub, site, wanted.data, demo.controls, door, by))


def patiently(do: Callable[[], _T]) -> _T:
    """Do it; a database that is away for a while is waited for, as the run itself waits."""
    until = monotonic() + _AWAY_S
    while True:
        try:
            return do()
        except Unavailable as error:
            if monotonic() > until:
                raise
            _log.warning("the database is away", code=error.code)
            sleep(1)


_WAITING = {WaveState.TRIAL.value, WaveState.SUBMITTED.value}


def play(
    demo: DemoHub, wanted: Wanted, report: Callable[[Progress], None], *, patience_s: float
) -> bool:
    """Let the run go to its close, approving plans on the way unless a visitor does; False when
    patience ran out.  Either way the result files are written."""
    site = Site(wanted.out)
    handler, approver = (_token(site, login) for login in ("demo-handler", "demo-approver"))

    def each(progress: Progress) -> None:
        report(progress)
        # Only what has been shown: the plan may have come about since that look was taken.
        if not wanted.by_hand and not _WAITING.isdisjoint(progress.waves):
            approve_waves(demo.hub, demo.run_id, handler, approver)

    closed = watch(demo.hub, demo.run_id, each, patience_s=patience_s)
    patiently(lambda: demo.hub.keeper.stage_end("demo"))
    patiently(lambda: export_run(demo.hub.store, demo.run_id, wanted.out))
    return closed


def end(demo: DemoHub) -> None:
    """Stop everything in good order: workers, database, mocks, the folder's lock."""
    demo.begun.close()


def token_files(out: Path) -> list[tuple[str, Path]]:
    """Who the demo's people are, and the files with their personal tokens."""
    return [(name, _token_file(Site(out), login)) for login, (name, _) in PEOPLE.items()]


def _settings(site: Site) -> Settings:
    """As the folder remembers them, or fresh ones; the environment's database wins either way."""
    if (site.home / FILE_NAME).exists():
        return Settings.load(site.home)
    return Settings(home=site.home, environment="demo", clock_file=site.clock_file)


def _database(settings: Settings) -> str:
    """Which database, without its password: what the folder remembers."""
    return make_url(settings.database_url).render_as_string(hide_password=True)


def _top(settings: Settings, port: int) -> dict[str, str | int]:
    """The plain settings of the demo's hub.toml; a password never goes in there."""
    top: dict[str, str | int] = {"environment": "demo", "port": port}
    where = make_url(settings.database_url)
    if where.get_backend_name() != "sqlite" and where.password is None:
        top["database_url"] = settings.database_url
    return top


def _partners(
    adapters: Mapping[str, FoundAdapter], wanted: Wanted
) -> tuple[tuple[str, ...], list[str]]:
    """The run's banks, and the interfaces whose mocks it needs.  Raises OtherDemo."""
    seats = {a.manifest.partner.code: i for i, a in adapters.items() if a.manifest.port == "bank"}
    drafted = {a.manifest.partner.code for a in adapters.values() if a.manifest.quality == DRAFTED}
    banks = wanted.banks or tuple(sorted(seats.keys() - drafted))
    unknown = [bank for bank in banks if bank not in seats]
    if unknown:
        raise OtherDemo(f"no adapter serves {', '.join(unknown)}; there are {', '.join(seats)}")
    core = [i for i, a in adapters.items() if a.manifest.port == "core"]
    return banks, [*core, *(seats[bank] for bank in banks)]


@contextmanager
def _prepared(site: Site, settings: Settings, period: Period) -> Iterator[Hub]:
    """A hub that reaches nobody yet: schema and calendar are there, the clock stands on a working
    day of the month."""
    site.home.mkdir(parents=True, exist_ok=True)
    with Hub(settings) as early:
        upgrade(early.store)
        with early.store.write() as tx:
            seed_calendar(tx)
        with early.store.read() as view:
            calendar = load_calendar(view)
        site.set_clock(period, calendar)
        yield early


def _is_large(hub: Hub, run_id: int) -> bool:
    """Whether what is left to do is worth a second process, and the database may be shared."""
    if hub.store.is_sqlite and not sqlite_library().safe:
        return False
    with hub.store.read() as view:
        state = view.scalar(sa.select(run.c.state).where(run.c.id == run_id))
        banks = sa.select(leg.c.bank).where(leg.c.run_id == run_id)
        taken = sa.select(agreement.c.id).where(agreement.c.bank.in_(banks))
        many = view.scalar(taken.offset(_LARGE).limit(1)) is not None
    return many and state != RunState.CLOSED


def _data_digest(data: Path) -> str:
    hashed = new_sm3()
    for name in FILES:
        path = data / name
        if not path.is_file():
            raise NoDemoData(f"{data} has no {name}")
        hashed.update(name.encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                hashed.update(block)
    return hashed.digest().hex()


def _refuse_other(site: Site, wanted: Wanted, digest: str, settings: Settings) -> None:
    """The folder remembers what it was begun with; anything else on it is refused."""
    note = site.out / "demo.json"
    asked = {
        "month": str(wanted.period),
        "banks": ",".join(sorted(wanted.banks)),
        "data": digest,
        "policy": read_policy(wanted.policy).digest,
        "database": _database(settings),
    }
    if note.exists():
        before = json.loads(note.read_text("utf-8"))
        differs = [name for name in asked if before.get(name) != asked[name]]
        if differs:
            raise OtherDemo(f"{site.out} was begun with other {', '.join(differs)}")
        return
    fresh = note.with_suffix(".new")
    fresh.write_text(json.dumps(asked, indent=1) + "\n", encoding="utf-8")
    fresh.replace(note)


def _people(hub: Hub, site: Site) -> None:
    """Add the demo people that are missing; their tokens go into files of their owner.

    A token is written inside the transaction that adds its person, for without its file it could
    never be used; a file whose person is not there is what a kill left behind, and is replaced.
    """
    with hub.store.read() as view:
        known = {row.login for row in hub.people.list_people(view)}
    founder: Secret | None = None
    for login, (name, roles) in PEOPLE.items():
        if login not in known:
            by = hub.people.authenticate(founder) if founder else None
            with hub.store.write() as tx:
                token = hub.people.add(
                    tx, login=login, name=name, party=Party.CENTRE, roles=roles, by=by
                )
                write_secret(_token_file(site, login), token)
        founder = founder or _token(site, login)


def _token_file(site: Site, login: str) -> Path:
    return site.home / "people" / f"{login}.token"


def _token(site: Site, login: str) -> Secret:
    return read_secret(_token_file(site, login), f"people.{login}")


def _import(hub: Hub, wanted: Wanted, say: Callable[[str], None]) -> ImportReport:
    with hub.store.read() as view:
        opened = view.scalar(sa.select(run.c.id)) is not None
    if opened:
        return ImportReport()  # this month's agreements are in; its run is under way
    say("导入对冲协议 · importing agreements")
    return import_agreements(
        hub.store, hub.vault, wanted.data / "agreements.csv", actor="demo-handler",
        month=str(wanted.period),
    )  # fmt: skip


def _open_run(hub: Hub, wanted: Wanted, banks: Sequence[str], digest: str) -> int:
    with hub.store.write() as tx:
        return runs.open_run(
            tx, hub.office, wanted.period, banks, read_policy(wanted.policy),
            wave_wait_s=wanted.wave_wait_s, data_digest=digest, actor="demo-handler",
        )  # fmt: skip
