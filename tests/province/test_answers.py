"""Who is answered what, and what is never said."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.province.supervision.periods import Span, parts
from adapters.province.supervision.rendering import hundredths
from hub.audit.tables import audit_entry
from hub.queries.tables import query_call
from hub.store import Store
from tests.province.kit import GROUPS, PERIOD, Site, core_over_the_month, site_on

LOANS = {"bm": "01", "pageSize": 3, "pageNumber": 1}


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    mock = core_over_the_month(tmp_path_factory.mktemp("core"))
    yield mock
    mock.stop()


@pytest.fixture
def site(empty_store: Store, tmp_path: Path, core: Any) -> Iterator[Site]:
    with site_on(empty_store, tmp_path, core) as made:
        yield made
        made.hand.reset()


def test_a_grant_says_which_functions_and_whether_persons_are_clear(site: Site) -> None:
    site.grant("ONLY-FIGURES", "figures")
    site.grant("PERSONS", "details", "persons")
    ask = site.ask
    assert ask("yqqk/get_yqqk_DataCx", rid="ONLY-FIGURES")["code"] == "200"
    for name, said in (
        ("yqqk/jg_yqqk_gdyqqk_tc", LOANS), ("zjlxjk/get_all_bank", {}),
        ("zhfwpt/qdlogin", PERIOD),
    ):  # fmt: skip
        refused = ask(name, rid="ONLY-FIGURES", **said)
        assert (refused["code"], refused["success"], refused["data"]) == ("403", False, None)
    masked = ask("yqqk/jg_yqqk_gdyqqk_tc", **LOANS)["data"]
    clear = ask("yqqk/jg_yqqk_gdyqqk_tc", rid="PERSONS", **LOANS)["data"]
    assert len(masked) == len(clear) == 3
    for hidden, shown in zip(masked, clear, strict=True):
        assert hidden["jkrxm"] == shown["jkrxm"][0] + "*" * (len(shown["jkrxm"]) - 1)
        assert hidden["jkrzjh"][6:14] == "*" * 8 != shown["jkrzjh"][6:14]
        assert shown["jkrgjjzh"][:-4] not in hidden["jkrgjjzh"]
        assert hidden["dkye"] == shown["dkye"]


def test_one_signature_is_for_one_function_and_one_body(site: Site) -> None:
    signed = site.headers()
    first = site.ask("zjlxjk/get_all_bank", signed)
    assert first["code"] == "200"
    assert site.ask("zjlxjk/get_all_bank", signed) == first
    assert site.ask("zjlxjk/yhzhye_table_cx", signed)["code"] == "409"  # the very same body
    assert site.ask("zjlxjk/get_bank_ye", signed, **PERIOD)["code"] == "409"
    with site.store.read() as view:
        acts = [row.act for row in view.execute(sa.select(audit_entry.c.act))]
        calls = view.execute(sa.select(query_call)).all()
    assert acts.count("query.replayed") == 2
    assert [(one.word, one.misused, one.uscc_token) for one in calls] == [("answered", 1, "")]
    assert b"get_all_bank" not in bytes(calls[0].sealed)  # sealed, as every call


def test_what_is_off_the_contract_is_named_by_its_code(site: Site) -> None:
    grid = {"target": "0301007201", "tjzq": "01", **PERIOD}
    for name, said, code in (
        ("zjlxjk/get_all_bank", {"zjbzxbm": "C52010"}, "301"),
        ("dzbfx/more_target_value_cx", {"xmbm": "0301020201", **PERIOD}, "302"),
        ("dzbfx/more_grid_cx", {**grid, "dimension1": "bm_tqyy"}, "302"),
        ("dzbfx/more_grid_cx", {**grid, "dimension1": "bm_khjg", "dimension2": "bm_khjg"}, "302"),
        ("zjlxjk/get_bank_ye", {"ksrq": "2025-10-01", "jsrq": "2025-09-30"}, "304"),
        ("zjlxjk/get_bank_ye", {"ksrq": "2025-02-30", "jsrq": "2025-09-30"}, "304"),
        ("dzbfx/more_chart_cx", {**grid, "ksrq": "2024-01-01"}, "304"),  # more than 120 days
        ("zjlxjk/get_bank_ye", {"ksrq": "2025/09/01", "jsrq": "2025-09-30"}, "303"),
        ("zjlxjk/get_bank_ye", {**PERIOD, "more": "1"}, "303"),
        ("zjlxjk/get_yhlsjymx", {**PERIOD, "pageSize": 501, "pageNumber": 1}, "303"),
        ("yqqk/jg_yqqk_gdyqqk_tc", {**LOANS, "bm": "07"}, "303"),
    ):  # fmt: skip
        assert site.ask(name, **said)["code"] == code, (name, said)
    assert site.http.post("/JG/dzbfx/more_target_add.service", json={}).json()["code"] == "305"


def test_a_stock_is_of_the_copy_s_own_day_or_unknown(site: Site) -> None:
    past = {"ksrq": "2025-08-01", "jsrq": "2025-08-31"}
    said = site.ask("common/get_business_data", **past)["data"][0]
    assert (said["jcye"], said["ljjzzrs"], said["dkye"]) == ("", "", "")
    assert said["sjce"] != "0.00"
    assert site.ask("dzbfx/more_target_value_cx", xmbm="0301008101", **past)["data"][0] == {
        "bqz": "", "hbl": "", "tbl": "",
    }  # fmt: skip
    chart = site.ask("dzbfx/more_chart_cx", target="0302000801", tjzq="03", **PERIOD)["data"]
    assert [(one["dimensionmc1"], one["value1"] == "") for one in chart] == [
        ("2025-09", True), ("2025-10", False),
    ]  # fmt: skip


def test_pages_are_the_whole_list_once(site: Site) -> None:
    whole = site.ask("zjlxjk/get_yhlsjymx", **PERIOD, pageSize=500, pageNumber=1)
    gathered: list[Any] = []
    for page in range(1, 40):
        said = site.ask("zjlxjk/get_yhlsjymx", **PERIOD, pageSize=9, pageNumber=page)
        assert said["totalcount"] == whole["totalcount"]
        if not said["data"]:
            break
        gathered += said["data"]
    assert gathered == whole["data"]
    assert len(gathered) == whole["totalcount"] > 9


def test_an_old_copy_and_unreadable_records_are_told(site: Site) -> None:
    row = {"YHZH": "240200000000099901", "YHDM": "102", "YHMC": "x", "ZHXZ": "01", "ZHLX": "xx",
           "YE": "9.99"}  # fmt: skip
    before = site.ask("zjlxjk/yhzhye_table_cx")
    site.change("bank_accounts", row)
    after = site.ask("zjlxjk/yhzhye_table_cx")
    assert (before["wjl"], after["wjl"]) == (0, 1)
    assert after["data"] == before["data"]
    for number in range(100):
        site.hand.control(
            "POST", "/registry/bank_accounts/records",
            set=[row | {"YHZH": f"2402000000000998{number:02d}"}],
        )  # fmt: skip
    site.follow()
    assert site.ask("zjlxjk/yhzhye_table_cx")["code"] == "310"
    assert site.ask("yqqk/get_yqqk_DataCx")["code"] == "200"  # another source is whole
    site.move(hours=2)
    old = site.ask("yqqk/get_yqqk_DataCx")
    assert (old["code"], old["data"]) == ("503", None)
    site.follow()
    assert site.ask("yqqk/get_yqqk_DataCx")["code"] == "200"


def test_what_the_core_never_told_is_no_zero(site: Site) -> None:
    with site.store.write() as tx:
        tx.execute(sa.text("DELETE FROM registry_fact WHERE kind = 'DK'"))
    assert site.ask("yqqk/get_yqqk_DataCx")["code"] == "310"
    assert site.ask("common/get_business_data", **PERIOD)["code"] == "310"
    assert site.ask("zjlxjk/yhzhye_table_cx")["code"] == "200"


def test_rates_shares_and_changes(site: Site) -> None:
    said = site.ask("dzbfx/more_target_value_cx", xmbm="0302020401", **PERIOD)["data"][0]["bqz"]
    figures = site.ask("common/get_business_data", **PERIOD)["data"][0]
    due, left = (int(figures[name].replace(".", "")) for name in ("yqdkje", "dkye"))
    assert said == hundredths(due, left, 100)
    shares = [one["gjzb"] for one in site.ask("bbgl/ywtj_cx", **PERIOD)["data"]]
    assert abs(sum(int(one.replace(".", "")) for one in shares) - 10_000) <= len(shares)


def test_nobody_s_name_stands_in_the_hub_s_store(site: Site) -> None:
    site.ask("yqqk/jg_yqqk_gdyqqk_tc", **LOANS)
    with site.store.read() as view:
        for table in ("registry_fact", "query_call", "audit_entry"):
            for row in view.execute(sa.text(f"SELECT * FROM {table}")):
                text = json.dumps([str(value) for value in row], ensure_ascii=False)
                assert "喻松" not in text
                assert "522700199711100001" not in text


@given(
    begin=st.dates(date(2001, 1, 1), date(2060, 1, 1)), days=st.integers(0, 800),
    period=st.sampled_from(["01", "02", "03", "04", "05", "06"]),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_periods_are_the_span_once(begin: date, days: int, period: str) -> None:
    span = Span(begin, begin + timedelta(days=days))
    found = list(parts(span, period))
    assert found[0].span.begin == span.begin
    assert found[-1].span.end == span.end
    for one, following in pairwise(found):
        assert one.span.end + timedelta(days=1) == following.span.begin
        assert one.name != following.name
    back = span.back(12)
    assert (back.begin.year, back.begin.month) == (begin.year - 1, begin.month)


@given(part=st.integers(-(10**15), 10**15), whole=st.integers(1, 10**15))
@settings(max_examples=200, deadline=None)
def test_hundredths_are_the_nearest(part: int, whole: int) -> None:
    text = hundredths(part, whole, 100)
    exact, said = part * 100 * 100 / whole, int(text.replace(".", ""))
    assert abs(said - exact) <= 0.5 + abs(exact) * 1e-12
    assert hundredths(part, 0, 100) == ""


def test_groups_of_the_kit_are_the_contract_s(site: Site) -> None:
    assert {*GROUPS, "persons"} == set(site.port.grantable)
