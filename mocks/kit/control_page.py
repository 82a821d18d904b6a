"""The control plane as a page: what a person at a browser needs to break a partner and repair it.

Plain forms, no script: whoever opens the control plane's address with a browser sees this, a
program that asks for it gets the JSON index as before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mocks.kit.messages import Answer, Request
from mocks.kit.partner import ControlError, Manifest

BREAK, REPAIR, DROP, SCENARIO = "break", "repair", "drop", "scenario"
_STYLE = """
body{font:15px/1.6 "Noto Sans SC","Microsoft YaHei",sans-serif;max-width:60rem;margin:2rem auto;
padding:0 1rem;color:#1f2937;background:#fff}
.state{border-left:.4rem solid #15803d;padding:.4rem 1rem;background:#f0fdf4}
.state.bad{border-color:#b91c1c;background:#fef2f2}
table{border-collapse:collapse;width:100%;margin:.6rem 0}
td,th{border-bottom:1px solid #d1d5db;padding:.35rem .5rem;text-align:left;vertical-align:top}
form{display:inline}button{font:inherit;padding:.3rem 1rem;cursor:pointer}
.big{font-size:1.1rem;padding:.5rem 1.6rem}
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a form asks for: one of the words above, and its scenario or rule."""

    do: str
    name: str


def wants_page(request: Request) -> bool:
    """Whether a browser asks for the index."""
    return (
        request.method == "GET"
        and request.path == "/"
        and "text/html" in request.headers.get("accept", "")
    )


def wish_of(request: Request) -> Wish:
    """What was asked for; ControlError for another site's form and for what no button sends."""
    origin = request.headers.get("origin", "")
    if origin and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise ControlError("表单不是从本页提交的", 403)
    said = parse_qs(request.body.decode("utf-8", "replace"))
    do = said.get("do", [""])[0]
    if do not in (BREAK, REPAIR, DROP, SCENARIO):
        raise ControlError("没有这个按钮")
    return Wish(do, said.get("name", [""])[0])


def back() -> Answer:
    """See the page again."""
    return Answer(body=b"", status=303, content_type="text/html; charset=utf-8",
                  headers=(("location", "/"),))  # fmt: skip


def page(
    manifest: Manifest, environment: str, now: str, rules: Sequence[Mapping[str, Any]],
    entries: Sequence[Mapping[str, Any]], *, refuses: bool,
) -> Answer:  # fmt: skip
    """The whole page; ``entries`` newest first, ``refuses``: nobody can connect now."""
    state = (
        "拒绝一切连接：对中心端来说，它不通" if refuses
        else f"有 {len(rules)} 条故障规则生效" if rules else "正常应答"
    )  # fmt: skip
    title = escape(manifest.title)
    parts = [
        f"<h1>{title}</h1><p>{escape(environment)}环境 · 业务时间 {escape(now)}</p>",
        f'<p class="state{" bad" if rules else ""}" id="state">{escape(state)}</p><p>',
        _button(BREAK, "弄坏：拒绝一切连接", big=True),
        " ",
        _button(REPAIR, "修好：删除全部规则", big=True),
        "</p>",
        _rules(rules),
        _scenarios(manifest),
        _journal(entries),
        '<p>给程序用的控制接口（JSON）：<a href="/health">/health</a> '
        '<a href="/faults">/faults</a> <a href="/journal">/journal</a></p>',
    ]
    html = (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )
    return Answer(body=html.encode(), content_type="text/html; charset=utf-8",
                  headers=(("cache-control", "no-store"),))  # fmt: skip


def _rules(rules: Sequence[Mapping[str, Any]]) -> str:
    if not rules:
        return ""
    rows = "".join(
        f"<tr><td>{escape(str(rule.get('name') or rule.get('fault')))}</td>"
        f"<td>{escape(str(rule.get('description', '')))}</td><td>已发作 {rule['fired']} 次</td>"
        f"<td>{_button(DROP, '删除', str(rule['id']))}</td></tr>"
        for rule in rules
    )
    return f"<h2>生效的规则</h2><table>{rows}</table>"


def _scenarios(manifest: Manifest) -> str:
    if not manifest.scenarios:
        return ""
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(str(one.get('description', '')))}</td>"
        f"<td>{_button(SCENARIO, '启用', name)}</td></tr>"
        for name, one in manifest.scenarios.items()
    )
    return f"<h2>测试案例</h2><table>{rows}</table>"


def _journal(entries: Sequence[Mapping[str, Any]]) -> str:
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{escape(str(entry.get(key) or ''))}</td>" for key in _SHOWN)
        + "</tr>"
        for entry in entries
    )
    head = "".join(f"<th>{word}</th>" for word in _SHOWN.values())
    return f"<h2>最近收到的请求</h2><table><tr>{head}</tr>{rows}</table>"


_SHOWN = {
    "business_at": "业务时间", "endpoint": "端口", "code": "交易", "trace": "流水", "ended": "结果",
}  # fmt: skip


def _td(value: object) -> str:
    return f"<td>{escape(str(value or ''))}</td>"


def _button(do: str, text: str, name: str = "", *, big: bool = False) -> str:
    size = ' class="big"' if big else ""
    return (
        '<form method="post" action="/page">'
        f'<input type="hidden" name="name" value="{escape(name)}">'
        f'<button name="do" value="{do}"{size}>{escape(text)}</button></form>'
    )
