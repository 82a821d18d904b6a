"""The key ring's files, wrapping, succession; and search tokens."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.crypto import CipherBroken, KeyMissing, KeyRing, KeyUnreadable, Tokens, WrongMaster
from hub.crypto.sm3 import hmac_sm3
from hub.kernel.secret import Secret

FILES = ("master.key", "token.key", "signing.pem")


class TestFolder:
    def test_the_first_start_makes_keys_that_only_the_owner_reads(self, tmp_path: Path) -> None:
        folder = tmp_path / "keys"
        KeyRing.create(folder)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in FILES:
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        assert sorted(p.name for p in folder.iterdir()) == sorted((*FILES, "signing.pub.pem"))

    def test_the_second_start_finds_the_same_keys(self, tmp_path: Path) -> None:
        first, second = KeyRing.create(tmp_path), KeyRing.create(tmp_path)
        assert second.unwrap(first.wrap(b"k" * 16, b"c"), b"c") == b"k" * 16
        assert first.tokens.whole("id", "x") == second.tokens.whole("id", "x")
        assert first.signer.public == second.signer.public

    def test_many_starts_at_once_agree(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            rings = list(pool.map(KeyRing.create, [tmp_path / "k"] * 8))
        assert len({(ring.master.id, ring.tokens.whole("a", "b")) for ring in rings}) == 1
        assert len({ring.signer.public for ring in rings}) == 1

    @pytest.mark.parametrize("name", FILES)
    def test_a_lost_key_is_never_replaced(self, tmp_path: Path, name: str) -> None:
        KeyRing.create(tmp_path)
        (tmp_path / name).unlink()
        with pytest.raises(KeyMissing, match=name):
            KeyRing.load(tmp_path)
        with pytest.raises(KeyMissing, match=name):
            KeyRing.create(tmp_path)

    def test_a_start_that_was_cut_short_is_completed(self, tmp_path: Path) -> None:
        ring = KeyRing.create(tmp_path)
        (tmp_path / "signing.pub.pem").unlink()
        (tmp_path / "signing.pem").unlink()
        assert KeyRing.create(tmp_path).master.id == ring.master.id

    def test_a_key_open_to_others_is_refused(self, tmp_path: Path) -> None:
        KeyRing.create(tmp_path)
        (tmp_path / "master.key").chmod(0o640)
        with pytest.raises(KeyUnreadable, match="chmod 600"):
            KeyRing.load(tmp_path)

    @pytest.mark.parametrize("text", ["", "xyz", "00" * 15])
    def test_a_damaged_key_is_named(self, tmp_path: Path, text: str) -> None:
        KeyRing.create(tmp_path)
        (tmp_path / "master.key").write_text(text)
        with pytest.raises(KeyUnreadable, match=r"master\.key"):
            KeyRing.load(tmp_path)

    def test_the_ring_from_settings_is_the_same_ring(self, tmp_path: Path) -> None:
        ring = KeyRing.create(tmp_path)
        master, token, signing = (Secret((tmp_path / name).read_text()) for name in FILES)
        other = KeyRing.from_settings(master, token, signing)
        assert other.unwrap(ring.wrap(b"k" * 16, b""), b"") == b"k" * 16
        assert other.signer.public == ring.signer.public


class TestWrapping:
    def test_another_context_does_not_unwrap(self, tmp_path: Path) -> None:
        ring = KeyRing.create(tmp_path)
        with pytest.raises(CipherBroken):
            ring.unwrap(ring.wrap(b"k" * 16, b"2025-10"), b"2025-11")

    def test_another_master_says_so(self, tmp_path: Path) -> None:
        one, two = KeyRing.create(tmp_path / "1"), KeyRing.create(tmp_path / "2")
        with pytest.raises(WrongMaster):
            two.unwrap(one.wrap(b"k" * 16, b""), b"")

    def test_the_former_master_still_unwraps_and_never_wraps(self, tmp_path: Path) -> None:
        old = KeyRing.create(tmp_path)
        wrapped = old.wrap(b"k" * 16, b"")
        new = KeyRing.succeed(tmp_path)
        assert new.unwrap(wrapped, b"") == b"k" * 16
        assert not new.wraps(wrapped)
        assert new.wraps(new.wrap(b"k" * 16, b""))
        again = KeyRing.succeed(tmp_path)
        assert again.master.id == new.master.id
        (tmp_path / "master.old.key").unlink()
        with pytest.raises(WrongMaster):
            KeyRing.load(tmp_path).unwrap(wrapped, b"")

    def test_succession_cut_short_loses_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wrapped = KeyRing.create(tmp_path).wrap(b"k" * 16, b"")

        def power_cut(self: Path, target: Path) -> Path:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", power_cut)
            with pytest.raises(KeyboardInterrupt):
                KeyRing.succeed(tmp_path)
        assert KeyRing.load(tmp_path).unwrap(wrapped, b"") == b"k" * 16
        after = KeyRing.succeed(tmp_path)
        assert after.unwrap(wrapped, b"") == b"k" * 16
        assert not after.wraps(wrapped)


class TestTokens:
    def test_a_token_is_half_an_hmac(self) -> None:
        tokens = Tokens(b"k" * 32)
        full = hmac_sm3(b"k" * 32, b"whole\x00id\x00" + b"522729200303083343")
        assert tokens.whole("id", "522729200303083343") == full[:16].hex()

    def test_kind_value_and_sort_keep_apart(self) -> None:
        tokens = Tokens(b"k" * 32)
        made = [
            tokens.whole("id", "1234"),
            tokens.whole("account", "1234"),
            tokens.tail("id", "1234"),
            tokens.whole("id", "12345"),
            Tokens(b"x" * 32).whole("id", "1234"),
        ]
        assert len(set(made)) == len(made)
        assert all(len(token) == 32 for token in made)

    def test_a_tail_is_the_last_four(self) -> None:
        tokens = Tokens(b"k" * 32)
        assert tokens.tail("account", "6222083230853674213") == tokens.tail("account", "4213")
        assert tokens.tail("account", "213") != tokens.tail("account", "4213")
        assert tokens.whole("name", "欧阳国洋") != tokens.whole("name", "欧阳国阳")
