"""Lists in pipe text: written so that anybody reads them back, read whole or not at all."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.banks.bcm import codec, records
from adapters.kit.replies import BadReply
from hub.contracts import load_contract
from hub.kernel.errors import BadInput
from hub.ports.bank import BankPort
from hub.ports.line import ReplyUnreadable
from tests.adapters.bcm import bench
from tests.adapters.bcm.bench import sample

CONTRACT = load_contract(bench.FOLDER)
TENTH = date(2025, 10, 10)
PLACE = "330012.reply/ap/body"
ENTRIES = sample("310301.reply.xml").decode("gb18030")
LIST = re.compile("<serial_record>(.*)</serial_record>", re.DOTALL)


def _layout(name: str) -> records.Layout:
    found = records.layout(CONTRACT, name)
    assert found is not None
    return found


PAID, ENTRY = _layout("330008.request"), _layout("310301.reply")
SAID = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="|\ufffe\uffff"
    ),
    max_size=12,
)
ROW = st.fixed_dictionaries(dict.fromkeys(PAID.columns, SAID))


@settings(max_examples=150, deadline=None)
@given(st.lists(ROW, max_size=4), st.permutations(list(PAID.columns)))
def test_what_is_written_reads_back_in_any_order_of_columns(
    rows: list[dict[str, str]], order: list[str]
) -> None:
    xml = codec.request_xml(
        CONTRACT, codec.Customer("1", "1"), code="330008", serial="1" * 20,
        at=bench.bank()._clock.now(),  # type: ignore[attr-defined]
        body=records.written(PAID, rows),
    )  # fmt: skip
    assert bench.listed(xml) == rows
    text = "".join(f"{one}|" for row in (dict(zip(order, order, strict=True)), *rows)
                   for one in (row[c] for c in order))  # fmt: skip
    said = {
        "field_num": str(len(order)), "record_num": str(len(rows)), "file_flag": "0",
        "serial_record": text,
    }  # fmt: skip
    loose = records.Layout("x", PAID.columns, frozenset())
    assert records.read(loose, PLACE, said) == rows


@given(ROW, st.sampled_from(list(PAID.columns)), st.sampled_from("|\n\r\t\x00\x7f"))
def test_a_value_that_would_break_the_list_is_never_written(
    row: dict[str, str], column: str, bad: str
) -> None:
    with pytest.raises(BadInput):
        records.written(PAID, [row | {column: row[column] + bad}])


def _header(old: str, new: str) -> Callable[[str], str]:
    def bend(text: str) -> str:
        start = text.index("<serial_record>")
        assert old in text[start:]
        return text[:start] + text[start:].replace(old, new, 1)

    return bend


def _both(*bends: Callable[[str], str]) -> Callable[[str], str]:
    def bend(text: str) -> str:
        for one in bends:
            text = one(text)
        return text

    return bend


def _wide(name: str) -> Callable[[str], str]:
    """One more column of that name, in the header row and in every record."""

    def bend(text: str) -> str:
        cells = LIST.search(text)
        assert cells is not None
        values = cells[1].split("|")[:-1]
        rows = [values[start : start + 9] for start in range(0, len(values), 9)]
        rows = [[*row, "" if place else name] for place, row in enumerate(rows)]
        joined = "".join(f"{value}|" for row in rows for value in row)
        text = text.replace("<field_num>9<", "<field_num>10<")
        return text[: cells.start(1)] + joined + text[cells.end(1) :]

    return bend


BROKEN: list[tuple[str, Callable[[str], str]]] = [
    ("a column nobody knows", _wide("x_ext")),
    ("a column without a name", _wide("")),
    ("a column twice", _wide("amt")),
    ("a column missing", _header("oppo_acname|", "oppo_name|")),
    ("a column in capitals", _header("dc_flag|", "DC_FLAG|")),
    ("no header row", _header("|".join(ENTRY.columns) + "|", "")),
    ("a value too many", _header("|PLFK|", "|PLFK||")),
    ("a value too few", _header("|PLFK|", "|")),
    (
        "values shifted between two records",
        _both(_header("郑琪|", "郑|琪|"), _header("唐𬭩|", "唐𬭩")),
    ),
    ("no last pipe", _header("|</serial_record>", "</serial_record>")),
    ("cut within the last value", _header("头寸调拨|</", "头寸</")),
    ("a line break", _header("郑琪", "郑\n琪")),
    ("a written line break", _header("郑琪", "郑&#13;琪")),
    ("pretty-printed", _header("<serial_record>", "<serial_record>\n  ")),
    ("an element inside", _header("郑琪", "<b>郑琪</b>")),
    ("the list twice", _header("</body>", "<serial_record>|</serial_record></body>")),
    ("the list elsewhere", lambda text: text.replace("<file_flag>0", "<file_flag>1")),
    ("no file_flag", lambda text: text.replace("<file_flag>0</file_flag>", "")),
    ("width 0", lambda text: text.replace("<field_num>9", "<field_num>0")),
    ("width of another list", lambda text: text.replace("<field_num>9", "<field_num>6")),
    ("no width", lambda text: text.replace("<field_num>9", "<field_num>九")),
    ("no count", lambda text: text.replace("<record_num>5", "<record_num>-5")),
    ("count short", lambda text: text.replace("<record_num>5", "<record_num>4")),
    ("count long", lambda text: text.replace("<record_num>5", "<record_num>6")),
    ("no list", lambda text: LIST.sub("", text)),
]


@pytest.mark.parametrize(("what", "bend"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_list_with_one_thing_wrong_is_no_list(
    bank: BankPort, what: str, bend: Callable[[str], str]
) -> None:
    bent = bend(ENTRIES)
    assert bent != ENTRIES
    line = bench.said(bent.encode("gb18030"))
    with pytest.raises(ReplyUnreadable):
        bank.fetch_statement(line, TENTH, None)
    assert line.drift.drifts
    shown = repr(line.drift.drifts)
    assert not [word for word in ("6222600", "郑琪", "唐𬭩", bench.ACCOUNT) if word in shown]


def _read(text: str) -> list[dict[str, str]] | None:
    body = dict(re.findall("<(field_num|record_num|file_flag)>(.*?)<", ENTRIES))
    try:
        return records.read(ENTRY, PLACE, body | {"serial_record": text})
    except BadReply:
        return None


def test_no_pipe_more_or_less_and_no_cut_anywhere_gives_a_record() -> None:
    found = LIST.search(ENTRIES)
    assert found is not None
    text = found[1]
    assert len(_read(text) or ()) == 5
    for place in range(len(text)):
        assert _read(text[:place]) is None
        assert _read(f"{text[:place]}|{text[place:]}") is None
        if text[place] == "|":
            assert _read(text[:place] + text[place + 1 :]) is None


@settings(max_examples=200, deadline=None)
@given(st.text("|a1\n 郑", max_size=60), st.sampled_from(["0", "1", "2", "9", "x", ""]),
       st.sampled_from(["0", "1", "5", "", "-1"]))  # fmt: skip
def test_any_text_is_the_contracts_list_or_none(text: str, width: str, length: str) -> None:
    said = {"field_num": width, "record_num": length, "file_flag": "0", "serial_record": text}
    with pytest.raises(BadReply):  # no text of these letters has the nine columns
        records.read(ENTRY, PLACE, said)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_document_or_a_bad_reply(data: bytes) -> None:
    try:
        root, reply = codec.open_reply(CONTRACT, "330012", data)
    except BadReply:
        return
    assert root.tag == "ap"
    assert reply.head is not None
