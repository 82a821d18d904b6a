"""The government side of a demo: one retirement case and published queries, without a hand.

Whoever retires is on no agreement of the month, so that nothing the run plans is changed by it.
"""

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from hub.app.demo_site import Site, tell_mock
from hub.app.discover import FoundAdapter
from hub.app.hub import Hub
from hub.app.publishing import published
from hub.kernel.identity import ID_CARD, is_id_card, is_uscc, normal_id_card
from hub.kernel.secret import Secret
from hub.kernel.settings import write_secret
from hub.queries.callers import Callers, Wanted, list_callers

MOST_AGREEMENTS = 5000
"""With more of them a demo is a measurement of the month, and the platforms stay away: a copy of
such a core's whole register would be made beside it."""
CALLER = "SSJ-GZ-01"
_MONTH_S_WORK = ("bank", "core")
_RETIREMENT = "onething-retirement"
_PAYERS = ("JKRGJJZH", "GTJKRGJJZH")
_OLD_ENOUGH = 50
_GRANTED_DAYS = 365
_ASKED: Mapping[str, Mapping[str, str]] = {
    "onething-listing": {"ksny": "{begin}", "jsny": "{end}"},
    "onething-bankruptcy": {},
}
"""Of the golden question, what follows from the demo's own month."""


def standing_beside(data: Path, adapters: Mapping[str, FoundAdapter]) -> list[str]:
    """The interfaces a demo of this data has beside its banks and core, if mocks stand for them."""
    with (data / "agreements.csv").open("rb") as file:
        if next(islice(file, MOST_AGREEMENTS + 1, None), None) is not None:
            return []
    return [
        name for name, one in adapters.items() if one.manifest.port not in _MONTH_S_WORK
    ]  # fmt: skip


def secret_file(site: Site) -> Path:
    """Where the caller's app secret lies, readable by its owner: a demo's convenience."""
    return site.home / "callers" / f"{CALLER}.secret"


def file_case(hub: Hub, data: Path, controls: Mapping[str, str]) -> str:
    """Have the platform file one retirement; the case's number, "" where nobody can retire."""
    control, today = controls.get(_RETIREMENT), hub.clock.today()
    retiree = None if control is None else _retiree(data, today)
    if control is None or retiree is None:
        return ""
    number = f"YS{today:%Y%m}0001"
    said = {
        "id": number, "name": retiree["XingMing"], "idCardNumber": retiree["ZJHM"],
        "personNumber": retiree["GRZH"], "applicantName": retiree["XingMing"],
        "applicantIdnumber": retiree["ZJHM"], "companyNumber": retiree["DWZH"],
        "retirementDate": (today.replace(day=1) - timedelta(days=1)).isoformat(),
        "createtime": f"{hub.clock.now():%Y-%m-%d %H:%M:%S}",
    }  # fmt: skip
    order = {"route": "case.push", "set": said, "once": True}
    tell_mock(_RETIREMENT, control, "/cases", order)
    return number


def ask_queries(
    hub: Hub, site: Site, data: Path, controls: Mapping[str, str], door: str, by: Secret
) -> list[str]:
    """Grant the demo's caller what is published and have it ask about one firm; whom it asks."""
    ports, firm = published(hub), _firm(data)
    asked = [name for name in ports if name in controls and name in _ASKED]
    if not asked or firm is None:
        return []
    secret = _granted(hub, site, asked, by)
    today = hub.clock.today()
    months = {"begin": f"{today.year - 1}{today:%m}", "end": f"{today:%Y%m}"}
    for name in asked:
        control = controls[name]
        tell_mock(name, control, "/callers", {"rid": CALLER, "secret": secret.reveal()})
        tell_mock(name, control, "/callback", {"url": door})
        said = {key: text.format(**months) for key, text in _ASKED[name].items()}
        said |= {"tyshxydm": firm["TYSHXYDM"], "qymc": firm["DWMC"]}
        order = {"interface": name, "rid": CALLER, "set": said, "mark": f"demo/{name}"}
        tell_mock(name, control, "/asks", order)
    return asked


def _granted(hub: Hub, site: Site, interfaces: list[str], token: Secret) -> Secret:
    """The caller's secret; its file is written in the transaction that makes it."""
    by, callers, path = hub.people.authenticate(token), Callers(hub.vault, hub.clock), None
    grantable = {name: port.grantable for name, port in published(hub).items()}
    with hub.store.read() as view:
        rows = [row for row in list_callers(view) if row.rid == CALLER]
    held = {row.grant.interface for row in rows if row.grant and row.grant.revoked_us is None}
    path = secret_file(site)
    with hub.store.write() as tx:
        secret = None
        for name in interfaces:
            if name in held:
                continue
            wanted = Wanted(
                rid=CALLER, interface=name, purpose=hub.adapters[name].contract.name[:60],
                basis="演示", until=hub.clock.today() + timedelta(days=_GRANTED_DAYS),
                shown=tuple(sorted(grantable[name])), title="贵州省数据共享平台（演示）",
                addresses=("127.0.0.0/8",),
            )  # fmt: skip
            secret = callers.grant(tx, wanted, grantable, by).secret or secret
        if secret is None and not path.is_file():
            secret = callers.rotate(tx, CALLER, timedelta(0), by)
        if secret is not None:
            write_secret(path, secret)
    return Secret(path.read_text(encoding="ascii").strip())


def _retiree(data: Path, today: date) -> dict[str, str] | None:
    """The oldest person with an open account, nothing frozen and no agreement."""
    with (data / "agreements.csv").open(encoding="utf-8-sig", newline="") as file:
        payers = {row[name] for row in csv.DictReader(file) for name in _PAYERS}
    best: tuple[str, dict[str, str]] | None = None
    with (data / "persons.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            born = _born(row)
            if not born or row["GRZH"] in payers or row["GRZHZT"] != "01":
                continue
            if float(row["DJJE"] or 0) or int(born[:4]) > today.year - _OLD_ENOUGH:
                continue
            if best is None or born < best[0]:
                best = born, row
    return None if best is None else best[1]


def _born(row: Mapping[str, str]) -> str:
    number = normal_id_card(row["ZJHM"])
    return number[6:14] if row["ZJLX"] == ID_CARD and is_id_card(number) else ""


def _firm(data: Path) -> dict[str, str] | None:
    with (data / "units.csv").open(encoding="utf-8-sig", newline="") as file:
        return next((row for row in csv.DictReader(file) if is_uscc(row["TYSHXYDM"])), None)
