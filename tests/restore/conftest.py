"""The chaos suite's fixtures serve here too: the sample month with quick contract times."""

from tests.chaos.conftest import own, plan, url

__all__ = ["own", "plan", "url"]
