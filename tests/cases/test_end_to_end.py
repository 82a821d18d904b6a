"""From the platform's push to its receipts, on real sockets, judged by the two mocks' books."""

import base64
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from hub.bus.tables import drift
from tests.cases.stage import NAME, PEOPLE, Stage, of, stage, until
from tests.conftest import postgres_schema


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("centre")) as up:
        yield up


@pytest.fixture
def centre(running: Stage) -> Stage:
    return running


def test_one_person_by_two_doors_is_paid_once(centre: Stage) -> None:
    centre.file("case.push")
    centre.file("item.push")
    until(lambda: centre.steps("GZ20251013000001")[-1:] == ["3"])
    until(lambda: centre.steps("SX20251013000001")[-1:] == ["3"])
    assert centre.applications() == ["03"]
    assert centre.answers() == [("taken", "200"), ("taken", "200")]
    told = centre.told("GZ20251013000001")
    other = centre.told("SX20251013000001")
    assert told["withdrawalPrincipal"] == other["principal"] == "44022.27"
    assert told["withdrawalInterest"] == other["interest"]
    assert centre.steps("GZ20251013000001")[:3] == ["0", "1", "2"]


def drifts(centre: Stage) -> set[str]:
    with centre.hub.store.read() as view:
        return {row.found for row in view.execute(sa.select(drift))}


def test_pushes_that_are_off_are_not_believed_and_come_again(centre: Stage) -> None:
    shapes = ("push_bad_signature", "push_stale", "push_garbage", "push_twice", "push_replayed")
    for place, shape in enumerate(shapes):
        centre.file(id=f"BAD-{place}", shape=shape, **of("bad"))
    mine = [f"BAD-{place}" for place in range(len(shapes))]

    def said() -> dict[tuple[str, int], tuple[str, str, int]]:
        return {
            (one["number"], one["version"]): (one["state"], one["said"], one["tries"])
            for one in centre.platform("GET", "/cases")["cases"]
            if one["number"] in mine
        }

    until(lambda: len(said()) == 6 and all(one[0] != "waiting" for one in said().values()))
    found = said()
    assert [found[f"BAD-{n}", 1] for n in range(5)] == [
        ("taken", "200", 2), ("taken", "200", 2), ("taken", "200", 2), ("taken", "200", 2),
        ("taken", "200", 1),
    ]  # fmt: skip
    assert found["BAD-4", 99][:2] == ("given up", "403")
    until(lambda: all(centre.state(number) == "done" for number in mine))
    assert centre.core("GET", "/registry/applications.csv").count("52270000000103") == 1
    assert {"a nonce again", "signature"} <= drifts(centre)


def test_money_on_hold_waits_and_says_so(centre: Stage) -> None:
    centre.core("POST", "/registry/held", GRZH="52270000000102", fen=500)
    centre.file(id="HOLD-1", **of("hold"))
    until(lambda: centre.steps("HOLD-1")[-1:] == ["7"])
    assert "在途对冲" in centre.told("HOLD-1")["sjyy"]
    centre.core("POST", "/registry/held", GRZH="52270000000102", fen=0)
    until(lambda: centre.steps("HOLD-1")[-1:] == ["3"])


def test_a_platform_that_is_away_is_told_everything_later(centre: Stage) -> None:
    centre.platform("POST", "/faults", match={"endpoint": "api"}, fault="refuse")
    centre.file(id="AWAY-1", **of("away"))
    until(lambda: centre.state("AWAY-1") == "done")
    assert centre.steps("AWAY-1") == []
    centre.platform("DELETE", "/faults")
    centre.platform("POST", "/keys", name="app_secret")  # and it has changed its secret meanwhile
    until(lambda: centre.steps("AWAY-1")[-1:] == ["3"], 40)
    seqs = [one["seq"] for one in centre.platform("GET", "/feedback?number=AWAY-1")["feedback"]]
    assert seqs == list(range(1, len(seqs) + 1))


