"""What a browser sees of us: a redirect, or a page that says why not.  Chinese first, English at a
switch that needs no script and asks for nothing."""

import base64
import hashlib
from html import escape

from hub.contracts import Code
from hub.ports.inbound import InboundAnswer

_STYLE = (
    "body{font:16px/1.7 'Noto Sans SC','Microsoft YaHei',sans-serif;color:#1d2733;"
    "background:#f4f6f8;margin:0}main{max-width:36rem;margin:12vh auto;padding:2rem;"
    "background:#fff;border-top:4px solid #b3261e}h1{font-size:1.35rem;margin:0 0 .5rem}"
    "code{font-size:1rem}.en{display:none}.en:target{display:block}.en:target~.zh{display:none}"
    "a{color:#0b57a4}footer{margin-top:1.5rem;color:#52606d}"
)
_POLICY = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
HEADERS = {
    # An address with an assertion or a key in it is told to nobody and kept nowhere.
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_POLICY}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
}


def refusal(code: Code) -> InboundAnswer:
    """The contract's words for a code of ``entry_code``, in its HTTP status."""
    html = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(code.text)} · 公积金网厅</title><style>{_STYLE}</style></head><body><main>"
        f"{_part('en', 'en', code.extra['en'], code.extra['en_do'], code, ('zh', '中文'))}"
        f"{_part('zh', 'zh-CN', code.text, code.do, code, ('en', 'English'))}"
        "</main></body></html>"
    )
    headers = {"Content-Type": "text/html; charset=utf-8", **HEADERS}
    return InboundAnswer(int(code.extra["http"]), headers, html.encode("utf-8"))


def _part(name: str, language: str, text: str, do: str, code: Code, other: tuple[str, str]) -> str:
    label = "代码" if name == "zh" else "Code"
    return (
        f'<section class="{name}" id="{name}" lang="{language}"><h1>{escape(text)}</h1>'
        f"<p>{escape(do)}</p><footer>{label} <code>{escape(code.code)}</code> · "
        f'<a href="#{other[0]}">{other[1]}</a></footer></section>'
    )
