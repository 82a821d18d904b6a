"""Tampering by one who has the database and no signing key: each kind is told apart.

Every attack is judged by the hub's verifier and by the stand-alone one, which shares no code
with it; ``Scene.findings`` holds the two against each other.
"""

import shutil
from pathlib import Path

import pytest

from hub.audit import Checkpoints, Keeper, Sealer, export_entries, record, standalone, verify
from hub.crypto import Sm2PrivateKey
from hub.store import Store, metadata
from tests.audit.attacks import KEY, Scene
from tests.audit.conftest import TABLES, Enter
from tests.audit.test_checkpoints import Backup


def test_an_honest_database_is_sound(scene: Scene) -> None:
    report = scene.report()
    assert scene.findings() == ()
    assert (report.sealed, report.unsealed, report.unanchored) == (35, 2, 5)
    assert report.checkpoints == 3
    assert scene.said[0] == (
        "35 entries to number 35; 3 checkpoints; 5 entries after the last; 2 were not sealed yet"
    )


class TestAltered:
    @pytest.mark.parametrize(
        "change",
        [
            "fen = 1", "actor = 'somebody'", "subject = 'x'", "detail = '{}  '", "root = 'ab'",
            "instant_us = instant_us + 1", "quantity = quantity + 1", "act = 'other'", "id = 999",
            "actor = actor || chr(10) || subject, subject = ''",
        ],
    )  # fmt: skip
    def test_one_field_is_found_and_placed(self, scene: Scene, change: str) -> None:
        if scene.store.is_sqlite:
            change = change.replace("chr(", "char(")
        scene.sql(f"UPDATE audit_entry SET {change} WHERE seq = 17")
        assert scene.findings() == ("altered",)
        assert scene.report().altered == (17,)
        assert "altered: 17" in scene.said

    def test_a_line_feed_smuggled_in_before_sealing(self, scene: Scene) -> None:
        """Else its text could be moved from one field to the next, the bytes staying equal."""
        scene.sql("UPDATE audit_entry SET actor = :feed WHERE seq IS NULL", feed="a\nb")
        assert Sealer(scene.store).seal() == 2
        assert scene.findings() == ("altered",)
        assert scene.report().altered == (36, 37)

    def test_a_chain_value(self, scene: Scene) -> None:
        scene.sql("UPDATE audit_entry SET chain = :chain WHERE seq = 35", chain="0" * 64)
        assert scene.findings() == ("altered",)

    def test_two_entries_exchanged(self, scene: Scene) -> None:
        for old, new in ((16, -1), (17, 16), (-1, 17)):
            scene.sql("UPDATE audit_entry SET seq = :new WHERE seq = :old", old=old, new=new)
        assert scene.findings() == ("altered",)
        assert set(scene.report().altered) >= {16, 17}

    def test_a_head_that_lags_behind(self, scene: Scene) -> None:
        scene.sql("UPDATE audit_head SET seq = 34")
        assert scene.findings() == ("altered",)
        assert scene.report().altered == (35,)

    def test_a_head_with_another_chain_value(self, scene: Scene) -> None:
        scene.sql("UPDATE audit_head SET chain = :chain", chain="0" * 64)
        assert scene.findings() == ("altered",)


class TestMissing:
    @pytest.mark.parametrize(
        ("gone", "expected"),
        [("seq BETWEEN 12 AND 14", (12, 14)), ("seq = 1", (1, 1)), ("seq = 20", (20, 20))],
    )
    def test_they_are_named(self, scene: Scene, gone: str, expected: tuple[int, int]) -> None:
        scene.sql(f"DELETE FROM audit_entry WHERE {gone}")
        assert scene.findings() == ("missing",)
        report = scene.report()
        assert report.missing == (expected,)
        assert report.sealed == 35 - (expected[1] - expected[0] + 1)
        assert f"missing: {expected[0]} to {expected[1]}" in scene.said

    def test_an_entry_unsealed_again(self, scene: Scene) -> None:
        scene.sql("UPDATE audit_entry SET seq = NULL, chain = NULL WHERE seq = 25")
        assert scene.findings() == ("missing",)
        assert scene.report().missing == ((25, 25),)

    def test_the_gap_closed_by_a_new_chain(self, scene: Scene) -> None:
        """Nothing is missing any more, but the entries are not those the checkpoints saw."""
        scene.sql("DELETE FROM audit_entry WHERE seq BETWEEN 12 AND 14")
        scene.rechain(12)
        assert scene.findings() == ("rewritten",)


