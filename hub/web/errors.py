"""Every error as a clear page: its code, what happened, what to do; never a stack trace."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from hub.kernel.errors import HubError
from hub.web.access import PageNotYours, labels
from hub.web.guard import SECURITY_HEADERS, BadForm, NoPage, TooLarge
from hub.web.render import Pages

RETRY_AFTER_S = 5

log = logging.getLogger(__name__)


class Errors:
    """Turns what was raised into an answer, for people or for programs."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def install(self, app: FastAPI) -> None:
        """Become the application's answer to everything that is raised in it."""
        app.add_exception_handler(HubError, self._hub_error)
        app.add_exception_handler(RequestValidationError, self._bad_form)
        app.add_exception_handler(HTTPException, self._http_error)
        app.add_exception_handler(Exception, self._crash)

    def answer(self, request: Request, error: HubError) -> Response:
        """The page of an error, or its JSON for a program."""
        headers = {"retry-after": str(RETRY_AFTER_S)} if error.status == 503 else {}
        if _wants_json(request):
            return JSONResponse(error.as_dict(), error.status, headers=headers)
        values: dict[str, object] = {"error": error, "posted": request.method == "POST"}
        template = "error.html"
        if isinstance(error, PageNotYours):
            template = "refused.html"
            values["roles"], values["parties"] = labels(error.room)
        response = self._pages.page(request, template, values, status=error.status)
        response.headers.update(headers)
        return response

    async def _hub_error(self, request: Request, error: Exception) -> Response:
        known = error if isinstance(error, HubError) else HubError()
        if known.status >= 500:
            log.warning("%s %s: %s", request.method, request.url.path, known.code)
        return self.answer(request, known)

    async def _bad_form(self, request: Request, _error: Exception) -> Response:
        # The library's own answer would repeat the input, and with it the token.
        return self.answer(request, BadForm())

    async def _http_error(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        kinds: dict[int, type[HubError]] = {413: TooLarge, 404: NoPage, 405: NoPage}
        return self.answer(request, kinds.get(status, BadForm)())

    async def _crash(self, request: Request, _error: Exception) -> Response:
        # Starlette raises it again for the server's log, which has the trace; the page has none.
        # This answer is made outside of Guard, so it carries the headers itself.
        response = self.answer(request, HubError())
        response.headers.update(SECURITY_HEADERS)
        return response


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    if "text/event-stream" in accept:
        return True
    return "application/json" in accept and "text/html" not in accept
