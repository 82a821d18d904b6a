"""An assertion is believed as the contract says or not at all; the hall alone is sent to; feedback
and filings are the contract's.  Signatures are made here by hand, from the contract's words."""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from adapters.one_thing.home_purchase import entry
from adapters.one_thing.home_purchase.assertion import opened
from hub.contracts import load_contract
from hub.kernel.clocks import SHANGHAI, FixedClock
from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret
from hub.ports.context import AdapterContext
from hub.ports.entry import (
    BrowserRequest,
    EntryPort,
    EntryRefused,
    EntryWord,
    RedeemWord,
    UserType,
)
from tests.mocks.running import ROOT

FOLDER = ROOT / "contracts_spec" / "one_thing" / "home_purchase"
SAMPLES = FOLDER / "samples"
CONTRACT = load_contract(FOLDER)
GOLDEN = yaml.safe_load((SAMPLES / "assertions.yaml").read_text(encoding="utf-8"))
NOW = datetime(2025, 10, 14, 9, 30, tzinfo=SHANGHAI)
CALLBACK = "/onething-home-purchase/sso/callback"
KEY, SSO = "example-hall-secret", "example-sso-secret"
ITEMS: dict[str, str] = dict(GOLDEN["assertions"][0]["items"])


def context(at: datetime = NOW, **values: str) -> AdapterContext:
    keys = {"sso_secret": SSO, "app_key": "a", "hall_secret": KEY, "hall_secret_next": "next"}
    own = {name: key.example for name, key in CONTRACT.values.items()} | values
    return AdapterContext(
        "onething-home-purchase", FOLDER, own, {n: Secret(k) for n, k in keys.items()},
        FixedClock(at),
    )  # fmt: skip


@pytest.fixture(scope="module")
def port() -> EntryPort:
    return entry.build(context())


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def assertion(items: dict[str, str] | None = None, at: datetime = NOW, secret: str = SSO) -> str:
    said = ITEMS if items is None else items
    ts = str(int(at.timestamp() * 1000))
    parts = b"".join(sorted(f"{k}={v}|".encode() for k, v in said.items()))
    digest = hashlib.sha1(parts + secret.encode() + ts.encode(), usedforsecurity=False).digest()
    text = "|".join(f"{k}={v}" for k, v in said.items())
    text += f"|Signature=AF{ts}AF{base64.b64encode(digest).decode()}"
    return base64.b64encode(text.encode()).decode()


def asked(text: str, **more: str) -> BrowserRequest:
    query = "&".join(f"{n}={quote(v, safe='')}" for n, v in {"assertion": text, **more}.items())
    return BrowserRequest(CALLBACK, query, "127.0.0.1")


def refused(port: EntryPort, request: BrowserRequest) -> EntryWord:
    with pytest.raises(EntryRefused) as no:
        port.read(request)
    for secret in (ITEMS["CARD_NO"], ITEMS["USER_NAME"], SSO):
        assert secret not in no.value.message
    return EntryWord(no.value.word)


def test_every_sample_is_valid_by_its_schema_and_in_the_index() -> None:
    named = {
        one["file"]
        for one in yaml.safe_load((SAMPLES / "index.yaml").read_text("utf-8"))["samples"]
    }
    there = {path.name for path in SAMPLES.iterdir()} - {"index.yaml", ".gitattributes"}
    assert named == there
    for name in sorted(there - {"assertions.yaml"}):
        parts = name.removesuffix(".json").split(".")
        first = ".".join(parts[:2]) if parts[0] == "hall" else parts[0]
        side, schema = parts[-1], {"alive": "refresh"}.get(first, first)
        if schema in ("accept", "process", "result") and side == "reply":
            schema = "feedback"
        assert CONTRACT.validate_json(f"{schema}.{side}", sample(name)) == [], name


