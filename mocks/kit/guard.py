"""Mocks (挡板) must never stand where a real partner should: the environment guard."""

from collections.abc import Mapping

ENVIRONMENTS: Mapping[str, str] = {"demo": "演示", "test": "测试"}
"""What ``--environment`` may be, and the word shown on answers and kept in every store."""


class MockRefusal(Exception):
    """The mock will not start or go on as asked; the text says why and what to do.

    ``mocks.kit.entry`` prints it and exits with status 2.
    """


def environment_word(asked: str, surroundings: Mapping[str, str]) -> str:
    """The word for ``asked``, or a refusal; ``surroundings`` is the process's environment.

    A machine marked as production by ``HUB_ENVIRONMENT`` is refused whatever was asked.
    """
    for value, where in (
        (asked, "--environment"),
        (surroundings.get("HUB_ENVIRONMENT", "demo"), "HUB_ENVIRONMENT"),
    ):
        if value not in ENVIRONMENTS and value not in ENVIRONMENTS.values():
            raise MockRefusal(
                f"挡板拒绝启动：{where}={value}。挡板只在演示（demo）或测试（test）环境运行，"
                "绝不在生产环境运行；请检查启动参数和环境变量。"
            )
    return ENVIRONMENTS.get(asked, asked)
