"""What an attachment is: by its content; a zip is opened only as far as the bounds go."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases.files import look
from hub.crypto import sm3_hex
from hub.ports.case import CaseFile
from tests.cases.books import PDF, PNG, TERMS
from tests.cases.kit import Office, filing

RULES = TERMS.files
JPG = b"\xff\xd8\xff\xe0"


def packed(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "word", "media"),
    [
        ("a.pdf", PDF, "ok", "pdf"),
        ("a.PNG", PNG, "ok", "png"),
        ("a.jpeg", JPG, "ok", "jpg"),
        ("a", PDF, "ok", "pdf"),
        ("a.pdf", PNG, "type_lies", "png"),
        ("a.png", b"MZ\x90\x00", "type_lies", ""),
        ("a.exe", b"MZ\x90\x00", "type_unknown", ""),
        ("a.docx", packed(("word/document.xml", b"x")), "type_unknown", "zip"),
        ("a.pdf", packed(("a.pdf", PDF)), "type_lies", "zip"),
        ("a.zip", PDF, "type_lies", "pdf"),
        ("a.pdf", b"", "empty", ""),
        ("a.pdf", PDF + b"0" * RULES.largest, "too_large", "pdf"),
        ("a.zip", packed(), "empty", "zip"),
        ("a.zip", packed(("a.pdf", PDF))[:-30], "zip_broken", "zip"),
        ("a.zip", packed(("b.zip", packed(("a.pdf", PDF)))), "zip_nested", "zip"),
        ("a.zip", packed(*((f"{n}.pdf", PDF) for n in range(7))), "too_many", "zip"),
        ("a.zip", packed(("a.pdf", PDF + b"0" * 10_000_000)), "zip_bomb", "zip"),
        ("a.zip", packed(*((f"{n}.pdf", PDF + b"0" * 4000) for n in range(6))), "zip_bomb", "zip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",
)  # fmt: skip
def test_what_it_is(name: str, content: bytes, word: str, media: str) -> None:
    found = look(RULES, name, content)
    assert (found.word, found.media) == (word, media)
    assert (found.size, found.digest) == (len(content), sm3_hex(content))


def test_an_encrypted_zip_is_not_opened() -> None:
    plain = bytearray(packed(("a.pdf", PDF), method=zipfile.ZIP_STORED))
    place = plain.index(b"PK\x01\x02")
    plain[place + 8] |= 1  # the directory's flag: encrypted
    assert look(RULES, "a.zip", bytes(plain)).word == "zip_broken"


def test_a_zip_that_lies_about_its_sizes_unpacks_no_further_than_the_bound() -> None:
    lying = bytearray(packed(("a.pdf", PDF + b"0" * 5_000_000)))
    place = lying.index(b"PK\x01\x02")
    lying[place + 24 : place + 28] = (10).to_bytes(4, "little")
    assert look(RULES, "a.zip", bytes(lying)).word in ("zip_bomb", "zip_broken", "ok")
    parts = look(RULES, "a.zip", bytes(lying)).parts
    assert sum(len(part.content) for part in parts) <= RULES.unpacked


def test_parts_have_their_own_words_and_material() -> None:
    found = look(
        RULES, "材料.zip", packed(("01-身份证.pdf", PDF), ("d/02_证.png", PDF), ("x", b"z"))
    )
    assert [(part.name, part.material, part.looked.word) for part in found.parts] == [
        ("01-身份证.pdf", "01", "ok"), ("02_证.png", "02", "type_lies"), ("x", "", "type_unknown"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\a\\身份证.pdf", "/abs/证.pdf"])
def test_a_part_keeps_only_its_own_name(name: str) -> None:
    (part,) = look(RULES, "a.zip", packed((name, PDF))).parts
    assert not set("/\\") & set(part.name)


@given(st.binary(max_size=300), st.text(max_size=12))
def test_nothing_sent_as_a_file_raises(content: bytes, name: str) -> None:
    for whole in (content, b"PK\x03\x04" + content, packed(("a", content))[: len(content) + 40]):
        found = look(RULES, name, whole)
        assert found.digest == sm3_hex(whole)


def test_a_zip_in_a_case_is_what_is_in_it(office: Office) -> None:
    whole = packed(("01-身份证.pdf", PDF), ("02-退休证.png", PNG))
    office.push(filing(files=(CaseFile("材料.zip", "99", whole),)))
    assert (office.case().state, office.problems()) == ("checked", [])


def test_too_many_files_are_said(office: Office) -> None:
    many = tuple(CaseFile(f"{n}.pdf", "01", PDF) for n in range(9))
    office.push(filing(files=(*many,)))
    assert office.problems() == ["too_many", "missing_material"]


def test_an_unknown_material_is_said(office: Office) -> None:
    office.push(filing(files=(*filing().files, CaseFile("a.pdf", "77", PDF))))
    assert office.problems() == ["no_material"]
