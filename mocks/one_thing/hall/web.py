"""What people see of the hall: in by the hub's one-time key, the form, what became of it."""

import base64
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from html import escape
from typing import Any

from mocks.kit.messages import Answer, Call, Request
from mocks.kit.pages import cookie_of, json_of, onward, page
from mocks.one_thing.hall.books import Books, Visitor
from mocks.one_thing.hall.line import Hub

_COOKIE = "hall_session"
_SITE = "黔南州住房公积金网上办事大厅"
_FIELDS = (
    ("contractNo", "商品房买卖合同编号"), ("houseAddress", "房屋坐落"),
    ("developerName", "售房人"), ("presalePermit", "预售许可证号"), ("amount", "提取金额（元）"),
    ("bankName", "收款银行"), ("bankCode", "收款银行代码"), ("bankAccount", "本人收款账号"),
    ("personNumber", "个人账号（名下只有一个时可不填）"),
)  # fmt: skip
_FILES = (("01", "身份证件"), ("02", "商品房买卖合同"))


class Web:
    """Endpoint ``web``."""

    def __init__(
        self, books: Books, hub: Hub, contract: Mapping[str, Any], environment: str
    ) -> None:
        self._books, self._hub, self._environment = books, hub, environment
        self._paths = {name: str(one["path"]) for name, one in contract["inbound"].items()}

    def describe(self, request: Request) -> Call:
        code = "enter" if request.path == "/sso" else "page"
        return Call(code=code, summary={"path": request.path})

    def answer(self, request: Request, call: Call) -> Answer:
        if (request.method, request.path) == ("GET", "/sso"):
            return self._enter(request.query.get("key", ""))
        visitor = self._books.who(cookie_of(request, _COOKIE))
        if visitor is None:
            return self._page("请先登录", "<p>请从贵州政务服务网的办件页面进入。</p>", status=401)
        return self._inside(visitor, request)

    def _inside(self, visitor: Visitor, request: Request) -> Answer:
        match request.method, request.path:
            case "GET", "/":
                return self._form(visitor)
            case "POST", "/apply":
                return self._apply(visitor, request)
            case "POST", "/withdraw":
                number = str(visitor["projectNo"])
                self._books.file(self._paths["hall.withdraw"], number, {"reason": "申请人撤回"})
                return onward("/filed")
            case "GET", "/filed":
                return self._filed(visitor)
        return self._page("没有这一页", "", status=404)

    def _enter(self, key: str) -> Answer:
        """The hub says who it is, server to server; what the browser says of itself is nothing."""
        heard = self._hub.redeem(key)
        said = json_of(heard.body)
        code, visitor = str(said.get("code", "")), said.get("data")
        if code != "200" or not isinstance(visitor, dict):
            text = str(said.get("message") or "公积金中心没有应答")
            body = f"<p>{escape(text)}</p><p>代码 <code>{escape(code or 'none')}</code></p>"
            return self._page("不能进入网厅", body, status=403, summary={"code": code})
        token = self._books.let_in(visitor)
        return onward("/", f"{_COOKIE}={token}", {"code": code, "number": visitor["projectNo"]})

    def _form(self, visitor: Visitor) -> Answer:
        name = str(visitor.get("companyName") or visitor["name"])
        fields = "".join(
            f'<label>{label}<input name="{field}"></label>' for field, label in _FIELDS
        )
        files = "".join(
            f'<label>{label}<input type="file" name="file{code}"></label>' for code, label in _FILES
        )
        return self._page(
            "购房提取申请",
            f'<p>{escape(name)}，您好。办件编号 <b id="number">{visitor["projectNo"]}</b></p>'
            '<form method="post" action="/apply" enctype="multipart/form-data">'
            f"{fields}{files}<button>提交申请</button></form>"
            '<p><a href="/filed">已提交的申请</a></p>',
        )

    def _apply(self, visitor: Visitor, request: Request) -> Answer:
        fields, files = _parts(request)
        document: dict[str, object] = {
            "visit": visitor["visit"], "formVersion": "1", "name": visitor["name"],
            "idCardType": visitor["idCardType"], "idCardNumber": visitor["idCardNumber"],
            **{name: fields.get(name, "").strip() for name, _ in _FIELDS},
            "attachmentList": [
                {"attName": name, "attType": code, "fileBase64": base64.b64encode(data).decode()}
                for code, name, data in files
            ],
        }  # fmt: skip
        self._books.file(self._paths["hall.apply"], str(visitor["projectNo"]), document)
        return onward("/filed")

    def _filed(self, visitor: Visitor) -> Answer:
        words = {"waiting": "正在送", "taken": "中心已接收", "refused": "中心不接收",
                 "given up": "没有送到"}  # fmt: skip
        rows = "".join(
            f"<tr><td>{one['version']}</td><td>{words[one['state']]}</td><td>{one['said']}</td></tr>"
            for one in self._books.filed(str(visitor["projectNo"]))
        )
        return self._page(
            "已提交的申请",
            f"<table><tr><th>版本</th><th>状态</th><th>应答</th></tr>{rows}</table>"
            '<form method="post" action="/withdraw"><button>撤回申请</button></form>'
            '<p><a href="/">修改后再提交</a></p>',
        )

    def _page(
        self, title: str, body: str, *, status: int = 200,
        summary: Mapping[str, object] | None = None,
    ) -> Answer:  # fmt: skip
        return page(_SITE, self._environment, title, body, status=status, summary=summary)


def _parts(request: Request) -> tuple[dict[str, str], list[tuple[str, str, bytes]]]:
    """Fields and files (material code, name, bytes) of a multipart form."""
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    fields: dict[str, str] = {}
    files: list[tuple[str, str, bytes]] = []
    for part in BytesParser(policy=HTTP).parsebytes(head + request.body).iter_parts():
        name = str(part.get_param("name", header="content-disposition") or "")
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        filename = part.get_filename()
        if filename is None:
            fields[name] = data.decode("utf-8", "replace")
        elif filename:
            files.append((name.removeprefix("file"), filename, data))
    return fields, files
