"""Signing in and out, and the first time: a password, then the device that makes the codes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from hub.kernel.secret import Secret
from hub.people.errors import PasswordOld, PasswordWeak, PeopleError
from hub.web import gate, guard
from hub.web.acts import own_form
from hub.web.gate import SESSION_COOKIE, SIGN_IN, SignInDesk, inside
from hub.web.render import Pages

ENROL_COOKIE = "hub_enrol"
_DAY_S = 12 * 3600
_TEN_MINUTES_S = 600

Login = Annotated[str, Form(min_length=1, max_length=64)]
Hidden = Annotated[str, Form(min_length=1, max_length=512)]
Code = Annotated[str, Form(max_length=16)]
Next = Annotated[str, Form(max_length=500)]


class Unequal(PasswordWeak):
    """The password was typed twice, differently."""

    code = "people.password_unequal"
    hint = "Type the same password twice."


def make_router(desk: SignInDesk, pages: Pages) -> APIRouter:
    """All routes over one desk."""
    shown, acting = _Showing(pages), _Acting(desk, pages)
    router = APIRouter()
    for path, page in ((SIGN_IN, shown.sign_in), (f"{SIGN_IN}/first", shown.first)):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    posts = APIRouter(dependencies=[Depends(own_form)], max_body_size=guard.MAX_BODY)
    for path, act in (
        (SIGN_IN, acting.sign_in),
        (f"{SIGN_IN}/out", acting.sign_out),
        (f"{SIGN_IN}/first", acting.set_password),
        (f"{SIGN_IN}/device", acting.enrol),
    ):
        posts.add_api_route(path, act, methods=["POST"], response_model=None)
    router.include_router(posts)
    return router


class _Showing:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def sign_in(
        self, request: Request, next: Annotated[str, Query(max_length=500)] = "/"  # noqa: A002
    ) -> Response:  # fmt: skip
        """The form; ``next`` is where to go afterwards."""
        return self._pages.page(request, "sign-in.html", _form(inside(next)))

    def first(self, request: Request) -> Response:
        """The form of the first time."""
        return self._pages.page(request, "sign-in-first.html", {"error": None})


class _Acting:
    def __init__(self, desk: SignInDesk, pages: Pages) -> None:
        self._desk, self._pages = desk, pages

    def sign_in(
        self, request: Request, *, login: Login, password: Hidden, code: Code = "", next: Next = "/"  # noqa: A002
    ) -> Response:  # fmt: skip
        """Three things that fit together open a session; an older one of this browser ends."""
        where = inside(next)
        try:
            session = self._desk.sign_in(login, Secret(password), code)
        except PasswordOld:
            return RedirectResponse(f"{SIGN_IN}/first", 303)
        except PeopleError as error:
            values = _form(where, login.strip(), error)
            return self._pages.page(request, "sign-in.html", values, status=error.status)
        return self._opened(request, session, where)

    def sign_out(self, request: Request) -> Response:
        """The session is over on the server, whatever the browser keeps."""
        self._end_old(request)
        response = RedirectResponse(SIGN_IN, 303)
        response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
        return response

    def set_password(
        self, request: Request, *, token: Hidden, password: Hidden, again: Hidden
    ) -> Response:
        """The personal token proves who it is; shows the key for the device once."""
        try:
            if password != again:
                raise Unequal
            login, key, enrol, svg = self._desk.set_password(
                Secret(token.strip()), Secret(password)
            )
        except (PeopleError, PasswordWeak) as error:
            return self._pages.page(
                request, "sign-in-first.html", {"error": error}, status=error.status
            )
        grouped = " ".join(key.reveal()[at : at + 4] for at in range(0, len(key.reveal()), 4))
        response = self._pages.page(
            request, "sign-in-device.html",
            {"login": login, "key": grouped, "svg": Markup(svg), "error": None},  # noqa: S704
        )  # fmt: skip
        _keep(request, response, ENROL_COOKIE, enrol, _TEN_MINUTES_S)
        return response

    def enrol(self, request: Request, *, code: Code = "") -> Response:
        """The first code; the key itself is not shown again."""
        enrol = Secret(request.cookies.get(ENROL_COOKIE, ""))
        try:
            session = self._desk.enrol(enrol, code)
        except PeopleError as error:
            values = {"login": "", "key": "", "svg": "", "error": error}
            return self._pages.page(request, "sign-in-device.html", values, status=error.status)
        response = self._opened(request, session, "/")
        response.delete_cookie(ENROL_COOKIE, path="/", httponly=True, samesite="strict")
        return response

    def _opened(self, request: Request, session: Secret, where: str) -> Response:
        self._end_old(request)
        response = RedirectResponse(where, 303)
        _keep(request, response, SESSION_COOKIE, session, _DAY_S)
        return response

    def _end_old(self, request: Request) -> None:
        old = gate.session_of(request)
        if old is not None:
            self._desk.sign_out(old)


def _form(where: str, login: str = "", error: PeopleError | None = None) -> dict[str, object]:
    return {"next": where, "login": login, "error": error}


def _keep(request: Request, response: Response, name: str, secret: Secret, life_s: int) -> None:
    response.set_cookie(
        name, secret.reveal(), max_age=life_s, httponly=True, samesite="strict",
        secure=request.url.scheme == "https", path="/",
    )  # fmt: skip
