"""What a firm's record says, from the copy of the core's registry."""

import json

import pytest
import sqlalchemy as sa

from hub.contracts import load_contract
from hub.core.copy_tables import registry_entry, registry_person, registry_unit
from hub.core.copying import begin_anew, read_feed
from tests.queries.kit import (
    ALL,
    BANKRUPTCY,
    BRANCH,
    ELSE,
    FIRM,
    HANDLER_ID,
    LISTING,
    NAME,
    OTHER,
    RID,
    SPEC,
    STRANGER,
    UNIT,
    Bench,
    question,
    uscc,
)  # fmt: skip


class TestListing:
    def test_a_firm_over_a_period_with_all_its_units(self, bench: Bench) -> None:
        said = bench.ask()
        assert (said["code"], said["data"]["sfkh"]) == ("200", "1")
        assert said["data"]["sjsj"] == "2025-10-14 12:00:00"
        main, branch = said["data"]["dw"]
        assert (main["dwzh"], main["dwzhzt"], main["jzny"], main["jcrs"]) == (
            UNIT, "01", "202509", 25,
        )  # fmt: skip
        assert [one["ny"] for one in main["hj"]] == ["202501", "202508", "202509"]
        assert main["hj"][-1] == {
            "ny": "202509", "yjrs": 27, "sjrs": 25, "yjje": "38124.00", "sjje": "35300.00"
        }  # fmt: skip
        assert (main["qj"]["sfqj"], main["qj"]["qjje"]) == ("1", "2824.00")
        assert [one["qsny"] for one in main["qj"]["mx"]] == ["202508"]
        assert [(one["jdrq"], one["cfzt"], one["je"]) for one in main["cf"]] == [
            ("20250701", "02", "10000.00")
        ]
        assert (branch["dwzh"], branch["dwzhzt"], branch["khrq"]) == (BRANCH, "05", "20150601")
        assert (branch["hj"], branch["cf"], branch["qj"]["sfqj"]) == ([], [], "0")

    def test_arrears_paid_since_are_told_of_their_period(self, bench: Bench) -> None:
        said = bench.ask(question(ksny="202401", jsny="202401"))["data"]["dw"][0]["qj"]
        assert [(one["qsny"], one["qjzt"]) for one in said["mx"]] == [("202401", "02")]
        assert said["qjje"] == "2824.00"  # what is outstanding now, whatever the period

    @pytest.mark.parametrize(
        ("first", "last", "code"),
        [("202509", "202501", "304"), ("202501", "202511", "304"), ("202009", "202509", "304"),
         ("202010", "202509", "200"), ("202510", "202510", "200"), ("202513", "202509", "303")],
    )  # fmt: skip
    def test_periods(self, bench: Bench, first: str, last: str, code: str) -> None:
        assert bench.ask(question(ksny=first, jsny=last))["code"] == code


class TestBankruptcy:
    def test_what_is_outstanding_now(self, bench: Bench) -> None:
        main = bench.ask(interface=BANKRUPTCY)["data"]["dw"][0]
        assert main["hj"] == []
        assert [(one["qsny"], one["qjzt"]) for one in main["qj"]["mx"]] == [("202508", "01")]
        assert [one["jdrq"] for one in main["cf"]] == ["20230801", "20250701"]

    def test_it_is_asked_for_a_case(self, bench: Bench) -> None:
        assert bench.ask(question(BANKRUPTCY, ah=" "), BANKRUPTCY)["code"] == "303"
        bench.ask(interface=BANKRUPTCY)
        with bench.store.read() as view:
            told = view.exec_driver_sql(
                "SELECT detail FROM audit_entry WHERE act = 'query.answered'"
            ).scalar_one()
        assert json.loads(told)["reference"] == "（2025）黔27破1号"


class TestWho:
    def test_not_opened_here_is_an_answer(self, bench: Bench) -> None:
        said = bench.ask(question(tyshxydm=STRANGER))
        assert (said["code"], said["data"]["sfkh"], said["data"]["dw"]) == ("200", "0", [])

    def test_brackets_blanks_and_case_do_not_count(self, bench: Bench) -> None:
        spelt = question(qymc=" 黔南样例(集团) 有限公司", tyshxydm=FIRM.lower())
        assert bench.ask(spelt)["data"]["sfkh"] == "1"

    def test_any_unit_s_name_is_the_firm_s(self, bench: Bench) -> None:
        assert len(bench.ask(question(qymc="黔南样例分公司"))["data"]["dw"]) == 2

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"qymc": "都匀别家有限公司"}, "302"),
            ({"tyshxydm": OTHER}, "302"),
            ({"tyshxydm": FIRM[:17] + ("0" if FIRM[17] != "0" else "1")}, "301"),
            ({"tyshxydm": "I" + FIRM[1:]}, "301"),
            ({"tyshxydm": FIRM[:17]}, "303"),
            ({"jbr_sfzh": HANDLER_ID[:17] + "0"}, "303"),
            ({"jbr_sfzh": "522701199013011238"}, "303"),
            ({"more": "1"}, "303"),
        ],
    )
    def test_what_is_not_answered(self, bench: Bench, changed: dict[str, str], code: str) -> None:
        said = bench.ask(question(**changed))
        assert (said["code"], said["data"]) == (code, None)
        assert NAME not in json.dumps(said, ensure_ascii=False)


