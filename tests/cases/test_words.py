"""Every word a case may be given is one that the pages can say, in both languages."""

import pytest

from hub.cases import kinds
from hub.cases.words import PROBLEM_ZH, REASON_ZH
from hub.web.words import LANGUAGES, Words


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_know_every_word(language: str) -> None:
    words = Words(language)
    said = {"case_problem": PROBLEM_ZH, "case_reason": REASON_ZH, "case_kind": kinds.known()}
    unknown = [
        f"{group}.{code}" for group, codes in said.items() for code in codes
        if not words.knows(group, code)
    ]  # fmt: skip
    assert unknown == []
