"""An operator who has the database and the signing key, but not the checkpoints kept elsewhere.

What the hub's own folder says is then worth nothing: it can be written anew, linked and signed.
Only a copy that was out of the operator's reach tells, as far as it goes.
"""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from hub.audit import Checkpoint, Sealer, StoreNotCurrent, record
from hub.audit.chain import read_head
from hub.audit.checkpoints import ACCEPTED
from hub.audit.lines import RESTORED, read_last, sign
from hub.audit.tables import audit_entry
from tests.audit.attacks import KEY, Scene
from tests.audit.conftest import Enter


def same(line: Checkpoint) -> Checkpoint:
    return line


def rewrite(scene: Scene, first: int) -> None:
    scene.sql("UPDATE audit_entry SET fen = 1 WHERE seq = :first", first=first)
    scene.rechain(first)


class TestLinesLeftAlone:
    """The folder only ever grows: the operator can add signed lines to it."""

    def test_a_line_more_does_not_excuse_a_rewriting(self, scene: Scene) -> None:
        rewrite(scene, 13)
        with pytest.raises(StoreNotCurrent):  # the hub itself writes none for such a database
            scene.checkpoints.write(scene.store)
        _add(scene, replace(_following(scene), seq=35, chain=_chain(scene, 35)))
        assert scene.findings() == ("rewritten",)
        assert scene.report().unanchored == 0

    def test_a_line_of_an_accepted_restore_alone_excuses_nothing(self, scene: Scene) -> None:
        rewrite(scene, 13)
        _add(scene, _excuse(scene))
        assert scene.findings() == ("rewritten",)
        assert "rewritten: 11 to 30, and no entry tells of a restore" in scene.said

    def test_with_an_entry_that_says_so_it_is_excused_and_seen_for_ever(self, scene: Scene) -> None:
        """Two people's acceptance can be forged with the key; what it cost stays in sight."""
        with scene.store.write() as tx:
            record(tx, act=ACCEPTED, actor="zhang,li", subject="x",
                   detail={"last_line": 3, "known_line": 1})  # fmt: skip
        Sealer(scene.store).seal()
        rewrite(scene, 13)
        _add(scene, _excuse(scene))
        assert scene.findings() == ()
        assert scene.report().lost == ((11, 30),)
        assert "11 to 30 lost by an accepted restore: forged" in scene.said

    @pytest.mark.parametrize("said", [{"last_line": 3, "known_line": 2}, {}])
    def test_an_entry_that_says_otherwise_excuses_nothing(
        self, scene: Scene, said: dict[str, int]
    ) -> None:
        with scene.store.write() as tx:
            record(tx, act=ACCEPTED, actor="zhang,li", subject="x", detail=said)
        Sealer(scene.store).seal()
        rewrite(scene, 13)
        _add(scene, _excuse(scene))
        assert scene.findings() == ("rewritten",)


class TestLinesWrittenAnew:
    def test_alone_it_cannot_be_told(self, scene: Scene) -> None:
        rewrite(scene, 5)
        scene.forge(same)
        assert scene.findings() == ()

    def test_a_copy_from_elsewhere_tells(self, scene: Scene) -> None:
        copy = scene.outside()
        rewrite(scene, 5)
        scene.forge(same)
        assert scene.findings(copy) == ("rewritten", "witness")
        assert scene.report(copy).rewritten == (1, 10)
        assert "part at line 1" in " ".join(scene.said)

    @pytest.mark.parametrize(("lines", "told"), [(1, False), (2, True), (3, True)])
    def test_it_tells_as_far_as_it_goes(self, scene: Scene, lines: int, told: bool) -> None:
        """The first checkpoint saw entry 10, the second 20: a copy of one line knows no more."""
        copy = scene.outside(lines)
        rewrite(scene, 13)
        scene.forge(same)
        assert scene.findings(copy) == (("rewritten", "witness") if told else ())

    def test_an_older_copy_of_honest_lines_is_no_fault(self, scene: Scene) -> None:
        assert scene.findings(scene.outside(1), scene.outside(2), scene.outside()) == ()

    def test_cut_off_together_with_the_database(self, scene: Scene) -> None:
        """Entries and lines after entry 20 are gone, and the marks are those of that time."""
        copy = scene.outside()
        second = scene.checkpoints.log().lines[1]
        scene.sql("DELETE FROM audit_entry WHERE seq > 20 OR seq IS NULL")
        scene.rechain(20)
        scene.sql(
            "UPDATE store_identity SET mark = :mark, former_mark = :former",
            mark=second.mark, former=second.former,
        )  # fmt: skip
        scene.edit(lambda lines: lines[:2])
        assert scene.findings() == ()  # nothing here says that there ever was more
        assert scene.findings(copy) == ("older",)

    def test_cut_off_and_gone_on_with(self, scene: Scene, enter: Enter) -> None:
        copy = scene.outside()
        second = scene.checkpoints.log().lines[1]
        scene.sql("DELETE FROM audit_entry WHERE seq > 20 OR seq IS NULL")
        scene.rechain(20)
        scene.sql("UPDATE store_identity SET mark = :mark", mark=second.mark)
        scene.edit(lambda lines: lines[:2])
        enter(15)
        Sealer(scene.store).seal()
        assert scene.checkpoints.write(scene.store) is not None
        assert scene.findings() == ()
        assert scene.findings(copy) == ("rewritten", "witness")

    def test_a_copy_that_was_forged_itself_is_not_believed(self, scene: Scene) -> None:
        copy = scene.outside()
        (path,) = copy.glob("*.jsonl")
        path.write_bytes(path.read_bytes().replace(b'"unsealed":0', b'"unsealed":9'))
        assert "witness" in scene.findings(copy)


def _chain(scene: Scene, seq: int) -> str:
    with scene.store.read() as tx:
        query = sa.select(audit_entry.c.chain).where(audit_entry.c.seq == seq)
        return str(tx.scalar(query))


def _following(scene: Scene) -> Checkpoint:
    """A line that follows the last one, with its mark, so that the database counts as current."""
    found = read_last(scene.folder)
    assert found is not None
    return replace(found[0], number=found[0].number + 1, previous=found[1])


def _excuse(scene: Scene) -> Checkpoint:
    """A line that says: two people accepted a database that knew the first line alone."""
    first = scene.checkpoints.log().lines[0]
    line = replace(_following(scene), kind=RESTORED, former=first.mark, note="forged")
    with scene.store.read() as tx:
        head = read_head(tx)
    assert head is not None
    return replace(line, seq=head.seq, chain=head.chain)


def _add(scene: Scene, line: Checkpoint) -> None:
    scene.edit(lambda lines: [*lines, sign(line, KEY).line() + b"\n"])
