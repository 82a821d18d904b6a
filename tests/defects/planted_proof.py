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
