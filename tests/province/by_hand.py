"""The catalogue's figures once more, in SQL over the month's own files: nothing of the product.

Files are loaded as they stand, money as integer 分.  Each function's answer is a query whose
columns are the wire's names; what is no figure (names of codes, masks) is left to other tests.
"""

import csv
import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

FILES = (
    "units", "persons", "unit_marks", "contributions", "fund_loans", "business_entries",
    "settlements", "bank_accounts", "service_days",
)  # fmt: skip
MONEY = {"GRZHYE", "DJJE", "YJJE", "SJJE", "DKFFE", "DKYE", "DQJHHKJE", "YQBJZE", "YQLXZE", "FSE",
         "BJE", "LXE", "YE"}  # fmt: skip
NUMBERS = {"YJRS", "SJRS", "DQYQQS", "LJYQQS", "SL"}
SIGN = "CASE WHEN CZBZ='02' THEN -1 ELSE 1 END"


def load(folder: Path) -> sqlite3.Connection:
    """An in-memory database of the files."""
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    for name in FILES:
        with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            db.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
            marks = ", ".join("?" * len(columns))
            db.executemany(
                f"INSERT INTO {name} VALUES ({marks})",
                [[_value(column, row[column]) for column in columns] for row in reader],
            )
    return db


def put(db: sqlite3.Connection, table: str, row: Mapping[str, str]) -> None:
    """A row more."""
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    values = [_value(name, value) for name, value in row.items()]
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)


def _value(column: str, text: str) -> Any:
    if column in MONEY:
        return int(Decimal(text) * 100)
    return int(text) if column in NUMBERS else text


def _yuan(column: str) -> str:
    return f"printf('%s%d.%02d', CASE WHEN {column}<0 THEN '-' ELSE '' END, abs({column})/100,\
 abs({column})%100)"


B, E = "20250901", "20251031"
_IN_HJ, _IN_YW, _IN_JS = (f"{c} BETWEEN '{B}' AND '{E}'" for c in ("JZRQ", "JZRQ", "JSFSRQ"))


def _sum(column: str, where: str = "1") -> str:
    return f"COALESCE(SUM(CASE WHEN {where} THEN {column} ELSE 0 END), 0)"


def _wan(column: str) -> str:
    """分 as 万元, half up."""
    return f"printf('%d.%02d', ({column}+5000)/1000000, ({column}+5000)%1000000/10000)"


def _money(column: str, where: str = "1") -> str:
    return _yuan(_sum(column, where))


def _n(where: str) -> str:
    return _sum(SIGN, where)


def _service(family: str, name: str) -> str:
    return (
        f"SELECT FL AS {name}, SUM(SL) AS count FROM service_days WHERE FWLB='{family}'"
        f" AND RQ BETWEEN '{B}' AND '{E}' GROUP BY FL"
    )


def _last(family: str, select: str, group: str = "") -> str:
    return (
        f"SELECT {select} FROM service_days WHERE FWLB='{family}' AND RQ=(SELECT MAX(RQ) FROM"
        f" service_days WHERE FWLB='{family}' AND RQ BETWEEN '{B}' AND '{E}') {group}"
    )


DUE = "(YQBJZE+YQLXZE)"
BANDS = {1: (1, 3), 2: (3, 6), 3: (6, 12), 4: (12, 36), 5: (36, 10**6)}
DAYS = "CAST(julianday(substr(DYBJRQ,1,4)||'-'||substr(DYBJRQ,5,2)||'-'||substr(DYBJRQ,7)) -\
 julianday(substr(DYSLRQ,1,4)||'-'||substr(DYSLRQ,5,2)||'-'||substr(DYSLRQ,7)) AS INTEGER)"
_UNIT = "SELECT COUNT(*) FROM units WHERE DWZHZT IN"
_PERSON = "SELECT COUNT(*) FROM persons WHERE GRZHZT IN"
_OPENED = "SELECT DWZH, MIN(KHRQ) AS opened FROM persons GROUP BY DWZH"