class TestAge:
    def test_an_old_copy_is_try_later_and_a_fresh_one_answers(self, bench: Bench) -> None:
        bench.move(seconds=3600)
        assert bench.ask()["code"] == "200"
        bench.move(seconds=1)
        assert bench.ask()["code"] == "503"
        bench.follow()
        assert bench.ask()["data"]["sjsj"] == "2025-10-14 13:00:01"

    def test_a_copy_that_was_never_whole_answers_nothing(self, bench: Bench) -> None:
        with bench.store.write() as tx:
            begin_anew(tx, "core-registry")
        assert bench.ask()["code"] == "503"
        bench.follower.step()
        assert bench.ask()["code"] == "503"  # a page of some
        bench.follow()
        assert bench.ask()["code"] == "200"

    def test_an_answer_of_the_moment_is_not_kept(self, bench: Bench) -> None:
        bench.move(seconds=3601)
        signed = bench.headers()
        assert bench.ask(headers=signed)["code"] == "503"
        bench.follow()
        assert bench.ask(headers=signed)["code"] == "200"


class TestCopy:
    def test_a_change_at_the_core_changes_the_answer(self, bench: Bench) -> None:
        bench.feed.unit(UNIT, FIRM, DWZHZT="04", DWXHRQ="20251014")
        bench.feed.arrears("QJ1", UNIT, "202508", "202509", "02")
        bench.feed.month(UNIT, "202507")
        bench.follow()
        main = bench.ask()["data"]["dw"][0]
        assert (main["dwzhzt"], main["xhrq"], main["qj"]["sfqj"]) == ("04", "20251014", "0")
        assert "202507" in [one["ny"] for one in main["hj"]]

    def test_it_reads_on_from_where_it_stood(self, bench: Bench) -> None:
        with bench.store.read() as view:
            stands = read_feed(view, "core-registry")
        assert stands.seq == bench.feed.last
        bench.feed.asked.clear()
        bench.feed.month(UNIT, "202511")
        bench.follow()
        assert bench.feed.asked == [stands.seq]

    def test_nothing_of_anybody_stands_in_clear(self, bench: Bench) -> None:
        bench.ask()
        with bench.store.read() as view:
            held = [
                repr(row)
                for name in ("registry_unit", "registry_person", "registry_entry", "query_call",
                             "audit_entry", "query_secret")
                for row in view.exec_driver_sql(f"SELECT * FROM {name}")
            ]  # fmt: skip
        text = "".join(held)
        for secret in (NAME, FIRM, UNIT, "吴一", "欧阳", HANDLER_ID, "13900000001", "罚〔2025〕",
                       bench.secrets[RID]):  # fmt: skip
            assert secret not in text

    def test_a_record_that_cannot_be_read_stops_answers_about_its_firm_alone(
        self, bench: Bench
    ) -> None:
        bench.feed.say("QJ", "QJ9", DWZH=UNIT, QJBH="QJ9", QSNY="202508", ZZNY="202509",
                       QJYS="2", QJJEFEN="二百", QJZT="01")  # fmt: skip
        bench.follow()
        assert bench.ask()["code"] == "310"
        assert bench.ask(question(tyshxydm=OTHER, qymc="都匀别家有限公司"))["code"] == "200"
        bench.feed.arrears("QJ9", UNIT, "202508", "202509")
        bench.follow()
        assert bench.ask()["data"]["dw"][0]["qj"]["qjje"] == "5648.00"

    def test_a_kind_nobody_knows_is_a_drift_and_holds_up_nothing(self, bench: Bench) -> None:
        bench.feed.say("ZZ", "1", DWZH=UNIT)
        bench.feed.month(UNIT, "202507")
        bench.follow()
        with bench.store.read() as view:
            found = view.exec_driver_sql("SELECT place FROM bus_drift").scalars().all()
            months = view.scalar(
                sa.select(sa.func.count()).where(
                    registry_entry.c.kind == "HJ", registry_entry.c.first_month == 202507
                )
            )
        assert ("changes.reply/BG/JLLX" in found, months) == (True, 1)

    def test_every_kind_is_there_once(self, bench: Bench) -> None:
        with bench.store.write() as tx:
            begin_anew(tx, "core-registry")
        bench.follow()
        with bench.store.read() as view:
            counts = [
                view.scalar(sa.select(sa.func.count()).select_from(table))
                for table in (registry_unit, registry_person, registry_entry)
            ]
        assert counts == [3, 1, 10]


def test_a_grant_shows_what_it_says_and_nothing_else(bench: Bench) -> None:
    for name in ALL:
        bench.grant(LISTING, f"R-{name}", shown=(name,))
        for unit in bench.ask(rid=f"R-{name}")["data"]["dw"]:
            keys = load_contract(SPEC / "listing").extra["query"]["grantable"][name]["keys"]
            assert set(unit) == {"dwmc", *keys}


def test_the_check_characters_here_are_the_standard_s() -> None:
    # GB 32100-2015's own example, and codes that anybody can look up.
    for code in ("91350100M000100Y43", "9144030071526726XG"):
        assert uscc(code[:17]) == code
    assert ELSE
