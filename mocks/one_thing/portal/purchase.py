"""购房“一件事” at the platform: sign-on, what people open, and the feedback of its cases.

Its contract's feedback comes through the same gateway as the other matters', told by its path.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mocks.kit.cases.gateway import Books, Gateway
from mocks.kit.cases.keys import Keys
from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer, Call, Request, Service
from mocks.kit.partner import CONTRACTS, Control, ControlCall, ControlError, Site, answer_json
from mocks.kit.yaml_files import read_yaml
from mocks.one_thing.portal.sso import AHEAD, ELSEWHERE, OLD, TAMPERED, SignOn
from mocks.one_thing.portal.web import Web

_INTERFACE = "onething-home-purchase"
_FOLDER = CONTRACTS / "one_thing" / "home_purchase"
_NOTE = "sso_secret"
FAULTS: Mapping[str, FaultKind] = {
    TAMPERED: FaultKind("单点登录的断言签名之后换了证件号"),
    OLD: FaultKind("断言的时间早三十一分钟"),
    AHEAD: FaultKind("断言的时间晚二十分钟：门户的时钟不准"),
    ELSEWHERE: FaultKind("断言是发给另一个应用的"),
}


class Purchase:
    """Endpoint ``api`` where a path is this matter's, and ``web``."""

    def __init__(
        self, site: Site, keys: Keys, books: Books, others: Service, centre: Callable[[], str]
    ) -> None:
        """``others`` answers what is not this matter's."""
        contract: dict[str, Any] = read_yaml(_FOLDER / "contract.yaml")
        schemas = {
            name: json.loads((_FOLDER / one["file"]).read_text(encoding="utf-8"))
            for name, one in contract["schemas"].items()
        }
        secret = site.notes.get(_NOTE) or secrets.token_hex(24)
        site.notes.put(_NOTE, secret)
        folder = site.state.parent / _INTERFACE
        for name, text in (("sso_secret", secret), ("app_key", keys["app_key"])):
            _write(folder / name, text)
        self._sign_on = SignOn(site.storage, site.notes, contract, secret, site.clock)
        self._others = others
        self._own = Gateway(contract, schemas, keys, books, site.clock, self._sign_on.known)
        self._paths = {
            one["path"] for name, one in contract["transactions"].items() if name != "alive"
        }
        self.web = Web(self._sign_on, books, centre, site.environment)

    def describe(self, request: Request) -> Call:
        return self._of(request).describe(request)

    def answer(self, request: Request, call: Call) -> Answer:
        return self._of(request).answer(request, call)

    def controls(self) -> Sequence[Control]:
        """Who can sign in, and for which cases."""
        return (
            Control("POST", "/purchases", '一个购房办件已经在别处开始 {"number"}', self._begun),
            Control("GET", "/people", "能登录的人", self._people),
            Control("POST", "/people",
                    '加一个人 {"user_type": "1", "name", "id_number", "company", "uscc"}',
                    self._add_person),
        )  # fmt: skip

    def reset(self) -> None:
        """See SignOn.reset."""
        self._sign_on.reset()

    def _of(self, request: Request) -> Service:
        return self._own if request.path in self._paths else self._others

    def _people(self, _: ControlCall) -> Answer:
        return answer_json({"people": [
            {"id": one.id, "user_type": one.user_type} for one in self._sign_on.people()
        ]})  # fmt: skip

    def _begun(self, call: ControlCall) -> Answer:
        number = str(call.body.get("number", ""))
        if not number:
            raise ControlError("要 number")
        self._sign_on.begin(number)
        return answer_json({"number": number}, 201)

    def _add_person(self, call: ControlCall) -> Answer:
        said = {name: str(text) for name, text in call.body.items()}
        if said.get("user_type") not in ("1", "2") or not said.get("name"):
            raise ControlError("要 user_type（1、2）、name、id_number")
        made = self._sign_on.add_person(
            said["user_type"], said["name"], said.get("id_number", ""), said.get("company", ""),
            said.get("uscc", ""),
        )  # fmt: skip
        return answer_json({"id": made}, 201)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text + "\n", encoding="ascii")
    fresh.replace(path)
