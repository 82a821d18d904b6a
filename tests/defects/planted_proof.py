"""Defects in the proofs: the audit chain, its witness, two people."""

from tests.defects.registry import Catch, Defect, Edit, day, tests

DEFECTS = (
    Defect(
        "checkpoint_not_written",
        "检查点没有写到库外 · a checkpoint is signed and never leaves the process",
        (
            Edit(
                "hub/audit/checkpoints.py",
                "            lines.append(self.folder, signed)\n",
                "            signed.line()\n",
            ),
        ),
        (
            Catch(
                tests("tests/audit/test_checkpoints.py::TestWriting"),
                "test_a_line_names_the_head_and_is_signed|test_lines_are_linked",
                "assert|not enough values",
            ),
            Catch(
                day("nothing happens"),
                "nothing happens",
                "no checkpoint covers|audit verify answered",
            ),
        ),
    ),
    Defect(
        "checkpoint_signature_unchecked",
        "检查点的签名不核验 · any signature on a checkpoint is believed",
        (
            Edit(
                "hub/audit/lines.py",
                "        return public.verify(self.signed_bytes(), raw)\n",
                "        return bool(raw) or public.verify(self.signed_bytes(), raw)\n",
            ),
        ),
        (
            Catch(
                tests("tests/audit/test_tampering.py::TestWitness"),
                "test_an_altered_last_line_breaks_its_signature|test_another_key_is_not_believed",
                "assert",
            ),
        ),
        ci=True,
    ),
    Defect(
        "restore_goes_on_from_the_last_line",
        "放行的旧库接在最后一个检查点之后 · a released restore names the last line, not the one it knew",
        (
            Edit(
                "hub/audit/checkpoints.py",
                "                base = _goes_on_from(tx, known, lines.read_log(self.folder))\n",
                "                base = lines.read_log(self.folder).last\n",
            ),
        ),
        (
            Catch(
                tests("tests/audit/test_restored.py"),
                "test_what_it_wrote_before_its_release_is_no_rewriting",
                "rewritten",
            ),
        ),
    ),
    Defect(
        "restore_without_an_entry",
        "检查点自称恢复过就相信 · a line of an accepted restore is believed without its entry",
        (
            Edit(
                "hub/audit/history.py",
                "                if one.line in self.lines and (one.line - 1, one.base) not in told\n",
                "                if one.line in self.lines and not one.line and told\n",
            ),
        ),
        (
            Catch(
                tests("tests/audit/test_operator.py::TestLinesLeftAlone"),
                "test_a_line_of_an_accepted_restore_alone_excuses_nothing",
                "rewritten",
            ),
        ),
    ),
    Defect(
        "one_person_is_enough",
        "一个人自己复核自己 · the person who asked may also confirm",
        (
            Edit(
                "hub/people/approvals.py",
                "        if actor.login == asked.requested_by:\n",
                "        if not actor.login:\n",
            ),
        ),
        (
            Catch(
                tests("tests/people/test_approvals.py::TestConfirm"),
                "test_the_same_person_is_refused",
                "DID NOT RAISE|assert",
            ),
        ),
    ),
)