class TestTruncated:
    def test_the_head_tells(self, scene: Scene) -> None:
        scene.sql("DELETE FROM audit_entry WHERE seq > 32")
        assert scene.findings() == ("truncated",)
        assert scene.report().truncated == (33, 35)
        assert "truncated: 33 to 35" in scene.said

    def test_with_the_head_set_back_the_checkpoint_tells(self, scene: Scene) -> None:
        scene.sql("DELETE FROM audit_entry WHERE seq > 27 OR seq IS NULL")
        scene.rechain(27)
        assert scene.findings() == ("truncated",)
        assert scene.report().truncated == (28, 30)
        with scene.store.read() as tx:
            assert scene.checkpoints.judge(tx) == "older"

    def test_and_grown_again_it_is_a_rewriting(self, scene: Scene, enter: Enter) -> None:
        scene.sql("DELETE FROM audit_entry WHERE seq > 27 OR seq IS NULL")
        scene.rechain(27)
        enter(20)
        Sealer(scene.store).seal()
        assert scene.findings() == ("rewritten",)


class TestRewritten:
    @pytest.mark.parametrize(("first", "expected"), [(1, (1, 10)), (13, (11, 20)), (20, (11, 20))])
    def test_the_checkpoint_tells(
        self, scene: Scene, first: int, expected: tuple[int, int]
    ) -> None:
        scene.sql("UPDATE audit_entry SET fen = 1 WHERE seq = :first", first=first)
        scene.rechain(first)
        assert scene.findings() == ("rewritten",)
        assert scene.report().rewritten == expected

    def test_an_entry_slipped_in(self, scene: Scene) -> None:
        scene.sql("UPDATE audit_entry SET seq = seq + 1000 WHERE seq > 15")
        scene.sql("UPDATE audit_entry SET seq = seq - 999 WHERE seq > 1000")
        scene.sql(
            "INSERT INTO audit_entry (instant_us, act, actor, subject, quantity, fen, root, detail,"
            " seq, chain) VALUES (1, 'a', 'b', 'c', 0, 0, '', '{}', 16, '')",
        )
        scene.rechain(16)
        assert scene.findings() == ("rewritten",)


class TestOlder:
    @pytest.fixture
    def restored(
        self, store: Store, checkpoints: Checkpoints, enter: Enter, tmp_path: Path
    ) -> Scene:
        """A backup from entry 10, restored when the chain was at 30 with three checkpoints."""
        keeper = Keeper(store, checkpoints)
        enter(10)
        keeper.stage_end("one")
        backup = Backup(store, tmp_path)
        for stage in ("two", "three"):
            enter(10)
            keeper.stage_end(stage)
        return Scene(backup.restore(), checkpoints, tmp_path)

    def test_a_restored_backup(self, restored: Scene) -> None:
        assert restored.findings() == ("older",)

    def test_gone_on_with_past_the_checkpoint(self, restored: Scene, enter: Enter) -> None:
        enter(25)
        Sealer(restored.store).seal()
        assert restored.findings() == ("rewritten", "older")

    def test_its_marks_made_to_look_current(self, restored: Scene) -> None:
        """Then it is a database whose end is gone."""
        last = restored.checkpoints.last()
        assert last is not None
        restored.sql("UPDATE store_identity SET mark = :mark", mark=last.mark)
        assert restored.findings() == ("truncated",)

    def test_its_marks_wiped(self, restored: Scene) -> None:
        restored.sql("UPDATE store_identity SET mark = '', former_mark = ''")
        assert restored.findings() == ("older",)

    def test_and_altered_besides(self, restored: Scene) -> None:
        restored.sql("UPDATE audit_entry SET fen = 1 WHERE seq = 4")
        assert restored.findings() == ("altered", "older")


