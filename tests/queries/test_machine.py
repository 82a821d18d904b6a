"""Callers, signatures and grants against a model, and bodies of any shape."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from hub.contracts import load_contract
from hub.store import Store
from tests.queries.kit import LI as WHO
from tests.queries.kit import LISTING, NAME, RID, SPEC, Bench, bench_on, question

BODIES = [question(), question(ksny="202502"), question(qymc="别的名字"), {"x": 1}]
CODES = ["200", "200", "302", "303"]


class Door(RuleBasedStateMachine):
    """What a caller is told depends on its grant, its signature's age and what it signed before."""

    signed = Bundle("signed")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(f"sqlite:///{self.folder.name}/hub.sqlite")
        self.bench: Bench = bench_on(self.store, Path(self.folder.name))
        self.granted, self.kept = True, {}  # signature → (body, answer)
        self.kept: dict[str, tuple[int, bytes]]
        self.answers = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    @rule(target=signed)
    def sign(self) -> tuple[dict[str, str], int]:
        return self.bench.headers(), int(self.bench.clock.now().timestamp())

    @rule(which=signed, body=st.sampled_from(range(len(BODIES))))
    def ask(self, which: tuple[dict[str, str], int], body: int) -> None:
        headers, at = which
        said = self.bench.raw(BODIES[body], headers=headers)
        code, mark = json.loads(said.body)["code"], headers["gjgxjhpt_rtime"]
        if abs(self.bench.clock.now().timestamp() * 1000 - int(mark)) > 300_000:
            assert code == "402"
        elif not self.granted:
            assert code == "403"
            self.kept.setdefault(mark, (body, said.body))
        elif mark in self.kept:
            first, answer = self.kept[mark]
            assert (code == "409") if first != body else (said.body == answer)
        else:
            assert code == CODES[body]
            self.kept[mark] = (body, said.body)
            self.answers += code == "200"
        assert at > 0

    @rule()
    def revoke(self) -> None:
        if self.granted:
            with self.store.write() as tx:
                self.bench.callers.revoke(tx, RID, LISTING, "试", WHO)
            self.granted = False

    @rule()
    def grant(self) -> None:
        if not self.granted:
            self.bench.grant(LISTING)
            self.granted = True

    @rule(seconds=st.sampled_from([1, 120, 299]))
    def wait(self, seconds: int) -> None:
        self.bench.move(seconds=seconds)
        self.bench.follow()

    @invariant()
    def each_answer_is_audited_once(self) -> None:
        if not hasattr(self, "bench"):
            return
        with self.store.read() as view:
            told = view.exec_driver_sql(
                "SELECT COUNT(*) FROM audit_entry WHERE act = 'query.answered'"
            ).scalar_one()
        assert told == self.answers


TestDoor = Door.TestCase
TestDoor.settings = settings(max_examples=12, stateful_step_count=20)

_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip
_ODD = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(st.text(max_size=10), _VALUES, max_size=4),
    st.builds(
        lambda changed: question() | changed,
        st.dictionaries(st.sampled_from(sorted(question())), _VALUES, min_size=1, max_size=2),
    ),
)


def test_any_body_gets_an_answer_of_the_contract_that_holds_nothing_of_it(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/hub.sqlite")
    bench, contract = bench_on(store, tmp_path), load_contract(SPEC / "listing")
    bench.grant(LISTING, "fuzz", per_minute=1_000_000)

    @given(_ODD)
    @settings(max_examples=60)
    def holds(body: Any) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        said = bench.ask(data, rid="fuzz")
        assert contract.validate_json("enterprise.reply", said) == []
        assert said["code"] in {"200", "301", "302", "303", "304"}
        assert said["code"] == "200" or NAME not in json.dumps(said, ensure_ascii=False)

    holds()
    store.close()