SQL: dict[str, str] = {
    "common/get_zbnd": "SELECT DISTINCT substr(HJNY,1,4) AS bbxm FROM contributions ORDER BY 1",
    "common/get_business_data": f"""SELECT
        (SELECT COUNT(*) FROM units) AS ljjzzdws, ({_UNIT} ('01')) AS ljjzzcdws,
        ({_UNIT} ('04')) AS ljjzxhdws, ({_UNIT} ('05')) AS ljjzfcdws,
        (SELECT COUNT(*) FROM persons) AS ljjzzrs, ({_PERSON} ('01')) AS ljjzzcrs,
        ({_PERSON} ('02')) AS ljjzfcrs, ({_PERSON} ('06')) AS ljjzdjrs,
        ({_PERSON} ('03','04','05')) AS ljjzxhrs,
        (SELECT {_money("GRZHYE")} FROM persons) AS jcye,
        (SELECT COUNT(*) FROM persons WHERE KHRQ BETWEEN '{B}' AND '{E}') AS xkhzgs,
        (SELECT COUNT(DISTINCT DWZH) FROM contributions WHERE SJRS>0 AND {_IN_HJ}) AS sjdws,
        (SELECT {_money("SJJE")} FROM contributions WHERE {_IN_HJ}) AS sjce,
        (SELECT {_money("SJJE")} FROM contributions WHERE JZRQ<='{E}') AS ljsjce,
        (SELECT {_n("YWFL='01'")} FROM business_entries WHERE {_IN_YW}) AS gjzbs,
        (SELECT {_n("YWFL='02'")} FROM business_entries WHERE {_IN_YW}) AS tqzbs,
        (SELECT {_money(f"FSE*({SIGN})", "YWFL='02'")} FROM business_entries WHERE {_IN_YW}) tqje,
        (SELECT {_money(f"FSE*({SIGN})", "YWFL='02'")} FROM business_entries WHERE JZRQ<='{E}')
            AS ljtqje,
        (SELECT {_money(f"FSE*({SIGN})", "YWFL='05' AND YWLX='08'")} FROM business_entries
            WHERE {_IN_YW}) AS wbzrje,
        (SELECT {_money(f"LXE*({SIGN})", "YWFL='04'")} FROM business_entries WHERE {_IN_YW}) hslx,
        (SELECT COUNT(*) FROM fund_loans WHERE DKFFRQ BETWEEN '{B}' AND '{E}') AS ffbs,
        (SELECT {_money("DKFFE")} FROM fund_loans WHERE DKFFRQ<='{E}') AS ljffje,
        (SELECT {_money("DKYE")} FROM fund_loans) AS dkye,
        (SELECT {_money(DUE)} FROM fund_loans) AS yqdkje,
        (SELECT COUNT(*) FROM fund_loans WHERE DQYQQS>=3) AS ljthreeyqhs,
        (SELECT {_money("YE", "ZHLX='01'")} FROM bank_accounts) AS hqzhye,
        (SELECT {_money("FSE", "SZFX='1'")} FROM settlements WHERE {_IN_JS}) AS ywsrje,
        (SELECT {_money("FSE", "SZFX='2'")} FROM settlements WHERE {_IN_JS}) AS ywzcje""",
    "common/get_fwxl": f"SELECT BLQD AS qd, SUM({SIGN}) AS bs, {_money(f'FSE*({SIGN})')} AS je"
    f" FROM business_entries WHERE {_IN_YW} GROUP BY BLQD",
    "zjlxjk/get_all_bank": "SELECT YHDM AS bm, COUNT(*) AS zhs FROM bank_accounts GROUP BY YHDM",
    "zjlxjk/get_bank_ye": f"""SELECT JSYHDM AS bm, {_money("FSE")} AS fse,
        {_money("FSE", "SZFX='1'")} AS sre, {_money("FSE", "SZFX='2'")} AS zce
        FROM settlements WHERE {_IN_JS} GROUP BY JSYHDM""",
    "zjlxjk/get_all_bank_sszhmx": f"SELECT JSYHDM AS bm, {_yuan('FSE')} AS fse FROM settlements"
    " WHERE JSFSRQ='20251014' ORDER BY JSFSSJ DESC",
    "zjlxjk/get_jymx": """SELECT substr(JSFSRQ,1,4)||'-'||substr(JSFSRQ,5,2)||'-'||
        substr(JSFSRQ,7)||' '||substr(JSFSSJ,1,2)||':'||substr(JSFSSJ,3,2)||':'||
        substr(JSFSSJ,5) AS jysj FROM settlements ORDER BY JSFSRQ DESC, JSFSSJ DESC LIMIT 15""",
    "zjlxjk/get_yhlsjymx": f"""SELECT substr(JSFSRQ,1,4)||'-'||substr(JSFSRQ,5,2)||'-'||
        substr(JSFSRQ,7)||' '||substr(JSFSSJ,1,2)||':'||substr(JSFSSJ,3,2)||':'||
        substr(JSFSSJ,5) AS jysj FROM settlements WHERE {_IN_JS}
        ORDER BY JSFSRQ DESC, JSFSSJ DESC LIMIT 7 OFFSET 7""",
    "bbgl/ywtj_cx": f"""SELECT {_n("YWFL='01'")} AS gjbs, {_n("YWFL='02'")} AS tqbs,
        {_n("YWFL='03'")} AS dkbs, {_money(f"FSE*({SIGN})", "YWFL='01'")} AS gjje,
        {_money(f"FSE*({SIGN})", "YWFL='02'")} AS tqje, {_money(f"FSE*({SIGN})", "YWFL='03'")} dkje
        FROM business_entries WHERE {_IN_YW} GROUP BY BLQD ORDER BY BLQD""",
    "zjlxjk/lgl_cx": f"""SELECT JGBM AS jgbm, {_sum("1", "BLQD='01' AND YWFL='01'")} AS gtjcbs,
        {_sum("1", "BLQD='01' AND YWFL='02'")} AS gttqbs,
        {_sum("1", "BLQD='01' AND YWFL IN ('03','04')")} AS gtdkbs,
        printf('%.2f', 100.0*{_sum("1", "BLQD<>'01'")}/COUNT(*)) AS lgl
        FROM business_entries WHERE {_IN_YW} AND CZBZ='01' GROUP BY JGBM""",
    "dyw/get_dywData": f"""SELECT {_sum("1", f"{DAYS}>=0 AND {DAYS}<7")} AS day1,
        {_sum("1", f"{DAYS}>=7 AND {DAYS}<15")} AS day2,
        {_sum("1", f"{DAYS}>=15 AND {DAYS}<30")} AS day3, {_sum("1", f"{DAYS}>=30")} AS day4
        FROM fund_loans WHERE DYBJRQ<>''""",
    "dyw/get_dywmx": f"""SELECT {DAYS} AS dyts, {_yuan("DKFFE")} AS dkffe FROM fund_loans
        WHERE DYBJRQ<>'' AND DKFFRQ BETWEEN '20150101' AND '{E}'""",
    "zjlxjk/dezjjk_cx": "SELECT ZJYWLX AS zjytbm, "
    + ", ".join(
        f"{_wan(_sum('FSE', f'FSE>={low} AND FSE<{high}'))} AS je{n}"
        for n, (low, high) in enumerate(
            ((5 * 10**8, 10**9), (10**9, 15 * 10**8), (15 * 10**8, 2 * 10**9), (2 * 10**9, 10**15)),
            1,
        )
    )
    + f" FROM settlements WHERE {_IN_JS} AND FSE>=500000000 GROUP BY ZJYWLX",
    "zjlxjk/dezjjk_chart_cx": f"SELECT ZJYWLX AS zjytbm, {_wan('FSE')} AS syje"
    f" FROM settlements WHERE {_IN_JS} AND FSE>=500000000",
    "zjlxjk/yhzhye_table_cx": f"""SELECT YHDM AS sszh,
        {_money("YE", "ZHXZ='01' AND ZHLX='01'")} AS gjzhye,
        {_money("YE", "ZHXZ='02' AND ZHLX='01'")} AS dkzhye,
        {_money("YE", "ZHXZ='03' AND ZHLX='01'")} AS zzsyzhye,
        {_money("YE", "ZHLX='02'")} AS dqzhye FROM bank_accounts GROUP BY YHDM""",
    "zhfwpt/xxtsl_cx": _service("01", "bm"),
    "zhfwpt/qdfwzl_cx": _service("02", "bm"),
    "zhfwpt/yhzcfb_cx": _last("03", "FL AS bm, SL AS count"),
    "zhfwpt/yhxbxx_cx": _last("04", "CASE FL WHEN '1' THEN '男' ELSE '女' END AS mc, SL AS count"),
    "zhfwpt/sms_cx": "SELECT CASE FL WHEN '1' THEN '发送成功' ELSE '发送失败' END AS name, count"
    f" FROM ({_service('05', 'FL')})",
    "zhfwpt/qdlogin": "SELECT CASE FL WHEN '01' THEN '柜面' WHEN '02' THEN '网上大厅' WHEN '04'"
    f" THEN '微信' ELSE '手机 APP' END AS name, count FROM ({_service('06', 'FL')})",
    "zhfwpt/yhnlxx_cx": _last(
        "07", ", ".join(f"SUM(CASE WHEN FL='{n}' THEN SL END) AS nl{n}" for n in range(1, 5))
    ),
    "zhfwpt/lyqd_cx": _service("08", "bm"),
    "yqqk/get_yqqk_DataCx": "SELECT "
    + ", ".join(
        f"{_sum('1', f'DQYQQS>={low} AND DQYQQS<{high}')} AS yq{n},"
        f" {_money(DUE, f'DQYQQS>={low} AND DQYQQS<{high}')} AS yqje{n}"
        for n, (low, high) in BANDS.items()
    )
    + f", {_sum('1', 'DQYQQS>=6')} AS yq6, {_money('DKYE', 'DQYQQS>=6')} AS ysdkye6,"
    f" {_money('DKYE')} AS dkye FROM fund_loans",
    "yqqk/jg_yqqk_gdyqqk_tc": f"""SELECT DQYQQS AS dqyqcs, LJYQQS AS ljyqqs,
        {_yuan("YQBJZE")} AS dqyqbj, {_yuan("DKYE")} AS dkye, {_yuan("DQJHHKJE")} AS dqjhhkje
        FROM fund_loans WHERE DQYQQS>=3 AND DQYQQS<6""",
    # indicators
    "dzbfx/more_target_value_cx": f"SELECT {_money('SJJE')} AS bqz FROM contributions"
    f" WHERE {_IN_HJ}",
    "dzbfx/more_grid_cx": f"""SELECT JGBM AS dimension1, DWJJLX AS dimension2,
        {_money("GRZHYE")} AS value1 FROM persons JOIN unit_marks USING (DWZH)
        GROUP BY JGBM, DWJJLX""",
    "dzbfx/more_chart_cx": f"""SELECT substr(JZRQ,1,4)||'-'||substr(JZRQ,5,2) AS dimensionmc1,
        {_money("SJJE")} AS value1 FROM contributions WHERE {_IN_HJ} GROUP BY 1
        UNION ALL SELECT '2025-10', '0.00'""",  # nothing was booked in October
}
"""``module/name`` → what it must answer to ASKED."""