def test_a_withdrawal_reaches_the_core(centre: Stage) -> None:
    centre.core("POST", "/registry/pace", manual=True)
    centre.file(id="BACK-1", **of("back"))
    until(lambda: centre.state("BACK-1") == "in_core")
    centre.file("case.withdraw", id="BACK-1")
    until(lambda: centre.steps("BACK-1")[-1:] == ["8"])
    assert "05" in centre.applications()
    centre.core("POST", "/registry/pace", manual=False)


def test_documents_come_from_the_store_and_must_be_whole(centre: Stage) -> None:
    centre.platform("POST", "/faults", match={"endpoint": "docs", "first": 1}, fault="wrong_digest")
    for file_id in ("DOC-0001", "DOC-0002"):
        content = b"\x89PNG\r\n\x1a\n0" if file_id.endswith("1") else b"%PDF-1.4"
        centre.platform("POST", "/documents", fileid=file_id,
                        base64=base64.b64encode(content).decode())  # fmt: skip
    centre.file(sample="case.push.documents.request.json", id="DOCS-1", **of("docs"))
    until(lambda: centre.steps("DOCS-1")[-1:] == ["3"])
    assert "they do not agree" in drifts(centre)


def test_what_is_lacking_is_told_line_by_line(centre: Stage) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("01-a.pdf", b"%PDF" + b"0" * 30_000_000)
    listed = [
        {"attName": "a.zip", "attType": "99",
         "fileBase64": base64.b64encode(bomb.getvalue()).decode()},
        {"attName": "b.pdf", "attType": "02", "fileBase64": base64.b64encode(b"MZ").decode()},
    ]  # fmt: skip
    centre.file(id="LACK-1", attachmentList=listed, **of("docs"))
    until(lambda: centre.steps("LACK-1")[-1:] == ["5"])
    lacking = "".join(centre.told("LACK-1")["lacking"])
    for words in ("解开后过大", "类型不符", "缺少必需的材料"):
        assert words in lacking, words


def test_ten_megabytes_are_refused_at_the_door(centre: Stage) -> None:
    url = f"{centre.address}/onething-retirement/case/push"
    said = httpx.post(url, content=b"x" * 10_000_000, timeout=20, trust_env=False)
    assert said.status_code == 413


def test_nothing_personal_is_in_the_database_in_clear(centre: Stage) -> None:
    whole = b"".join(path.read_bytes() for path in centre.hub.settings.home.glob("hub.sqlite*"))
    for secret in (NAME, "陆小雨", "522701196503030005", "6222080000000000015", "52270000000103"):
        assert secret.encode() not in whole, secret


@pytest.fixture
def postgres() -> Iterator[str]:
    """A URL onto an empty schema."""
    yield from postgres_schema()


def test_many_at_once_on_postgresql(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both doors, newer versions and withdrawals of several people in the same moment."""
    monkeypatch.setenv("HUB_DATABASE_URL", postgres)
    with stage(tmp_path / "centre") as centre:
        for who, (_, name, paper) in PEOPLE.items():
            centre.file(id=f"C-{who}", **of(who))
            centre.file("item.push", sblsh=f"I-{who}", sqrmc=name, sqrzjhm=paper)
            centre.file(id=f"C-{who}", version=2, bankAccount="6222080000000000099", **of(who))
        centre.file("case.withdraw", id="C-back", version=2)
        numbers = [f"{door}-{who}" for who in PEOPLE for door in "CI"]
        until(lambda: all(centre.steps(one)[-1:] in (["3"], ["8"]) for one in numbers), 60)
        states = {number: centre.state(number) for number in numbers}
        assert {number for number, state in states.items() if state != "done"} <= {"C-back"}
        rows = centre.core("GET", "/registry/applications.csv").splitlines()
        paid = [row for row in rows[1:] if ",03," in row]
        assert len(paid) == len(PEOPLE)
