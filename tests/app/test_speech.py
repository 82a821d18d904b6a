"""What was said in frames is opened for people, and nobody's name or credential shows."""

from pathlib import Path

import pytest

from hub.app.speech import hear

SAMPLES = Path(__file__).parents[2] / "contracts_spec" / "banks" / "abc" / "samples"


def test_a_frame_is_opened_like_its_document() -> None:
    heard = hear((SAMPLES / "DCAF01.request.frame").read_bytes())
    shown = {leaf.path: leaf.shown for leaf in heard.leaves}
    assert heard.form == "GB18030 › frame › XML"
    assert shown[""] == shown[""].strip() != ""
    assert shown["/ap/ReqSeqNo"] == "25101234567890123456"
    assert shown["/ap/Cmp/TotalAmt"] == "5784.15"
    said = repr(heard.leaves)
    assert not [one for one in ("郑琪", "唐", "6228480", "GOLDEN", "黔南") if one in said]


@pytest.mark.parametrize("auth", ["123456", "GOLDEN-AUTH-0001"])
def test_a_credential_is_a_shape_whatever_it_looks_like(auth: str) -> None:
    body = f"<ap><AuthNo>{auth}</AuthNo></ap>".encode()
    (leaf,) = [one for one in hear(b"0%-6d" % len(body) + body).leaves if "AuthNo" in one.path]
    assert auth not in leaf.shown