class TestAssertion:
    def test_the_golden_ones(self, port: EntryPort) -> None:
        person, company = (port.read(asked(one["assertion"])) for one in GOLDEN["assertions"])
        assert person.visitor.user_type is UserType.PERSON
        assert (person.visitor.name, person.visitor.id_number) == (
            "𠮷田𬭩·阿依努尔", "522701196501010000",
        )  # fmt: skip
        assert (person.visitor.number, person.visitor.uscc) == ("GF20251014000001", "")
        assert company.visitor.user_type is UserType.LEGAL_PERSON
        assert company.visitor.uscc == "91522700MA0000097C"
        assert person.mark != company.mark
        assert "阿依努尔" not in repr(person)

    def test_our_words_make_the_golden_text(self) -> None:
        for one in GOLDEN["assertions"]:
            made = base64.b64decode(assertion(one["items"])).decode()
            assert base64.b64decode(one["assertion"]).decode() == made

    def test_a_plus_that_became_a_blank_comes_back(self, port: EntryPort) -> None:
        texts = (assertion(ITEMS | {"X": "?>~?>~?>~"[:k]}) for k in range(9))
        text = next(one for one in texts if "+" in one)
        assert port.read(BrowserRequest(CALLBACK, f"assertion={text}", "")).visitor.number

    @pytest.mark.parametrize(
        ("name", "value"),
        [("CARD_NO", "522701196503030005"), ("USER_TYPE", "2"), ("PROJECT_NO", "GF1"),
         ("CLIENT_ID", "OTHER"), ("EXTRA", "1")],
    )  # fmt: skip
    def test_tampered(self, port: EntryPort, name: str, value: str) -> None:
        plain = base64.b64decode(assertion()).decode()
        head, _, tail = plain.rpartition("|Signature=")
        kept = [one for one in head.split("|") if not one.startswith(f"{name}=")]
        forged = "|".join([*kept, f"{name}={value}", f"Signature={tail}"])
        assert refused(port, asked(base64.b64encode(forged.encode()).decode())) == "signature"

    @given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
    def test_no_bit_can_be_turned(self, place: int, bit: int) -> None:
        plain = bytearray(base64.b64decode(assertion()))
        plain[place % len(plain)] ^= 1 << bit
        with pytest.raises(EntryRefused) as no:
            opened(base64.b64encode(bytes(plain)).decode(), Secret(SSO))
        assert no.value.word in (EntryWord.SIGNATURE, EntryWord.UNREADABLE)

    @given(
        st.dictionaries(
            st.from_regex(r"[A-Z_]{1,12}", fullmatch=True).filter(lambda n: n != "Signature"),
            st.text(st.characters(exclude_characters="|", exclude_categories=["Cs"]), max_size=20),
            min_size=1,
        )
    )
    def test_whatever_is_signed_is_read_back(self, items: dict[str, str]) -> None:
        said = opened(assertion(items), Secret(SSO))
        assert dict(said.items) == items
        turned = dict(reversed(items.items()))
        assert opened(assertion(turned), Secret(SSO)).mark == said.mark

    def test_two_spellings_of_one_signature_are_one(self) -> None:
        plain = base64.b64decode(assertion()).decode()
        last = plain[-2]
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        other = alphabet[alphabet.index(last) ^ 1]
        forged = f"{plain[:-2]}{other}="
        with pytest.raises(EntryRefused):
            opened(base64.b64encode(forged.encode()).decode(), Secret(SSO))

    @pytest.mark.parametrize(
        "text",
        ["", "%%%", base64.b64encode(b"A=1|B=2").decode(), base64.b64encode(b"\xff|x=1").decode(),
         base64.b64encode(b"A=1|A=2|Signature=AF1760405400000AFxxxxxxxxxxxxxxxxxxxxxxxxxxx=").decode(),
         base64.b64encode(b"Signature=AF1760405400000AFxxxxxxxxxxxxxxxxxxxxxxxxxxx=").decode()],
    )  # fmt: skip
    def test_unreadable(self, port: EntryPort, text: str) -> None:
        assert refused(port, asked(text)) == "unreadable"

    def test_a_part_twice_is_nobodys_to_choose(self, port: EntryPort) -> None:
        query = asked(assertion()).query
        doubled = BrowserRequest(CALLBACK, f"{query}&{query}", "")
        assert refused(port, doubled) == "unreadable"

    @pytest.mark.parametrize(
        ("off", "word"), [(-299, ""), (299, ""), (-301, "expired"), (301, "clock")]
    )
    def test_its_time(self, port: EntryPort, off: int, word: str) -> None:
        request = asked(assertion(at=NOW + timedelta(seconds=off)))
        if word:
            assert refused(port, request) == word
        else:
            assert port.read(request).visitor.number

    def test_who_does_not_hold_the_secret_learns_nothing_of_our_clock(
        self, port: EntryPort
    ) -> None:
        old = asked(assertion(at=NOW - timedelta(days=1), secret="other"))
        assert refused(port, old) == "signature"

    def test_meant_for_somebody_else(self, port: EntryPort) -> None:
        assert refused(port, asked(assertion(ITEMS | {"CLIENT_ID": "QTJG"}))) == "audience"
        bare = {name: text for name, text in ITEMS.items() if name != "CLIENT_ID"}
        assert refused(port, asked(assertion(bare))) == "audience"

    @pytest.mark.parametrize(
        "off",
        [{"CARD_NO": "522701196501010001"}, {"CARD_NO": ""}, {"USER_NAME": ""},
         {"USER_NAME": "一" * 121}, {"USER_TYPE": "3"}, {"PROJECT_NO": "../../x"},
         {"PROJECT_NO": ""}, {"USER_TYPE": "2"},
         {"USER_TYPE": "2", "CORPORATE_NAME": "某公司", "CORPORATE_CODE": "91522700MA0000097A"}],
    )  # fmt: skip
    def test_an_identity_we_cannot_use(self, port: EntryPort, off: dict[str, str]) -> None:
        assert refused(port, asked(assertion(ITEMS | off))) == "identity"


