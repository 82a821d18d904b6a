"""The desk behind the sign-in pages."""

import io

import segno

from hub.app.hub import Hub
from hub.kernel.secret import Secret
from hub.people.words import Role
from hub.web.gate import Me

_ISSUER = "公积金接口平台"


class StoreSignIn:
    """:class:`hub.web.gate.SignInDesk` over one hub.  Safe across threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def who(self, session: Secret) -> Me:
        actor = self._hub.people.authenticate(session)
        with self._hub.store.read() as view:
            name = self._hub.people.name(view, actor.login).shown()
        roles = tuple(role.label for role in Role if role in actor.roles)
        return Me(actor.login, name, actor.party.label, roles, actor.party, actor.roles)

    def sign_in(self, login: str, password: Secret, code: str) -> Secret:
        return self._hub.sessions.sign_in(login, password, code)

    def set_password(self, token: Secret, password: Secret) -> tuple[str, Secret, Secret, str]:
        asked = self._hub.sessions.set_password(token, password, _ISSUER)
        return asked.login, asked.key, asked.enrol, _drawn(asked.address)

    def enrol(self, enrol: Secret, code: str) -> Secret:
        return self._hub.sessions.enrol(enrol, code)

    def sign_out(self, session: Secret) -> None:
        self._hub.sessions.sign_out(session)


def _drawn(address: Secret) -> str:
    """A QR code as an SVG element: no picture is fetched, so none is kept anywhere."""
    out = io.BytesIO()
    segno.make(address.reveal(), error="m").save(
        out, kind="svg", xmldecl=False, svgns=False, scale=5, border=2, svgclass="qr",
        lineclass="qr-line", omitsize=True, nl=False,
    )  # fmt: skip
    return out.getvalue().decode("ascii")