class TestForeign:
    def test_another_databases_checkpoints(self, scene: Scene, tmp_path: Path) -> None:
        other = Store(f"sqlite:///{tmp_path}/other.sqlite")
        metadata.create_all(other.engine, tables=TABLES)
        elsewhere = Checkpoints(tmp_path / "elsewhere", KEY)
        with other.write() as tx:
            record(tx, act="a", actor="b", subject="c")
        assert Keeper(other, elsewhere).stage_end("x").checkpoint is not None
        other.close()
        shutil.rmtree(scene.folder)
        shutil.copytree(elsewhere.folder, scene.folder)
        assert scene.findings() == ("foreign",)

    def test_another_number_for_the_database(self, scene: Scene) -> None:
        scene.sql("UPDATE store_identity SET store_id = 'another'")
        assert scene.findings() == ("altered", "foreign")

    def test_who_it_is_taken_away(self, scene: Scene) -> None:
        scene.sql("DELETE FROM store_identity")
        assert scene.report().findings() == ("foreign",)


class TestTogether:
    def test_each_wrong_is_told(self, scene: Scene) -> None:
        scene.sql("UPDATE audit_entry SET actor = 'x' WHERE seq IN (3, 4)")
        scene.sql("DELETE FROM audit_entry WHERE seq = 8 OR seq = 35")
        assert scene.findings() == ("altered", "missing", "truncated")
        report = scene.report()
        assert report.altered == (3, 4)
        said = report.text()
        for part in ("有问题", "内容被改 altered 2: 3, 4", "missing 8-8", "truncated 35-35"):
            assert part in said
        assert report.as_dict()["good"] is False

    def test_altered_missing_cut_and_rewritten(self, scene: Scene) -> None:
        scene.sql("UPDATE audit_entry SET fen = 7 WHERE seq = 15")
        scene.rechain(15)
        scene.sql("UPDATE audit_entry SET fen = 9 WHERE seq = 22")
        scene.sql("DELETE FROM audit_entry WHERE seq = 5 OR seq > 28")
        assert scene.findings() == ("altered", "missing", "truncated", "rewritten")


class TestWitness:
    """The checkpoints themselves, by one who can write to their folder and cannot sign."""

    def test_an_altered_line_breaks_the_links(self, scene: Scene) -> None:
        scene.edit(lambda ls: [ls[0].replace(b'"note":""', b'"note":"x"'), *ls[1:]])
        assert scene.findings() == ("witness",)
        assert "line 2" in scene.report().witness_faults[0]

    def test_a_line_made_to_fit_a_rewritten_chain(self, scene: Scene) -> None:
        scene.sql("UPDATE audit_entry SET fen = 1 WHERE seq = 22")
        scene.rechain(22)
        with scene.store.read() as tx:
            chain = tx.exec_driver_sql("SELECT chain FROM audit_entry WHERE seq = 30").scalar_one()
        last = scene.checkpoints.last()
        assert last is not None
        scene.edit(lambda ls: [*ls[:2], ls[2].replace(last.chain.encode(), chain.encode())])
        assert scene.findings() == ("witness",)
        assert "signature" in scene.report().witness_faults[0]

    def test_an_altered_last_line_breaks_its_signature(self, scene: Scene) -> None:
        scene.edit(lambda ls: [*ls[:2], ls[2].replace(b'"unsealed":0', b'"unsealed":1')])
        assert scene.findings() == ("witness",)
        assert "signature" in scene.report().witness_faults[0]

    def test_a_missing_line_breaks_the_links(self, scene: Scene) -> None:
        scene.edit(lambda ls: [ls[0], ls[2]])
        assert scene.findings() == ("witness",)

    def test_what_is_no_line(self, scene: Scene) -> None:
        scene.edit(lambda ls: [ls[0], b"{}\n", *ls[1:]])
        assert scene.findings() == ("witness",)

    @pytest.mark.parametrize("left", [0, 1, 2])
    def test_lines_cut_off_at_the_end_leave_the_database_ahead(
        self, scene: Scene, left: int
    ) -> None:
        scene.edit(lambda ls: ls[:left])
        assert scene.findings() == (() if left == 2 else ("foreign",))

    def test_cut_off_and_the_rest_rewritten(self, scene: Scene) -> None:
        scene.sql("UPDATE audit_entry SET fen = 1 WHERE seq = 5")
        scene.rechain(5)
        scene.edit(lambda ls: ls[:1])
        assert scene.findings() == ("rewritten", "foreign")

    def test_another_key_is_not_believed(self, scene: Scene) -> None:
        with scene.store.read() as tx:
            report = verify(tx, scene.checkpoints.log(), Sm2PrivateKey.generate().public)
        assert report.findings() == ("witness",)