class TestOnward:
    @pytest.mark.parametrize(
        "target",
        ["https://evil.example/", "https://wt.example.cn.evil.example/", "//evil.example/",
         "https://wt.example.cn@evil.example/", "https:/\\evil.example", "javascript:alert(1)",
         "http://wt.example.cn/", "https://wt.example.cn:8443/", "/page",
         "https://wt.example.cn/ x", "https://wt.example.cn/\r\nSet-Cookie: a=b", "https://WT.example.cn/"],
    )  # fmt: skip
    def test_a_foreign_target(self, port: EntryPort, target: str) -> None:
        assert refused(port, asked(assertion(), target=target)) == "target"

    def test_always_to_the_hall_s_own_address(self, port: EntryPort) -> None:
        said = port.read(asked(assertion(), target="https://wt.example.cn/purchase?x=1"))
        answer = port.onward("k" * 43, said.visitor)
        assert (answer.status, answer.headers["Location"]) == (
            302, f"https://wt.example.cn/sso?key={'k' * 43}",
        )  # fmt: skip
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert said.visitor.target == "https://wt.example.cn/purchase?x=1"

    @pytest.mark.parametrize(
        "values",
        [{"hall_url": "https://evil.example/sso"}, {"hall_origins": ""},
         {"hall_origins": "https://wt.example.cn/sso"}, {"hall_origins": "*"},
         {"hall_origins": "http://wt.example.cn", "hall_url": "http://wt.example.cn/sso"},
         {"hall_url": "https://wt.example.cn/sso?a=b"}],
    )  # fmt: skip
    def test_a_hall_that_is_not_on_its_list_stops_the_start(self, values: dict[str, str]) -> None:
        with pytest.raises(Misconfigured):
            entry.build(context(**values))

    @pytest.mark.parametrize("word", list(EntryWord))
    def test_every_refusal_has_a_page_in_both_languages(
        self, port: EntryPort, word: EntryWord
    ) -> None:
        answer = port.page(word)
        html = answer.body.decode("utf-8")
        assert answer.status >= 400
        assert html.count(port.code(word)) == 2
        assert 'lang="zh-CN"' in html
        assert 'lang="en"' in html
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]

    @pytest.mark.parametrize("word", list(RedeemWord))
    def test_every_word_to_the_hall_is_in_the_contract(
        self, port: EntryPort, word: RedeemWord
    ) -> None:
        said = json.loads(port.redeemed(word).body)
        assert CONTRACT.validate_json("hall.redeem.reply", said) == []
        assert said["code"] == port.code(word)
