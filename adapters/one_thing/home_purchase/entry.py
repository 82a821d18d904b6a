"""Browsers come in with an assertion, go on to the hall with a one-time key; the hall redeems it.

Contract: ``contracts_spec/one_thing/home_purchase``, sections ``sso``, ``redeem``, code tables
``entry_code``, ``redeem_code``.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from adapters.kit.case_pushes import caller_door
from adapters.kit.documents import text
from adapters.one_thing.home_purchase import pages
from adapters.one_thing.home_purchase.assertion import Said, opened
from hub.contracts import Contract, load_contract
from hub.kernel.errors import Misconfigured
from hub.kernel.identity import ID_CARD, is_id_card, is_uscc, normal_uscc
from hub.ports.context import AdapterContext
from hub.ports.entry import (
    Assertion,
    BrowserRequest,
    EntryPort,
    EntryRefused,
    EntryWord,
    RedeemWord,
    Redemption,
    UserType,
    Visitor,
)
from hub.ports.inbound import InboundAnswer, InboundRequest, NotTaken, Word

_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,40}")
_KEY = re.compile(r"[0-9A-Za-z_-]{43}")
_CODE = re.compile(r"[0-9]{2}")
_ADDRESS = re.compile(r"[!#-;=?-\[\]_a-z~]{1,500}")
"""What an address is written with: no blank, no backslash, nothing beyond ASCII."""
_ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?|http://127\.0\.0\.1:[0-9]{1,5}")
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_WORDS = {
    Word.UNREADABLE: RedeemWord.UNREADABLE,
    Word.SIGNATURE: RedeemWord.SIGNATURE,
    Word.STALE: RedeemWord.STALE,
}


def build(context: AdapterContext) -> EntryPort:
    """The port of one deployment; raises Misconfigured (a key is missing, the hall's address is
    not on its own list)."""
    return HomePurchaseEntry(context)


class HomePurchaseEntry:
    """See EntryPort.  Holds no state, safe across threads."""

    def __init__(self, context: AdapterContext) -> None:
        contract = load_contract(context.contract_folder)
        sso: Mapping[str, Any] = contract.extra["sso"]
        self.contract_version = contract.version
        self.pages: Mapping[str, int] = {str(sso["callback"]): int(sso["query_bytes"])}
        redeem = str(contract.extra["redeem"]["path"])
        self.routes: Mapping[str, int] = {redeem: contract.limit("redeem_bytes")}
        self.key_s = int(sso["key_s"])
        self._contract, self._clock = contract, context.clock
        self._skew_ms = int(sso["skew_s"]) * 1000
        self._names: Mapping[str, str] = sso["fields"]
        self._client = context.value("client_id")
        self._secret = context.secret("sso_secret")
        self._door = caller_door(context, contract, "hall_secret")
        self._hall = context.value("hall_url")
        self._origins = _origins(context.value("hall_origins"))
        if not self._ours(self._hall) or "?" in self._hall or "#" in self._hall:
            raise Misconfigured(f"hub.toml: {context.interface}: hall_url is not in hall_origins")
        self._entry_codes, self._redeem_codes = (
            {one.extra["word"]: one for one in contract.table(name).codes.values()}
            for name in ("entry_code", "redeem_code")
        )

    def read(self, request: BrowserRequest) -> Assertion:
        """See EntryPort.read.  The signature comes before all else: only who holds the secret
        learns of our clock and our name."""
        asked = _asked(request.query)
        said = opened(asked.get("assertion", ""), self._secret)
        self._fresh(said)
        named = {ours: said.items.get(theirs, "") for ours, theirs in self._names.items()}
        if named["audience"] != self._client:
            raise EntryRefused(EntryWord.AUDIENCE, "meant for another client")
        target = asked.get("target", "")
        if target and not self._ours(target):
            raise EntryRefused(EntryWord.TARGET, "a target that is not the hall's")
        return Assertion(said.mark, _visitor(self._contract, named, target))

    def onward(self, key: str, visitor: Visitor) -> InboundAnswer:
        """See EntryPort.onward: always the hall's own address, whatever the target."""
        return InboundAnswer(
            302, {**pages.HEADERS, "Location": f"{self._hall}?{urlencode({'key': key})}"}, b""
        )

    def page(self, word: EntryWord) -> InboundAnswer:
        """See EntryPort.page."""
        code = self._entry_codes[word.value]
        return pages.refusal(code)

    def code(self, word: EntryWord | RedeemWord) -> str:
        """See EntryPort.code."""
        codes = self._entry_codes if isinstance(word, EntryWord) else self._redeem_codes
        return codes[word.value].code

    def read_redemption(self, request: InboundRequest) -> Redemption:
        """See EntryPort.read_redemption."""
        try:
            believed = self._door.open(request, "hall.redeem.request")
        except NotTaken as no:
            raise EntryRefused(_WORDS[no.word], no.message) from None
        key = text(believed.document, "key")
        if not _KEY.fullmatch(key):
            raise EntryRefused(RedeemWord.UNREADABLE, "no key of ours")
        return Redemption(key, believed.nonce, self._door.kept_s)

    def redeemed(
        self, word: RedeemWord, visit: str = "", visitor: Visitor | None = None
    ) -> InboundAnswer:
        """See EntryPort.redeemed."""
        code = self._redeem_codes[word.value]
        data = None if visitor is None else {
            "visit": visit, "projectNo": visitor.number, "userType": visitor.user_type.value,
            "name": visitor.name, "idCardType": visitor.id_type,
            "idCardNumber": visitor.id_number, "companyName": visitor.company,
            "socialCreditCode": visitor.uscc, "target": visitor.target,
        }  # fmt: skip
        said = {"code": code.code, "message": code.text, "data": data}
        body = json.dumps(said, ensure_ascii=False).encode("utf-8")
        headers = {**_JSON, "Cache-Control": "no-store"}
        return InboundAnswer(int(code.extra["http"]), headers, body)

    def _fresh(self, said: Said) -> None:
        ahead = said.at_ms - int(self._clock.now().timestamp() * 1000)
        if ahead < -self._skew_ms:
            raise EntryRefused(EntryWord.EXPIRED, "older than the contract's skew")
        if ahead > self._skew_ms:
            raise EntryRefused(EntryWord.CLOCK, "from the future")

    def _ours(self, address: str) -> bool:
        """Whether it is one of the hall's: an origin on the list, and a path right behind it."""
        if not _ADDRESS.fullmatch(address):
            return False
        return any(address == one or address.startswith(f"{one}/") for one in self._origins)


