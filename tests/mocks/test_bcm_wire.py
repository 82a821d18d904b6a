"""交通银行's mock over its wire: the golden requests' bytes in, replies cut by hand."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from lxml import etree

from tests.mocks.conftest import loan_row, write_loans
from tests.mocks.running import ROOT, Mock

FOLDER = ROOT / "contracts_spec" / "banks" / "bcm"
SAMPLES = FOLDER / "samples"
COLUMNS = yaml.safe_load((FOLDER / "contract.yaml").read_text("utf-8"))["columns"]


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mock]:
    """Its book has the three loans of the golden batch; the name of one holds a pipe."""
    folder = tmp_path_factory.mktemp("bcm")
    sent = _listed(SAMPLES / "330008.request.xml")
    rows = [
        loan_row(
            place, YHJC="BCM", JKHTBH=one["loan_no"], HKZH=one["rcv_acno"], JKRXM=one["rcv_acname"],
            YHRQ="20251020",
        )
        for place, one in enumerate(sent)
    ]  # fmt: skip
    rows.append(loan_row(9, YHJC="BCM", JKHTBH="BCM|9", JKRXM="郑|琪\n二", YHRQ="20251020"))
    made = Mock("bank-bcm", folder / "state", write_loans(folder / "data", rows))
    made.start()
    _control(made, "/clock", {"now": "2025-10-13T09:30:00+08:00"})
    _post(made, (SAMPLES / "330008.request.xml").read_bytes())
    yield made
    made.stop()


def _control(mock: Mock, path: str, body: dict[str, object]) -> None:
    httpx.post(f"{mock.urls['control']}{path}", json=body, trust_env=False).raise_for_status()


def _post(mock: Mock, data: bytes) -> etree._Element:
    answer = httpx.post(f"{mock.urls['front']}/", content=data, trust_env=False)
    assert answer.status_code == 200
    return _tree(answer.content)


def _tree(data: bytes) -> etree._Element:
    return etree.fromstring(data.decode("gb18030").split("?>", 1)[1])


def _listed(said: "Path | etree._Element") -> list[dict[str, str]]:
    root = _tree(said.read_bytes()) if isinstance(said, Path) else said
    width, length = (int(root.findtext(f"body/{n}") or "") for n in ("field_num", "record_num"))
    cells = (root.findtext("body/serial_record") or "").split("|")
    assert cells.pop() == ""
    assert len(cells) == width * (length + 1)
    rows = [cells[start : start + width] for start in range(0, len(cells), width)]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def _codes(root: etree._Element) -> tuple[str | None, str | None]:
    return root.findtext("head/ans_code"), root.findtext("head/particular_code")


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.request.xml")), ids=lambda path: path.name)
def test_every_golden_request_is_understood(mock: Mock, path: Path) -> None:
    root = _post(mock, path.read_bytes())
    code = path.name[:6]
    # The golden second page names the list of another month's book; the agreements are unknown.
    stale = path.name.startswith("390001.page2")
    assert _codes(root) == (("1", "P0113") if stale else ("0", "0000"))
    assert (root.findtext("head/tr_code"), root.findtext("head/req_no")) == (
        code, "251013093000a1b2c3d4",
    )  # fmt: skip
    schema = etree.XMLSchema(etree.parse(str(FOLDER / "schemas" / f"{code}.reply.xsd")))
    assert schema.validate(root), schema.error_log
    if root.find("body/serial_record") is not None:
        layout = COLUMNS[f"{code}.reply"]["values"]
        assert all(set(row) == set(layout) for row in _listed(root))


def test_the_golden_batch_is_booked_once_and_told_row_by_row(mock: Mock) -> None:
    _post(mock, (SAMPLES / "330008.request.xml").read_bytes())
    told = _listed(_post(mock, (SAMPLES / "330012.request.xml").read_bytes()))
    assert [(row["stat"], row["amt"]) for row in told] == [
        ("1", "2284.14"), ("1", "3500.00"), ("1", "0.01"),
    ]  # fmt: skip
    entries = _listed(_post(mock, (SAMPLES / "310201.request.xml").read_bytes()))
    assert [(row["oppo_acname"], row["dc_flag"]) for row in entries] == [
        ("郑琪", "D"), ("唐𬭩", "D"), ("欣信丽·红东俊娜", "D"),
    ]  # fmt: skip


def test_a_pipe_in_the_books_does_not_break_the_list(mock: Mock) -> None:
    rows = _listed(_post(mock, (SAMPLES / "390001.request.xml").read_bytes()))
    assert (rows[-1]["loan_no"], rows[-1]["jkrxm"]) == ("BCM｜9", "郑｜琪 二")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<corp_no>5227000001", "<corp_no>5227000002", "P0101"),
        ("<user_no>00001", "<user_no>00002", "P0101"),
        ("<record_num>3", "<record_num>2", "P0110"),
        ("<field_num>6", "<field_num>5", "P0110"),
        ("rcv_acname|amt", "amt|rcv_acname", "P0110"),
        ("|郑琪|", "|郑|琪|", "P0110"),
        ("|2284.14|", "|2284.1|", "P0110"),
        ("<sum_amt>5784.15", "<sum_amt>5784.16", "P0111"),
        ("<sum_num>3", "<sum_num>2", "P0111"),
        ("|0.01|", "|0.02|", "P0111"),
    ],
)
def test_what_is_off_the_contract_is_not_taken(mock: Mock, old: str, new: str, code: str) -> None:
    text = (SAMPLES / "330008.request.xml").read_bytes().decode("gb18030")
    assert old in text
    root = _post(mock, text.replace(old, new, 1).encode("gb18030"))
    assert _codes(root) == ("1", code)
    assert root.find("body") is None
