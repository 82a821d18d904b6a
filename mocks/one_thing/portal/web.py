"""The platform as people see it: sign in, open the home purchase matter, read its progress."""

from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import quote, urlsplit

from mocks.kit.cases.gateway import Books
from mocks.kit.messages import Answer, Call, Request
from mocks.kit.pages import cookie_of, form_of, onward, page
from mocks.one_thing.portal.sso import AHEAD, ELSEWHERE, OLD, TAMPERED, Person, SignOn

_COOKIE = "portal_session"
_SITE = "贵州政务服务网"
_WORDS = {"accept": "受理", "process": "过程", "result": "结果"}
_ENDS = {"3": "办结", "4": "不予办理", "8": "已撤回"}


class Web:
    """Endpoint ``web``."""

    def __init__(
        self, sign_on: SignOn, books: Books, centre: Callable[[], str], environment: str
    ) -> None:
        """``centre`` answers the centre's receiving address, where browsers are sent."""
        self._sign_on, self._books, self._centre = sign_on, books, centre
        self._environment = environment

    def describe(self, request: Request) -> Call:
        code = "sso" if request.path == "/sso/login" else "page"
        return Call(code=code, summary={"path": request.path})

    def answer(self, request: Request, call: Call) -> Answer:
        if (request.method, request.path) == ("POST", "/login"):
            return self._signed_in(form_of(request))
        person = self._sign_on.who(cookie_of(request, _COOKIE))
        if person is None:
            return self._sign_in_page()
        match request.method, request.path:
            case "GET", "/sso/login":
                return self._assert(person, request.query, call)
            case "POST", "/matters/home-purchase":
                return self._begin(person, form_of(request).get("number", ""))
            case "GET", "/" | "/matters":
                return self._matters(person)
        return self._page("没有这一页", "", status=404)

    def _sign_in_page(self) -> Answer:
        options = "".join(
            f'<option value="{one.id}">{escape(one.company or one.name)}</option>'
            for one in self._sign_on.people()
        )
        return self._page(
            "登录",
            '<form method="post" action="/login"><label>身份<select name="person">'
            f"{options}</select></label><button>登录</button></form>",
        )

    def _signed_in(self, form: Mapping[str, str]) -> Answer:
        known = {str(one.id): one for one in self._sign_on.people()}
        person = known.get(form.get("person", ""))
        if person is None:
            return self._sign_in_page()
        return onward("/matters", f"{_COOKIE}={self._sign_on.sign_in(person.id)}")

    def _matters(self, person: Person) -> Answer:
        body = (
            f"<p>{escape(person.company or person.name)}，您好</p>"
            '<form method="post" action="/matters/home-purchase">'
            "<h2>高效办成一件事 · 购房</h2><p>住房公积金购买预售商品房，转到公积金网厅办理。</p>"
            "<button>在线办理</button></form>"
        )
        return self._page("我的办件", body + "".join(map(self._case, self._sign_on.cases(person))))

    def _case(self, number: str) -> str:
        rows = "".join(_row(one) for one in self._books.feedback(number))
        return (
            f'<section id="{number}"><h2>办件 {number}</h2>'
            f'<form method="post" action="/matters/home-purchase">'
            f'<input type="hidden" name="number" value="{number}"><button>继续办理</button></form>'
            f"<table><tr><th>序号</th><th>类别</th><th>进度</th><th>说明</th></tr>{rows}</table>"
            "</section>"
        )

    def _begin(self, person: Person, number: str) -> Answer:
        """Of the person's own cases, or a new one; then through the sign-on to the centre."""
        if number not in self._sign_on.cases(person):
            number = self._sign_on.open_case(person)
        goto = f"{self._centre()}{self._sign_on.callback}"
        kind = "0" if person.user_type == "1" else "1"
        return onward(
            f"/sso/login?utype={kind}&client_id={quote(self._sign_on.client)}"
            f"&project_no={number}&goto={quote(goto, safe='')}"
        )

    def _assert(self, person: Person, query: Mapping[str, str], call: Call) -> Answer:
        number, goto = query.get("project_no", ""), query.get("goto", "")
        registered = f"{self._centre()}{self._sign_on.callback}"
        if query.get("client_id") != self._sign_on.client or not self._centre():
            return self._page("没有这个应用", "", status=403)
        if goto != registered or urlsplit(goto).query:
            return self._page("回调地址没有登记", "", status=403)
        if number not in self._sign_on.cases(person):
            return self._page("没有这个办件", "", status=404)
        hits = call.hits
        faults = (TAMPERED, OLD, AHEAD, ELSEWHERE)
        wrong = next((one for one in faults if hits is not None and hits.first(one)), "")
        # As it is in the wild: Base64 in a query as it stands, a + will arrive as a blank.
        said = self._sign_on.assertion(person, number, wrong)
        return onward(f"{goto}?assertion={said}", summary={"number": number, "wrong": wrong})

    def _page(self, title: str, body: str, *, status: int = 200) -> Answer:
        return page(_SITE, self._environment, title, body, status=status)


def _row(one: Mapping[str, object]) -> str:
    said = one["document"]
    told: Mapping[str, object] = said if isinstance(said, dict) else {}
    kind = str(one["kind"])
    progress = {
        "accept": "已受理", "result": _ENDS.get(str(told.get("result_type")), ""),
    }.get(kind, str(told.get("event_name", "")))  # fmt: skip
    lacking = told.get("lacking")
    more = lacking if isinstance(lacking, list) else []
    words = [told.get("handle_explain"), told.get("result_explain"), *more]
    if told.get("promise_date"):
        words.append(f"承诺办结日 {told['promise_date']}")
    if told.get("principal"):
        words.append(f"提取 {told['principal']} 元")
    text = "；".join(str(word) for word in words if word)
    cells = (str(one["seq"]), _WORDS.get(kind, kind), progress, text)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