def _origins(listed: str) -> tuple[str, ...]:
    found = tuple(one.strip() for one in listed.split(",") if one.strip())
    if not found or not all(_ORIGIN.fullmatch(one) for one in found):
        raise Misconfigured("hub.toml: hall_origins are https://host[:port], separated by commas")
    return found


def _asked(query: str) -> dict[str, str]:
    """The query's parts; one that stands twice is nobody's to choose from."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=20,
                          errors="strict")  # fmt: skip
    except ValueError:
        raise EntryRefused(EntryWord.UNREADABLE, "no query") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise EntryRefused(EntryWord.UNREADABLE, "a part of the query stands twice")
    return found


def _visitor(contract: Contract, named: Mapping[str, str], target: str) -> Visitor:
    number, paper = named["number"], named["id_number"]
    id_type = named["id_type"] or ID_CARD
    good = (
        named["user_type"] in tuple(UserType)
        and _NUMBER.fullmatch(number)
        and _CODE.fullmatch(id_type)
        and named["name"].strip()
        and paper.strip()
        and contract.field("name").takes(named["name"])
        and contract.field("id_number").takes(paper)
        and (id_type != ID_CARD or is_id_card(paper))
    )
    if not good:
        raise EntryRefused(EntryWord.IDENTITY, "no identity or case number of the contract's")
    kind = UserType(named["user_type"])
    company = uscc = ""
    if kind is UserType.LEGAL_PERSON:
        company, uscc = named["corporate_name"].strip(), normal_uscc(named["corporate_code"])
        if not company or not contract.field("name").takes(company) or not is_uscc(uscc):
            raise EntryRefused(EntryWord.IDENTITY, "a legal person without name or code")
    return Visitor(
        kind, number, named["name"].strip(), id_type, paper.strip(), company, uscc, target
    )
