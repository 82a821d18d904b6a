"""Bytes to documents: one charset, no DOCTYPE, nothing doubled."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contracts import BadDocument, BadText, Charset, shape
from hub.contracts.documents import read_json, read_xml

GBK = Charset("GBK", "GB18030")
UTF8 = Charset("UTF-8", "UTF-8")
HEAD = '<?xml version="1.0" encoding="GBK"?>'


class TestCharset:
    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_every_character_survives(self, text: str) -> None:
        assert GBK.encode(text).decode("gb18030") == text
        assert GBK.size(text) == len(text.encode("gb18030"))

    @pytest.mark.parametrize(
        ("text", "size"), [("a", 1), ("郑", 2), ("·", 2), ("𬭩", 4), ("䶮", 2)]
    )
    def test_sizes_are_bytes(self, text: str, size: int) -> None:
        assert GBK.size(text) == size

    def test_what_has_no_code_is_refused(self) -> None:
        with pytest.raises(BadText):
            GBK.encode("\ud800")
        with pytest.raises(BadText):
            Charset("GB2312", "gb2312").encode("𬭩")

    def test_utf8_is_told_from_gb18030(self) -> None:
        with pytest.raises(BadText):
            GBK.decode("交易成功，请查收".encode())
        with pytest.raises(BadText):
            GBK.decode(b"\xff\xff")
        with pytest.raises(BadText):
            GBK.decode("<JKRXM>欣信丽·红东俊娜</JKRXM>".encode())

    @pytest.mark.parametrize("text", ["药业", "一" * 31, "药业一" * 20])
    def test_gb18030_that_passes_for_utf8_is_still_gb18030(self, text: str) -> None:
        assert text.encode("gb18030").decode("utf-8")
        assert GBK.decode(text.encode("gb18030")) == text

    @pytest.mark.parametrize("name", ["GBK", "gb18030", "GB2312"])
    def test_the_family_goes_by_many_names(self, name: str) -> None:
        assert GBK.may_be_called(name)
        assert not UTF8.may_be_called(name)


class TestXml:
    def test_four_byte_names_and_the_dot_come_through(self) -> None:
        root = read_xml(f"{HEAD}<a>唐𬭩·䶮</a>".encode("gb18030"), GBK)
        assert root.text == "唐𬭩·䶮"

    @pytest.mark.parametrize(
        "text",
        [
            "", " ", "<a>", "<a></b>", "a", f"{HEAD}", "<a>&b;</a>", "<a/><b/>",
            '<?xml version="1.0" encoding="UTF-8"?><a/>',
            '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
            '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            f"{HEAD}<!DOCTYPE a><a/>",
            "<a><![CDATA[<!DOCTYPE x>]]></a>",
            "<a>\x01</a>",
            "<a>" * 300 + "</a>" * 300,
        ],
    )  # fmt: skip
    def test_what_is_refused(self, text: str) -> None:
        with pytest.raises(BadDocument):
            read_xml(text.encode("gb18030"), GBK)

    def test_nothing_is_fetched(self) -> None:
        asked = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as door:
            door.settimeout(0.3)
            port = door.getsockname()[1]
            text = (
                f'<a xmlns:xi="http://www.w3.org/2001/XInclude" '
                f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
                f'xsi:noNamespaceSchemaLocation="http://127.0.0.1:{port}/x.xsd">'
                f'<xi:include href="http://127.0.0.1:{port}/x"/></a>'
            )
            read_xml(text.encode(), GBK)
            try:
                door.accept()
                asked.set()
            except TimeoutError:
                pass
        assert not asked.is_set()

    @given(st.binary(max_size=200))
    def test_any_bytes_end_in_a_document_or_a_refusal(self, data: bytes) -> None:
        try:
            read_xml(data, GBK)
        except BadDocument:
            return


class TestJson:
    def test_a_value(self) -> None:
        assert read_json('{"a": "唐𬭩"}'.encode(), UTF8) == {"a": "唐𬭩"}

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"{",
            b'{"a": 1, "a": 2}',
            b'{"a": NaN}',
            b"[Infinity]",
            b'{"a": "\xff"}',
            b"[" * 10**6,
            b"[" + b"1" * 21 + b"]",
            b"[" + b"1" * 5000 + b"]",
            b"[1e400]",
            b'\xef\xbb\xbf{"a": 1}',
            '{"a": 1}'.encode("utf-16"),
            b'["\\ud800"]',
        ],
        ids=lambda data: data[:12],
    )
    def test_what_is_refused(self, data: bytes) -> None:
        with pytest.raises(BadDocument):
            read_json(data, UTF8)


class TestShape:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            (None, "空白"),
            ("", "空白"),
            ("郑琪", "字×2"),
            ("郑琪 6222083230853674213", "字×2 空×1 9×19"),
            ("1,234.56", "9×1 , 9×3 . 9×2"),
            ("B9999", "a×1 9×4"),
        ],
    )
    def test_shapes(self, text: str | None, shown: str) -> None:
        assert shape(text) == shown

    @given(st.text(st.sampled_from("郑琪唐622abc 张三"), min_size=3))
    def test_no_text_stands_in_its_shape(self, text: str) -> None:
        assert text not in shape(text)
