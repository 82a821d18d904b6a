"""Small pages of mocks that people open in a browser; the environment's word stands on each."""

import json
from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl

from mocks.kit.messages import Answer, Request

_STYLE = (
    "body{font:16px/1.7 'Noto Sans SC','Microsoft YaHei',sans-serif;margin:0;background:#f3f5f7}"
    "header{background:#0b4f8a;color:#fff;padding:.7rem 2rem}main{max-width:46rem;margin:2rem auto;"
    "background:#fff;padding:1.5rem 2rem}label{display:block;margin:.6rem 0}table{width:100%;"
    "border-collapse:collapse}td,th{border-bottom:1px solid #d5dbe1;padding:.3rem;text-align:left}"
    "input,select{font:inherit;width:100%;box-sizing:border-box}"
    "button{font:inherit;padding:.4rem 1.4rem}"
)
_KEPT = (("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"))


def page(
    site: str, environment: str, title: str, body: str, *, status: int = 200,
    summary: Mapping[str, object] | None = None,
) -> Answer:  # fmt: skip
    """``body`` is HTML; everything else is escaped."""
    html = (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}'
        f"</title><style>{_STYLE}</style></head><body><header>{escape(site)} · "
        f"{escape(environment)}</header><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Answer(html.encode(), status, "text/html; charset=utf-8", _KEPT, summary or {})


def onward(address: str, cookie: str = "", summary: Mapping[str, object] | None = None) -> Answer:
    """A redirect, perhaps with a cookie (``name=value``)."""
    headers: list[tuple[str, str]] = [*_KEPT, ("Location", address)]
    if cookie:
        headers.append(("Set-Cookie", f"{cookie}; Path=/; HttpOnly; SameSite=Lax"))
    return Answer(b"", 302, "text/html; charset=utf-8", tuple(headers), summary or {})


def cookie_of(request: Request, name: str) -> str:
    """A cookie's value, or empty."""
    for part in request.headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form sent as ``application/x-www-form-urlencoded``."""
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def json_of(body: bytes) -> dict[str, object]:
    """A JSON object, or an empty one."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
