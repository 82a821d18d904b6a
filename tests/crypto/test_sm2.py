"""SM2: published vectors, two engines against each other, and gmalg as a third opinion."""

from collections.abc import Callable

import gmalg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.crypto import (
    BadEncoding,
    CipherBroken,
    CipherForm,
    KeyUnreadable,
    SignatureForm,
    Sm2PrivateKey,
    Sm2PublicKey,
)
from hub.crypto.sm2_curve import N, PythonEngine, encrypt_with, message_digest, sign_with
from hub.crypto.sm2_engines import Sm2Engine, choose_engine, self_test
from hub.crypto.sm2_forms import Sm2Cipher, read_signature, write_signature
from hub.crypto.sm2_libcrypto import LibcryptoEngine, LibraryMissing

KEY = Sm2PrivateKey.parse("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
USER = b"1234567812345678"
LABEL = "PRIVATE KEY"
ENGINES: list[Callable[[], Sm2Engine]] = [LibcryptoEngine, PythonEngine]

# gmalg takes a fifth of a second for each example.
few = settings(max_examples=36)
fewer = settings(max_examples=8)


@pytest.fixture(params=ENGINES, ids=["libcrypto", "python"])
def engine(request: pytest.FixtureRequest) -> Sm2Engine:
    made: Sm2Engine = request.param()
    return made


def test_the_public_key_is_the_published_one() -> None:
    assert KEY.public.hex() == (
        "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
    )


def test_signing_with_the_published_k_gives_the_published_signature() -> None:
    digest = message_digest(KEY.public.point, b"message digest", USER)
    raw = sign_with(int.from_bytes(KEY.secret, "big"), digest, K)
    assert raw is not None
    assert raw.hex() == (
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
        "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
    )


def test_encrypting_with_the_published_k_gives_the_published_ciphertext() -> None:
    cipher = encrypt_with(KEY.public.point, b"encryption standard", K)
    assert cipher is not None
    assert cipher.c1.hex().startswith("04ebfc718e8d1798620432268e77feb6")
    assert cipher.c2.hex() == "21886ca989ca9c7d58087307ca93092d651efa"
    assert cipher.c3.hex() == "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"


def test_both_engines_pass_the_self_test(engine: Sm2Engine) -> None:
    assert self_test(engine) == ""


def test_libcrypto_is_chosen_here() -> None:
    choice = choose_engine()
    assert (choice.engine.name, choice.reason) == ("libcrypto", "")


class _Liar(PythonEngine):
    """Accepts every signature."""

    name = "liar"

    def verify(self, public: bytes, message: bytes, signature: bytes, user_id: bytes) -> bool:
        return True


def test_an_engine_that_errs_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert self_test(_Liar()) == "accepts a signature of another message"
    monkeypatch.setattr("hub.crypto.sm2_engines.LibcryptoEngine", _Liar)
    choice = choose_engine()
    assert choice.engine.name == "python"
    assert "accepts a signature" in choice.reason


def test_without_the_library_python_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> LibcryptoEngine:
        return LibcryptoEngine(("libcrypto-not-here.so",))

    with pytest.raises(LibraryMissing):
        absent()
    monkeypatch.setattr("hub.crypto.sm2_engines.LibcryptoEngine", absent)
    assert choose_engine().engine.name == "python"


@few
@given(st.binary(max_size=300), st.binary(min_size=1, max_size=40))
def test_each_engine_accepts_the_others_signature(message: bytes, user_id: bytes) -> None:
    for maker, checker in (
        (LibcryptoEngine(), PythonEngine()),
        (PythonEngine(), LibcryptoEngine()),
    ):
        signature = KEY.sign(message, user_id=user_id, engine=maker)
        assert KEY.public.verify(message, signature, user_id=user_id, engine=checker)
        assert not KEY.public.verify(message + b"x", signature, user_id=user_id, engine=checker)
        assert not KEY.public.verify(message, signature, user_id=user_id + b"x", engine=checker)


@few
@given(st.binary(min_size=1, max_size=300), st.sampled_from(CipherForm), st.booleans())
def test_each_engine_reads_what_the_other_encrypted(
    plain: bytes, form: CipherForm, prefix: bool
) -> None:
    for maker, reader in ((LibcryptoEngine(), PythonEngine()), (PythonEngine(), LibcryptoEngine())):
        data = KEY.public.encrypt(plain, form=form, prefix=prefix, engine=maker)
        assert KEY.decrypt(data, form=form, prefix=prefix, engine=reader) == plain


@fewer
@given(st.binary(min_size=1, max_size=200))
def test_gmalg_agrees_in_both_directions(message: bytes) -> None:
    theirs = gmalg.SM2(sk=KEY.secret, uid=USER, pk=b"\x04" + KEY.public.point)
    for engine in (LibcryptoEngine(), PythonEngine()):
        raw = KEY.sign(message, engine=engine)
        assert theirs.verify(message, raw[:32], raw[32:])
        r, s = (half.rjust(32, b"\0") for half in theirs.sign(message))  # it drops zeros
        assert KEY.public.verify(message, r + s, engine=engine)
        sealed = KEY.public.encrypt(message, form=CipherForm.C1C3C2, engine=engine)
        assert theirs.decrypt(sealed) == message
        assert KEY.decrypt(theirs.encrypt(message), engine=engine) == message


@given(st.integers(1, N - 1), st.integers(1, N - 1))
def test_signature_forms_round_trip(r: int, s: int) -> None:
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    for form in SignatureForm:
        assert read_signature(write_signature(raw, form), form) == raw


@given(st.binary(max_size=120))
def test_rubbish_is_a_wrong_signature_and_never_a_crash(rubbish: bytes) -> None:
    for form in SignatureForm:
        assert not KEY.public.verify(b"message", rubbish, form=form)


@given(st.binary(max_size=200), st.sampled_from(CipherForm), st.booleans())
def test_rubbish_does_not_decrypt(rubbish: bytes, form: CipherForm, prefix: bool) -> None:
    with pytest.raises((BadEncoding, CipherBroken)):
        KEY.decrypt(rubbish, form=form, prefix=prefix)


def test_signature_edges_are_refused(engine: Sm2Engine) -> None:
    zero, order = bytes(32), N.to_bytes(32, "big")
    good = KEY.sign(b"m", engine=engine)
    for raw in (zero + good[32:], good[:32] + zero, order + good[32:], good[:32] + order):
        assert not KEY.public.verify(b"m", raw, engine=engine)


def test_an_altered_ciphertext_and_a_point_off_the_curve_are_refused(engine: Sm2Engine) -> None:
    cipher = engine.encrypt(KEY.public.point, b"secret")
    flipped = bytes([cipher.c2[0] ^ 1]) + cipher.c2[1:]
    for broken in (
        Sm2Cipher(cipher.c1, cipher.c3, flipped),
        Sm2Cipher(cipher.c1[:-1] + bytes([cipher.c1[-1] ^ 1]), cipher.c3, cipher.c2),
    ):
        with pytest.raises(CipherBroken):
            engine.decrypt(KEY.secret, KEY.public.point, broken)


@few
@given(st.integers(1, N - 2))
def test_keys_survive_every_form(secret: int) -> None:
    key = Sm2PrivateKey(secret.to_bytes(32, "big"))
    assert Sm2PrivateKey.parse(key.pem()) == key
    assert Sm2PrivateKey.parse(key.secret.hex()) == key
    public = key.public
    odd = public.point[-1] & 1
    compressed = bytes([2 + odd]) + public.point[:32]
    for text in (public.pem(), public.hex(), public.hex(prefix=False), compressed.hex()):
        assert Sm2PublicKey.parse(text) == public


def test_openssl_reads_our_pem_and_we_read_its(tmp_path_factory: pytest.TempPathFactory) -> None:
    import shutil  # noqa: PLC0415
    import subprocess  # noqa: PLC0415

    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("left out: the openssl command is not to be had here")
    folder = tmp_path_factory.mktemp("pem")
    ours, theirs = folder / "ours.pem", folder / "theirs.pem"
    ours.write_text(KEY.pem())
    subprocess.run([openssl, "pkey", "-in", str(ours), "-noout", "-check"], check=True)
    made = ["ecparam", "-name", "SM2", "-genkey", "-noout", "-out", str(theirs)]
    subprocess.run([openssl, *made], check=True)
    key = Sm2PrivateKey.parse(theirs.read_text())  # EC PRIVATE KEY, RFC 5915
    assert key.public.verify(b"m", key.sign(b"m"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zz",
        "00" * 32,
        f"{N - 1:064x}",
        f"-----BEGIN {LABEL}-----\nAAAA\n-----END {LABEL}-----",
    ],
)
def test_bad_private_keys_are_unreadable(text: str) -> None:
    with pytest.raises(KeyUnreadable):
        Sm2PrivateKey.parse(text)


def test_bad_public_keys_are_unreadable() -> None:
    for text in ("", "04" + "00" * 64, KEY.public.hex()[:-2], KEY.pem()):
        with pytest.raises(KeyUnreadable):
            Sm2PublicKey.parse(text)


def test_a_private_key_does_not_show_itself() -> None:
    assert KEY.secret.hex() not in f"{KEY} {KEY!r}"
    assert "3945208f" not in repr(KEY)
