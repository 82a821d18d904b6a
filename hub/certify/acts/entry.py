"""The words of the entry port's scenarios: sign_on, redeem, and those of ``case``.

Three sides are played: the platform that asserts who somebody is, the browser that carries it, and
the hall that redeems our one-time key and applies.  Assertion and signatures are made from the
contract's text; the platform's mock takes the feedback.  At an address: ``values`` and ``secrets``
of the contract, whatever is only seen at the platform or the core stays untried.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from hub.app.discover import FoundAdapter
from hub.audit.tables import audit_entry
from hub.cases.tables import application
from hub.certify.acts import case
from hub.certify.acts.stage import BadStep, Plain
from hub.certify.endpoint import Endpoint
from hub.certify.own import Own, OwnControl
from hub.certify.suite import Suite
from hub.certify.tamper import Keeper
from hub.kernel.secret import mask_account
from hub.ports.line import HttpReply, Line
from hub.wire import HttpPartner

ENDPOINTS = case.ENDPOINTS
write_data = case.write_data
_PAGE_CODE = re.compile(r"<code>(S[0-9]{2})</code>")
_PERSON, _LEGAL = "1", "2"
_ID_CARD = "01"
_DONE = "03"


class Acts(case.Acts):
    """One case under way at the door between platform and hall."""

    signed_with: ClassVar[str] = "hall_secret"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        contract = self.suite.contract
        self._sso, self._redeem = contract.extra["sso"], contract.extra["redeem"]
        self._links: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._asked: dict[str, tuple[Mapping[str, str], bytes]] = {}
        self._visits: dict[str, str] = {}
        self._began = 0

    # --- the browser ---

    def do_sign_on(self, given: Plain) -> Plain:
        """A browser comes with an assertion that ``person`` is signed in for ``case``.

        ``legal``: as a subject that is a firm's agent; ``set`` items, ``drop`` items (after
        signing: ``tampered`` items), ``secret: wrong``, ``late_s``, ``target`` (``%hall`` is the
        hall's origin), ``twice`` (the assertion twice in the query), ``garbage``, ``long``,
        ``method: post``; ``as`` keeps the link and the key, ``again`` opens a kept link.

        Answers ``http``; ``to``: hall (its own address and a key), page or elsewhere; ``code`` of
        the page.
        """
        link = self._links.get(str(given.get("again", ""))) or self._link(given)
        if "as" in given:
            self._links[str(given["as"])] = link
        path = str(self._sso["callback"])

        def ask(_port: Any, line: Line) -> HttpReply:
            if given.get("method") == "post":
                return line.post("enter", endpoint="inbound", path=f"{path}?{link}", body=b"")
            return self._opened(path, link)

        ended, said = self.call({}, ask)
        return ended if said is None else ended | self._arrived(given, said)

    def _opened(self, path: str, query: str) -> HttpReply:
        keeper = Keeper()
        try:
            return self._entrance.browser.open_line(keeper).browse(
                "enter", endpoint="inbound", path=path, query=query
            )
        finally:
            self.calls += keeper.calls

    def _arrived(self, given: Plain, said: HttpReply) -> Plain:
        page = _PAGE_CODE.search(said.body.decode("utf-8", "replace"))
        code = page[1] if page else ""
        self.codes.add(code)
        found: Plain = {"http": said.status, "code": code, "to": "page"}
        location = {name.lower(): value for name, value in said.headers.items()}.get("location")
        if location is None:
            return found
        address, _, query = location.partition("?")
        keys = parse_qs(query).get("key", [])
        mine = address == self._entrance.value("hall_url") and len(keys) == 1
        if mine and "as" in given:
            self._keys[str(given["as"])] = keys[0]
        return found | {"to": "hall" if mine else "elsewhere"}

    def _link(self, given: Plain) -> str:
        if given.get("garbage"):
            return "assertion=%E4%BD%A0"
        said = f"assertion={self._assertion(given)}"
        if given.get("twice"):
            said += f"&{said}"
        if given.get("long"):
            said += "&pad=" + "A" * int(self._sso["query_bytes"])
        if "target" in given:
            hall = self._entrance.value("hall_url")
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(hall))
            said += "&target=" + str(given["target"]).replace("%hall", origin)
        return said

    def _assertion(self, given: Plain) -> str:
        """Base64 of the items and their signature: SHA-1 over the sorted ``k=v|``, secret, time."""
        items = self._items(given)
        late_ms = int(given.get("late_s", 0)) * 1000
        ts = str(self._entrance.next_ms() - late_ms)
        secret = self._entrance.secret("sso_secret").reveal() + "x" * ("secret" in given)
        parts = b"".join(sorted(f"{name}={text}|".encode() for name, text in items.items()))
        digest = hashlib.sha1(parts + f"{secret}{ts}".encode(), usedforsecurity=False).digest()
        items |= given.get("tampered", {})
        whole = "".join(f"{name}={text}|" for name, text in items.items())
        if not given.get("unsigned"):
            whole += f"Signature=AF{ts}AF{base64.b64encode(digest).decode()}"
        return base64.b64encode(whole.encode()).decode()

    def _items(self, given: Plain) -> dict[str, str]:
        who, names = self.subject(str(given["person"])), self._sso["fields"]
        number = self.number_of(str(given["case"]))
        said = {
            "user_type": _PERSON, "name": str(who["name"]), "id_type": _ID_CARD,
            "id_number": str(who["id_number"]), "number": number,
            "audience": self._entrance.value("client_id"),
        }  # fmt: skip
        if "company" in who:
            said |= {
                "user_type": _LEGAL, "corporate_name": str(who["company"]),
                "corporate_code": str(who["uscc"]),
            }  # fmt: skip
        items = {str(names[ours]): text for ours, text in said.items()}
        items |= {str(name): str(text) for name, text in given.get("set", {}).items()}
        return {name: text for name, text in items.items() if name not in given.get("drop", ())}

    # --- the hall ---

    def do_redeem(self, given: Plain) -> Plain:
        """The hall redeems the key that sign_on kept under ``key`` (``unknown``: one of nobody's).

        ``as`` keeps the request, ``again`` sends a kept one's headers and, without ``key``, its
        body; ``secret: wrong``, ``unsigned``, ``late_s``, ``body: html``.  Answers ``http``,
        ``code``, ``conforms``, ``same`` as the kept one's answer, and of the identity ``person``
        (the subject ``whom``, exactly), ``legal``, ``to`` (the page it is to go on to).
        """
        kept = self._asked.get(str(given.get("again", "")))
        body = self._asking(given) if kept is None or "key" in given else kept[1]
        headers = self.headers(given) if kept is None else kept[0]
        path = str(self._redeem["path"])

        def ask(_port: Any, line: Line) -> HttpReply:
            return line.post("redeem", endpoint="inbound", path=path, headers=headers, body=body)

        ended, said = self.call({}, ask)
        if said is None:
            return ended
        found = ended | {"http": said.status, **self._told_who(given, said.body)}
        if "as" in given:
            self._asked[str(given["as"])] = headers, body
            self._visits[f"reply {given['as']}"] = said.body.decode("utf-8", "replace")
        if kept is not None:
            before = self._visits.get(f"reply {given['again']}")
            found["same"] = before == said.body.decode("utf-8", "replace")
        self.codes.add(str(found["code"]))
        return found

    def _asking(self, given: Plain) -> bytes:
        if given.get("body") == "html":
            return case.HTML
        name = str(given["key"])
        key = "q" * 43 if name == "unknown" else self._keys.get(name)
        if key is None:
            raise BadStep(f"没有钥匙 {name}：先 sign_on")
        return json.dumps({"key": key}).encode()

    def _told_who(self, given: Plain, reply: bytes) -> Plain:
        try:
            said = json.loads(reply)
        except ValueError:
            return {"code": "", "conforms": False}
        drifts = self.suite.contract.validate_json(str(self._redeem["reply"]), said)
        data = said.get("data")
        found: Plain = {
            "code": str(said.get("code", "")), "conforms": not drifts, "empty": data is None,
        }  # fmt: skip
        if isinstance(data, dict):
            self._visits[str(given.get("key", ""))] = str(data["visit"])
            found |= {"to": data.get("target", ""), "legal": data["userType"] == _LEGAL}
            if "whom" in given:
                found["person"] = self._is(self.subject(str(given["whom"])), data)
        return found

    @staticmethod
    def _is(who: Mapping[str, Any], data: Plain) -> bool:
        wanted = {
            "name": who["name"], "idCardType": _ID_CARD, "idCardNumber": who["id_number"],
            "companyName": who.get("company", ""), "socialCreditCode": who.get("uscc", ""),
        }  # fmt: skip
        return all(data.get(name) == text for name, text in wanted.items())

    def filled(self, route: str, number: str, given: Plain) -> Plain:
        """As the hall applies: for the visit of the key ``visit``, the case's own without."""
        said: Plain = {"projectNo": number}
        if route.endswith("apply"):
            who = self.subject(str(given["person"]))
            said |= {
                "visit": self._visits[str(given.get("visit", given["case"]))],
                "name": str(who["name"]), "idCardNumber": str(who["id_number"]),
                "contractNo": str(given.get("contract", f"DY2025-{number[-6:]}")),
            }  # fmt: skip
            if "files" in given:
                said["attachmentList"] = self.files(given["files"])
        return said

    def tell_platform(self, own: OwnControl, route: str, number: str, said: Plain) -> None:
        """The platform began the case before it sent the browser."""
        own.post("/platform/purchases", {"number": number})

    def do_enter(self, given: Plain) -> Plain:
        """``person`` signs on for ``case`` and the hall redeems: what comes before applying."""
        name = str(given["case"])
        came = self.do_sign_on({**given, "as": name})
        return came | {"redeemed": self.do_redeem({"key": name}).get("code", "")}

    def do_audited(self, given: Plain) -> Plain:
        """How many entries the audit has of ``act`` since the case began, and whether ``words``
        stand anywhere in clear."""
        own = self.need("audited", f"查看审计 {given['act']}")
        body = {"act": given["act"], "after": self._began, "words": list(given.get("words", ()))}
        return own.post("/audited", body)

    def opened(self) -> None:
        """See Stage."""
        if isinstance(self.endpoint.control, OwnControl):
            self._began = int(self.endpoint.control.post("/audit", {"after": 0})["last"])

    @property
    def _entrance(self) -> "Entrance":
        if not isinstance(self.endpoint, Entrance):
            raise BadStep("这里没有进门的端口")
        return self.endpoint


class Entrance(case.Port):
    """Where browsers and the hall come."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.browser = HttpPartner(self.urls, timeout_s=self.timeout_s)

    def close(self) -> None:
        """See Endpoint."""
        self.browser.close()
        super().close()


ENDPOINT = Entrance


def open_own(
    adapter: FoundAdapter,
    adapters: Mapping[str, FoundAdapter],
    suite: Suite,
    folder: Path,
    timeout_s: float | None,
) -> AbstractContextManager[Endpoint]:
    """``hub serve`` over the mock core, the platform's mock and the hall's, whose parts the case
    plays itself: keys and feedback alone are theirs."""
    platform = _platform(adapters, adapter)
    return case.open_port(
        Entrance, _OWN_ACTS, [adapter.interface, platform], platform, adapter,
        adapters, suite, folder, timeout_s,
    )  # fmt: skip


def _platform(adapters: Mapping[str, FoundAdapter], mine: FoundAdapter) -> str:
    """The interface under whose name the mock of the same platform goes."""
    code = mine.manifest.partner.code
    return next(
        name for name, one in sorted(adapters.items())
        if one.manifest.partner.code == code and name != mine.interface
    )  # fmt: skip


def _last(own: Own, body: Mapping[str, Any]) -> Mapping[str, Any]:
    last = sa.func.coalesce(sa.func.max(audit_entry.c.id), int(body["after"]))
    with own.hub.store.read() as view:
        return {"last": int(view.execute(sa.select(last)).scalar_one())}


def _audited(own: Own, body: Mapping[str, Any]) -> Mapping[str, Any]:
    e = audit_entry.c
    query = sa.select(sa.func.count()).where(e.act == str(body["act"]), e.id > int(body["after"]))
    with own.hub.store.read() as view:
        count = int(view.scalar(query) or 0)
    whole = b"".join(path.read_bytes() for path in own.site.home.glob("hub.sqlite*"))
    return {"count": count, "in_clear": sum(str(word).encode() in whole for word in body["words"])}


def _applied(own: Own, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """By the mask: what is applied for is told apart by account and purchase contract."""
    a = application.c
    with own.hub.store.read() as view:
        mine = sa.select(a.state).where(a.subject_mask == mask_account(str(body["account"])))
        states = list(view.scalars(mine))
    return {"all": len(states), "done": sum(state == _DONE for state in states)}


_OWN_ACTS = {"/applied": _applied, "/audit": _last, "/audited": _audited}
