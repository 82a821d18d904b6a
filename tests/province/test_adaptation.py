"""适配对照表: what it calls adapted answers over a socket with values counted by hand."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.sample import FOLDER
from hub.store import Store
from tests.province import by_hand
from tests.province.kit import SPEC, Site, core_over_the_month, site_on

CATALOGUE = yaml.safe_load((SPEC / "catalogue.yaml").read_text(encoding="utf-8"))
ADAPTED = [
    one for one in CATALOGUE["functions"]
    if one.get("adaptation", "adapted") == "adapted" and "same_as" not in one
]  # fmt: skip
OF_CODES = ("dzbfx/more_target_cx", "dzbfx/more_tree_cx", "dzbfx/more_dimension_cx")
"""They tell of the catalogue itself, and not of the core's rows."""


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


def name_of(one: dict[str, Any]) -> str:
    return f"{one['module']}/{one['name']}"


def the_same(site: Site, name: str, db: Any) -> None:
    said = site.ask(name, **by_hand.ASKED.get(name, {}))
    assert (said["code"], said["wjl"]) == ("200", 0), (name, said)
    wanted = [dict(row) for row in db.execute(by_hand.SQL[name])]
    assert wanted, name
    given = [{key: row[key] for key in wanted[0]} for row in said["data"]]
    if " ORDER BY " not in by_hand.SQL[name]:
        given, wanted = (sorted(rows, key=repr) for rows in (given, wanted))
    assert given == wanted, name


def test_the_table_names_every_function_counted() -> None:
    there = {name_of(one) for one in ADAPTED}
    assert there == set(by_hand.SQL) | set(OF_CODES)
    assert len(CATALOGUE["functions"]) == 33


def test_every_adapted_function_answers_what_the_rows_say(site: Site) -> None:
    db = by_hand.load(FOLDER)
    for one in ADAPTED:
        if name_of(one) not in OF_CODES:
            the_same(site, name_of(one), db)
    for name in OF_CODES:
        said = site.ask(name, **by_hand.ASKED.get(name, {}))
        assert (said["code"], bool(said["data"])) == ("200", True)


CHANGES: tuple[tuple[str, str, dict[str, str], tuple[str, ...]], ...] = (
    (
        "contributions", "DWZH", {"HJNY": "202509", "YJRS": "9", "SJRS": "3", "YJJE": "8888.88",
                                  "SJJE": "777.77", "JZRQ": "20250915"},
        ("common/get_business_data", "dzbfx/more_target_value_cx", "dzbfx/more_chart_cx"),
    ),
    (
        "fund_loans", "JKHTBH", {"DQYQQS": "4", "YQBJZE": "123.45", "YQLXZE": "6.55",
                                 "DKYE": "4321.09", "DYSLRQ": "20250101", "DYBJRQ": "20250102"},
        ("yqqk/get_yqqk_DataCx", "yqqk/jg_yqqk_gdyqqk_tc", "dyw/get_dywData", "dyw/get_dywmx",
         "common/get_business_data"),
    ),
    (
        "business_entries", "YWLSH", {"YWFL": "02", "YWLX": "11", "JZRQ": "20251003",
                                      "FSE": "1234.56", "BLQD": "01", "CZBZ": "01"},
        ("common/get_fwxl", "bbgl/ywtj_cx", "zjlxjk/lgl_cx", "common/get_business_data"),
    ),
    (
        "settlements", "YWLSH", {"FSE": "23456789.01", "JSFSRQ": "20251014", "JSFSSJ": "235959",
                                 "SZFX": "1"},
        ("zjlxjk/get_bank_ye", "zjlxjk/get_all_bank_sszhmx", "zjlxjk/get_jymx",
         "zjlxjk/get_yhlsjymx", "zjlxjk/dezjjk_cx", "zjlxjk/dezjjk_chart_cx"),
    ),
    (
        "bank_accounts", "YHZH", {"YHDM": "301", "YHMC": "示例交行", "YE": "1.23"},
        ("zjlxjk/get_all_bank", "zjlxjk/yhzhye_table_cx", "common/get_business_data"),
    ),
)  # fmt: skip
"""Table, key, what is changed of its first row, and the functions that must say otherwise then."""
SERVICES = ("xxtsl_cx", "qdfwzl_cx", "yhzcfb_cx", "yhxbxx_cx", "sms_cx", "qdlogin", "yhnlxx_cx",
            "lyqd_cx")  # fmt: skip
UNCHANGED = {"common/get_zbnd", "dzbfx/more_grid_cx"}
"""Changed by rows of their own, in the test."""


def first_row(name: str) -> dict[str, str]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return next(csv.DictReader(file))


def test_values_change_when_the_core_s_rows_do(site: Site) -> None:
    db = by_hand.load(FOLDER)
    changed = set()
    for table, key, but, names in CHANGES:
        before = {name: site.ask(name, **by_hand.ASKED.get(name, {}))["data"] for name in names}
        row = first_row(table) | but
        site.change(table, row)
        if table == "contributions":
            db.execute("DELETE FROM contributions WHERE DWZH=? AND HJNY='202509'", (row["DWZH"],))
        else:
            db.execute(f"DELETE FROM {table} WHERE {key}=?", (row[key],))
        by_hand.put(db, table, row)
        for name in names:
            the_same(site, name, db)
            said = site.ask(name, **by_hand.ASKED.get(name, {}))["data"]
            assert said != before[name], (table, name)
            changed.add(name)
    with (FOLDER / "service_days.csv").open(encoding="utf-8", newline="") as file:
        newest = {row["FWLB"]: row for row in csv.DictReader(file)}
    for family, name in zip(sorted(newest), SERVICES, strict=True):
        row = newest[family] | {"SL": "77"}
        site.change("service_days", row)
        db.execute(
            "DELETE FROM service_days WHERE RQ=? AND FWLB=? AND FL=?",
            (row["RQ"], row["FWLB"], row["FL"]),
        )
        by_hand.put(db, "service_days", row)
        the_same(site, f"zhfwpt/{name}", db)
        changed.add(f"zhfwpt/{name}")
    assert changed | UNCHANGED == set(by_hand.SQL)


def test_a_year_and_a_person_more_are_counted(site: Site) -> None:
    row = first_row("contributions")
    years = site.ask("common/get_zbnd")["data"]
    site.change("contributions", row | {"HJNY": "202201", "JZRQ": "20220115"})
    assert [one["bbxm"] for one in site.ask("common/get_zbnd")["data"]] == [
        "2022", *(one["bbxm"] for one in years)
    ]  # fmt: skip
    asked = by_hand.ASKED["dzbfx/more_grid_cx"]
    before = site.ask("dzbfx/more_grid_cx", **asked)["data"]
    grzh = first_row("persons")["GRZH"]
    site.hand.control("POST", "/accounts", set=[{"GRZH": grzh, "GRZHYE": "99999.99"}])
    site.follow()
    assert site.ask("dzbfx/more_grid_cx", **asked)["data"] != before