class TestWhatCannotBeTold:
    """Said in docs/explanation/audit.md; here so that nobody believes otherwise."""

    def test_what_no_checkpoint_saw_can_be_rewritten(self, scene: Scene) -> None:
        scene.sql("UPDATE audit_entry SET fen = 1 WHERE seq = 33")
        scene.rechain(33)
        assert scene.findings() == ()
        assert scene.report().unanchored == 5

    def test_what_no_checkpoint_saw_can_be_cut_off(self, scene: Scene) -> None:
        scene.sql("DELETE FROM audit_entry WHERE seq > 31")
        scene.rechain(31)
        assert scene.findings() == ()
        assert scene.report().unanchored == 1

    def test_what_is_not_sealed_yet_can_be_changed(self, scene: Scene) -> None:
        scene.sql("UPDATE audit_entry SET fen = 1 WHERE seq IS NULL")
        assert scene.findings() == ()
        assert scene.report().unsealed == 2


class TestAlone:
    def test_the_plain_sm3_of_the_verifier_is_sm3(self) -> None:
        for size in (0, 3, 55, 56, 63, 64, 65, 300):
            data = bytes(range(256))[:size] * 2
            assert standalone.plain_sm3(data) == standalone.library_sm3(data)

    def test_it_needs_no_sm3_of_the_library(self, scene: Scene) -> None:
        assert scene.alone(sm3=False) == ()
        scene.sql("UPDATE audit_entry SET fen = 1 WHERE seq = 17")
        assert scene.alone(sm3=False) == ("altered",)

    def test_a_part_can_be_exported(self, scene: Scene, tmp_path: Path) -> None:
        (tmp_path / "key.pem").write_text(KEY.public.pem())
        with scene.store.read() as tx:
            assert export_entries(tx, tmp_path / "part.jsonl", first=11, last=30) == 20
        given = [str(tmp_path / "part.jsonl"), "--checkpoints", str(scene.folder)]
        assert standalone.main([*given, "--key", str(tmp_path / "key.pem")]) == 0

    def test_a_part_after_a_rewriting_does_not_begin_where_it_says(
        self, scene: Scene, tmp_path: Path
    ) -> None:
        (tmp_path / "key.pem").write_text(KEY.public.pem())
        scene.sql("UPDATE audit_entry SET fen = 1 WHERE seq = 5")
        scene.rechain(5)
        with scene.store.read() as tx:
            export_entries(tx, tmp_path / "part.jsonl", first=11, last=15)
        given = [str(tmp_path / "part.jsonl"), "--checkpoints", str(scene.folder)]
        assert standalone.main([*given, "--key", str(tmp_path / "key.pem")]) == 14

    @pytest.mark.parametrize("what", ["nowhere", "text"])
    def test_what_cannot_be_read_is_no_verdict(
        self, scene: Scene, tmp_path: Path, what: str
    ) -> None:
        (tmp_path / "key.pem").write_text(KEY.public.pem())
        (tmp_path / "text").write_text("no JSON")
        given = [str(tmp_path / what), "--checkpoints", str(scene.folder)]
        assert standalone.main([*given, "--key", str(tmp_path / "key.pem")]) == 2

    def test_an_export_cut_short(self, scene: Scene, tmp_path: Path) -> None:
        (tmp_path / "key.pem").write_text(KEY.public.pem())
        path = tmp_path / "entries.jsonl"
        with scene.store.read() as tx:
            export_entries(tx, path)
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-3]))
        given = [str(path), "--checkpoints", str(scene.folder)]
        assert standalone.main([*given, "--key", str(tmp_path / "key.pem")]) == 13
