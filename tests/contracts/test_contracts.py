"""contract.yaml as values: what is read, what is refused, and XSD drifts."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.contracts import CodeStatus, ContractBroken, load_contract
from hub.kernel.errors import BadInput

ROOT = Path(__file__).parents[2] / "contracts_spec"
ICBC = ROOT / "banks" / "icbc"
HEAD = '<?xml version="1.0" encoding="GBK"?>'
FOLDERS = sorted(path.parent for path in ROOT.glob("*/*/contract.yaml"))


@pytest.fixture
def altered(tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], None]], Path]:
    """A copy of ICBC's contract with something changed."""

    def make(change: Callable[[dict[str, Any]], None]) -> Path:
        folder = tmp_path / "icbc"
        shutil.copytree(ICBC, folder)
        raw = yaml.safe_load((folder / "contract.yaml").read_text(encoding="utf-8"))
        change(raw)
        (folder / "contract.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
        return folder

    return make


class TestReading:
    @pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
    def test_every_contract_of_the_project_is_sound(self, folder: Path) -> None:
        contract = load_contract(folder)
        assert contract.version
        assert contract is load_contract(folder)

    def test_icbc(self) -> None:
        icbc = load_contract(ICBC)
        assert (icbc.timing.call_timeout_s, icbc.timing.settle_after_s) == (15, 60)
        assert (icbc.limit("batch_rows"), icbc.limit("inquiry_rows")) == (500, 100)
        assert icbc.transaction("PAYENT").effect
        assert icbc.transaction("QPAYENT").operations == ("fetch_results", "inquire")
        assert icbc.partner.extra["bank_code"] == "102"
        assert set(icbc.secrets) == {"cert"}

    def test_every_operation_of_the_bank_port_has_a_transaction(self) -> None:
        served = {one for tx in load_contract(ICBC).transactions.values() for one in tx.operations}
        assert served == {
            "instruct", "fetch_results", "inquire", "fetch_statement", "fetch_balance",
            "fetch_dues", "verify_loan", "register_agreement", "cancel_agreement", "probe",
        }  # fmt: skip

    def test_what_is_not_there_is_named(self) -> None:
        icbc = load_contract(ICBC)
        for ask in (icbc.limit, icbc.field, icbc.table, icbc.transaction):
            with pytest.raises(BadInput, match="nonsense"):
                ask("nonsense")
        with pytest.raises(BadInput):
            icbc.validate_json("PAYENT.reply", {})

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            (lambda c: c["timing"].update(settle_after_s=55), "settle_after_s"),
            (lambda c: c.update(format=2), "format"),
            (lambda c: c.pop("timing"), "timing"),
            (lambda c: c["limits"].update(batch_rows=0), "above 0"),
            (lambda c: c["numbers"].update(idempotent="yes"), "true or false"),
            (lambda c: c["schemas"]["QPD.reply"].update(kind="dtd"), "dtd"),
            (lambda c: c["schemas"]["QPD.reply"].update(file="schemas/none.xsd"), "none.xsd"),
            (lambda c: c["code_tables"]["result"]["codes"].update({7: {}}), "quotes"),
            (lambda c: c["code_tables"]["result"]["codes"]["9"].update(final=True), "final"),
            (lambda c: c["code_tables"]["result"]["codes"]["9"].update(status="ok"), "ok"),
            (lambda c: c["code_tables"]["result"]["codes"]["9"].pop("retry"), "retry"),
        ],
    )
    def test_an_unsound_contract_stops_the_start(
        self,
        altered: Callable[[Callable[[dict[str, Any]], None]], Path],
        change: Callable[[dict[str, Any]], None],
        named: str,
    ) -> None:
        with pytest.raises(ContractBroken, match=named):
            load_contract(altered(change))

    def test_a_missing_or_broken_file(self, tmp_path: Path) -> None:
        with pytest.raises(ContractBroken):
            load_contract(tmp_path)
        (tmp_path / "contract.yaml").write_text("{", encoding="utf-8")
        with pytest.raises(ContractBroken):
            load_contract(tmp_path)


class TestCodes:
    @pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
    def test_a_code_nobody_knows_is_unknown_and_never_final(self, folder: Path) -> None:
        for table in load_contract(folder).code_tables.values():
            code = table.look_up("没有这个码")
            assert (code.status, code.final, code.known) == (CodeStatus.UNKNOWN, False, False)

    def test_what_a_system_error_means_is_open(self) -> None:
        icbc = load_contract(ICBC)
        assert not icbc.code("ret_code", "B9999").final
        assert not icbc.code("instr_ret_code", "A1998").final
        assert icbc.code("instr_ret_code", "A1101").reason == "account_closed"

    def test_the_partners_text_is_not_shown_as_a_code(self) -> None:
        table = load_contract(ICBC).table("ret_code")
        assert table.look_up("B0115").shown == "B0115"
        assert table.look_up("Z12").shown == "Z12"
        assert table.look_up("郑琪").shown == "字×2"
        assert table.look_up("6222083230853674213").shown == "9×19"