_PAGE = {"pageSize": 7, "pageNumber": 2, "ksrq": "2025-09-01", "jsrq": "2025-10-31"}
_ALL = {"pageSize": 500, "pageNumber": 1, "ksrq": "2025-09-01", "jsrq": "2025-10-31"}
_DAYS = {"ksrq": "2025-09-01", "jsrq": "2025-10-31"}
_OF_DAYS = (
    "common/get_business_data", "common/get_fwxl", "zjlxjk/get_bank_ye", "bbgl/ywtj_cx",
    "zjlxjk/lgl_cx", "zjlxjk/dezjjk_cx", "zhfwpt/xxtsl_cx", "zhfwpt/qdfwzl_cx",
    "zhfwpt/yhzcfb_cx", "zhfwpt/yhxbxx_cx", "zhfwpt/sms_cx", "zhfwpt/qdlogin",
    "zhfwpt/yhnlxx_cx", "zhfwpt/lyqd_cx",
)  # fmt: skip
ASKED: dict[str, dict[str, Any]] = dict.fromkeys(_OF_DAYS, _DAYS) | {
    "zjlxjk/get_yhlsjymx": _PAGE,
    "dyw/get_dywmx": _ALL | {"ksrq": "2015-01-01"},
    "zjlxjk/dezjjk_chart_cx": _ALL,
    "yqqk/jg_yqqk_gdyqqk_tc": {"bm": "02", "pageSize": 500, "pageNumber": 1},
    "dzbfx/more_target_value_cx": {"xmbm": "0301007201", **_DAYS},
    "dzbfx/more_grid_cx": {
        "target": "0301008101", "dimension1": "bm_khjg", "dimension2": "bm_dwjjlx",
        "dimension3": "", "tjzq": "01", "rows": "", "order": "1,2,3,4", **_DAYS,
    },
    "dzbfx/more_chart_cx": {"target": "0301007201", "tjzq": "03", **_DAYS},
    "dzbfx/more_dimension_cx": {"target": "0301008101"},
}  # fmt: skip
"""What is asked, beside the centre's code; a function not named here takes nothing else."""
