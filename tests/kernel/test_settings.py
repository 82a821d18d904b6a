"""hub.toml and the environment: what is read, what is refused, and that errors name the place."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.errors import Misconfigured
from hub.kernel.secret import Secret
from hub.kernel.settings import (
    FILE_NAME,
    PartnerSettings,
    Settings,
    read_secret,
    write_partners,
    write_secret,
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("HUB_"):
            monkeypatch.delenv(name)


def write(home: Path, text: str) -> None:
    (home / FILE_NAME).write_text(text, encoding="utf-8")


class TestLoad:
    def test_an_empty_home_has_the_strict_defaults(self, tmp_path: Path) -> None:
        settings = Settings.load(tmp_path)
        assert settings.home == tmp_path
        assert settings.environment_word == "生产"
        assert settings.database_url == f"sqlite:///{tmp_path}/hub.sqlite"
        assert settings.host == "127.0.0.1"
        assert settings.checkpoints == tmp_path / "checkpoints"
        assert settings.clock_file is None
        assert (settings.contracts.parent / "hub" / "kernel").is_dir()

    def test_the_file_is_read_and_the_environment_wins(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path, 'port = 1234\nworkers = 3\nenvironment = "demo"\nclock_file = "c.json"\n')
        monkeypatch.setenv("HUB_PORT", "4321")
        settings = Settings.load(tmp_path)
        assert (settings.port, settings.workers) == (4321, 3)
        assert settings.environment_word == "演示"
        assert settings.clock_file == tmp_path / "c.json"

    def test_the_home_comes_from_the_argument_before_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HUB_HOME", str(tmp_path / "one"))
        assert Settings.load().home == tmp_path / "one"
        assert Settings.load(tmp_path / "two").home == tmp_path / "two"

    def test_a_relative_home_is_made_absolute(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert Settings.load(Path("here")).keys == tmp_path / "here" / "keys"

    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("prot = 1\n", "prot: there is no such setting"),
            ("port = 70000\n", "port"),
            ('port = "many"\n', "port"),
            ('environment = "live"\n', "environment"),
            ('home = "/elsewhere"\n', "home"),
            ('host = "0.0.0.0"\n', "host"),
            ('host = "127.0.0.1.example.com"\n', "host"),
            ('clock_file = "clock.json"\n', "clock_file"),
            ('[partners."bank-icbc"]\nendpoint = {}\n', "partners.bank-icbc.endpoint"),
            ('[partners."bank-icbc".values]\nCIS = 12\n', "partners.bank-icbc.values.CIS"),
            ("[partners.Bank_ICBC]\n", "Bank_ICBC"),
            ('[partners."bank-icbc".endpoints]\nnc = []\n', "primary"),
            ('[partners."bank-icbc".endpoints]\nnc = ["http://a", "http://a"]\n', "twice"),
            ('[partners."bank-icbc".standby]\nnc = ["http://a"]\n', "no such endpoint"),
            (
                '[partners."b-a".endpoints]\na = ["http://a", "http://b"]\n'
                'b = ["http://a", "http://b", "http://c"]\n',
                "same number",
            ),
            ('[partners."bank-icbc".tls]\ncertificate = "me.pem"\n', "go together"),
            ('[partners."bank-icbc".expires]\npin = "soon"\n', "no date"),
            ("port = \n", "line 1"),
        ],
    )
    def test_what_cannot_be_used_is_named(self, tmp_path: Path, text: str, place: str) -> None:
        write(tmp_path, text)
        with pytest.raises(Misconfigured) as caught:
            Settings.load(tmp_path)
        assert caught.value.code == "settings.misconfigured"
        assert place in caught.value.message
        assert FILE_NAME in caught.value.message

    def test_a_file_in_another_charset_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / FILE_NAME).write_bytes("# 中心\n".encode("gb18030"))
        with pytest.raises(Misconfigured, match="UTF-8"):
            Settings.load(tmp_path)

    def test_a_misspelt_variable_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HUB_DATABSE_URL", "sqlite:///other")
        with pytest.raises(Misconfigured, match="HUB_DATABSE_URL"):
            Settings.load(tmp_path)

    def test_an_error_in_a_variable_names_the_variable_and_not_its_value(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HUB_WORKERS", "hunter2")
        with pytest.raises(Misconfigured) as caught:
            Settings.load(tmp_path)
        assert "HUB_WORKERS" in caught.value.message
        assert "hunter2" not in caught.value.message

    def test_a_password_in_the_database_url_is_not_shown(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HUB_DATABASE_URL", "postgresql+psycopg://hub:hunter2@127.0.0.1/hub")
        assert "hunter2" not in repr(Settings.load(tmp_path))

    def test_settings_cannot_be_changed_afterwards(self, tmp_path: Path) -> None:
        settings = Settings.load(tmp_path)
        with pytest.raises(ValueError, match="frozen"):
            settings.port = 1


class TestStandby:
    def test_a_list_is_the_primary_address_and_those_on_standby(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            '[partners."bank-gznx".endpoints]\ncontrol = ["tcp://a:1", "tcp://b:1"]\n'
            'files = "sftp://f:22/in"\n',
        )
        partner = Settings.load(tmp_path).partner("bank-gznx")
        assert partner.places == 2
        assert partner.endpoints_at(0) == {"control": "tcp://a:1", "files": "sftp://f:22/in"}
        assert partner.endpoints_at(1) == {"control": "tcp://b:1", "files": "sftp://f:22/in"}

    def test_what_is_written_is_read_again(self, tmp_path: Path) -> None:
        partner = PartnerSettings.model_validate(
            {
                "endpoints": {"nc": ["https://a", "https://b", "https://c"]},
                "tls": {"authorities": "ca.pem"},
                "switch": {"after": 3},
                "expires": {"pin": "2027-01-31"},
            }
        )
        write_partners(tmp_path / FILE_NAME, {"bank-icbc": partner})
        assert Settings.load(tmp_path).partner("bank-icbc") == partner


class TestTls:
    def test_paths_are_the_homes(self, tmp_path: Path) -> None:
        write_secret(tmp_path / "me.key", Secret("k"))
        write(
            tmp_path,
            '[partners."bank-icbc".tls]\nauthorities = "ca.pem"\ncertificate = "me.pem"\n'
            'key = "me.key"\n',
        )
        found = Settings.load(tmp_path).partner_tls("bank-icbc")
        assert found == (tmp_path / "ca.pem", tmp_path / "me.pem", tmp_path / "me.key", False)
        (tmp_path / "me.key").chmod(0o644)
        with pytest.raises(Misconfigured, match="chmod 600"):
            Settings.load(tmp_path).partner_tls("bank-icbc")

    def test_the_machines_own_store_only_when_it_is_said(self, tmp_path: Path) -> None:
        assert Settings.load(tmp_path).partner_tls("bank-icbc") == (None, None, None, False)
        write(tmp_path, '[partners."bank-icbc".tls]\nauthorities = "system"\n')
        assert Settings.load(tmp_path).partner_tls("bank-icbc") == (None, None, None, True)


class TestSecrets:
    def test_secrets_are_files_of_their_owner(self, tmp_path: Path) -> None:
        write_secret(tmp_path / "keys" / "icbc", Secret("s3cr3t"))
        write(tmp_path, '[partners."bank-icbc".secrets]\npin = "keys/icbc"\n')
        secrets = Settings.load(tmp_path).partner_secrets("bank-icbc")
        assert secrets["pin"].reveal() == "s3cr3t"
        assert (tmp_path / "keys" / "icbc").stat().st_mode & 0o777 == 0o600
        assert Settings.load(tmp_path).partner_secrets("bank-none") == {}

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o700])
    def test_one_that_others_may_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "pin"
        path.write_text("s3cr3t")
        path.chmod(mode)
        with pytest.raises(Misconfigured, match="chmod 600") as caught:
            read_secret(path, "partners.bank-icbc.secrets.pin")
        assert "s3cr3t" not in str(caught.value)

    @pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
    def test_one_without_text_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "pin"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(Misconfigured, match="the place"):
            read_secret(path, "the place")

    def test_one_that_is_missing_or_a_folder_is_refused(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none", tmp_path):
            with pytest.raises(Misconfigured, match="the place"):
                read_secret(path, "the place")


class TestWritePartners:
    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        partners = {
            "bank-icbc": PartnerSettings(
                endpoints={"api": "http://127.0.0.1:1", "sign": "http://127.0.0.1:2"},
                values={"CIS": "0123", "payer name": "黔南州“中心”"},
                secrets={"pin": "keys/pin"},
            ),
            "core-reference": PartnerSettings(),
        }
        path = tmp_path / FILE_NAME
        write_partners(path, partners, top={"environment": "demo", "port": 0})
        write_partners(path, partners, top={"environment": "test", "port": 1})
        settings = Settings.load(tmp_path)
        assert settings.partners == partners
        assert (settings.environment, settings.port) == ("test", 1)
        assert [entry.name for entry in tmp_path.iterdir()] == [FILE_NAME]

    @given(st.dictionaries(st.text(), st.text(st.characters(exclude_categories=["Cs"]))))
    def test_any_text_survives(
        self, tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]
    ) -> None:
        home = tmp_path_factory.mktemp("home")
        write_partners(home / FILE_NAME, {"bank-icbc": PartnerSettings(values=values)})
        assert Settings.load(home).partner("bank-icbc").values == values