class TestFields:
    @pytest.mark.parametrize(
        ("name", "fits"),
        [("一" * 30, True), ("一" * 31, False), ("𬭩" * 15, True), ("𬭩" * 15 + "a", False),
         ("\ud800", False)],
    )  # fmt: skip
    def test_names_are_counted_in_bytes(self, name: str, fits: bool) -> None:
        assert load_contract(ICBC).field("RecAccNameCN").takes(name) is fits


def _claim(name: str = "唐𬭩", tail: str = "") -> bytes:
    text = (
        f"{HEAD}<CMS><eb><pub><TransCode>QDKVER</TransCode><CIS>1</CIS><BankCode>102</BankCode>"
        f"<ID>a</ID><TranDate>20251013</TranDate><TranTime>093000125</TranTime>"
        f"<fSeqno>1</fSeqno></pub><in><XYBH>D1</XYBH><JKHTBH>I1</JKHTBH><HKZH>6222</HKZH>"
        f"<JKRXM>{name}</JKRXM><JKRZJH>522729200303083343</JKRZJH>{tail}</in></eb></CMS>"
    )
    return text.encode("gb18030")


class TestXmlDrifts:
    def _drifts(self, document: bytes) -> list[tuple[str, str, str]]:
        found = load_contract(ICBC).validate_xml("QDKVER.request", document)
        return [(d.place.removeprefix("QDKVER.request"), d.expected, d.found) for d in found]

    def test_none(self) -> None:
        assert self._drifts(_claim()) == []

    def test_a_pattern(self) -> None:
        changed = _claim().replace(b"20251013", b"20251313")
        ((place, expected, found),) = self._drifts(changed)
        assert (place, found) == ("/CMS/eb/pub/TranDate", "9×8")
        assert expected.startswith("pattern 20")

    def test_an_element_too_many_and_one_too_few(self) -> None:
        assert self._drifts(_claim(tail="<x>1</x>")) == [
            ("/CMS/eb/in/x", "nothing more here", "element x")
        ]
        lacking = _claim().replace(b"<JKRZJH>522729200303083343</JKRZJH>", b"")
        assert self._drifts(lacking) == [("/CMS/eb/in", "also ( JKRZJH )", "in without it")]

    def test_another_document_and_none_at_all(self) -> None:
        assert self._drifts(b"<a/>") == [("/a", "another document", "element a")]
        assert [d[1] for d in self._drifts(b"<html><br></html>")] == ["a readable document"]

    def test_bytes_count_where_characters_would_fit(self) -> None:
        assert self._drifts(_claim(name="一" * 31)) == [
            ("/CMS/eb/in/JKRXM", "at most 60 bytes of GB18030", "62 bytes")
        ]

    def test_what_was_found_is_never_shown(self) -> None:
        shown = "".join(map(str, self._drifts(_claim().replace(b"102", "郑琪".encode("gb18030")))))
        assert shown
        assert "郑琪" not in shown

    @pytest.mark.parametrize("prefix", ["s", "soap", ""])
    def test_a_place_is_the_same_whatever_prefix_the_partner_chose(self, prefix: str) -> None:
        name, colon = f":{prefix}" if prefix else "", f"{prefix}:" if prefix else ""
        document = (
            f'<{colon}Envelope xmlns{name}="http://schemas.xmlsoap.org/soap/envelope/">'
            f'<{colon}Body><b:QueryBatchResponse xmlns:b="urn:bgz:hpf:offset:v1">'
            f'<batchNo xmlns="">{"1" * 20}</batchNo><itemCount xmlns="">2</itemCount>'
            '<item xmlns=""><instructionNo>1</instructionNo><status>SUCC</status></item>'
            f'<item xmlns=""><instructionNo>{"1" * 20}</instructionNo><status>?</status></item>'
            f"</b:QueryBatchResponse></{colon}Body></{colon}Envelope>"
        )
        found = load_contract(ROOT / "banks" / "bgz").validate_xml(
            "QueryBatch.reply", document.encode()
        )
        base = "QueryBatch.reply/Envelope/Body/QueryBatchResponse/item"
        assert [(one.place, one.found) for one in found] == [
            (f"{base}/instructionNo", "9×1"),
            (f"{base}/status", "?"),
        ]

    def test_threads_do_not_mix_their_findings(self) -> None:
        contract = load_contract(ICBC)
        wrong: list[object] = []

        def work(document: bytes, expected: int) -> None:
            for _ in range(150):
                found = contract.validate_xml("QDKVER.request", document)
                if len(found) != expected:
                    wrong.append(found)

        bad = _claim(tail="<x>1</x>").replace(b"20251013", b"20251313")
        threads = [threading.Thread(target=work, args=one) for one in [(_claim(), 0), (bad, 2)] * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
