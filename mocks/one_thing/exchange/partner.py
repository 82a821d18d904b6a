"""The mock of 省数据共享平台's calling side put together, with its part of the control plane."""

from collections.abc import Mapping, Sequence

from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer, Service
from mocks.kit.outgoing import Outgoing
from mocks.kit.partner import (
    CONTRACTS,
    Control,
    ControlCall,
    ControlError,
    Partner,
    Site,
    answer_json,
)
from mocks.one_thing.exchange.asks import SHAPES, Asks
from mocks.one_thing.exchange.terms import read_terms

RID = "SSJ-GZ-01"
"""Who calls unless a question says otherwise."""
_FOLDERS = ("listing", "bankruptcy")


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Exchange(site)


class Exchange:
    """Asks; is asked nothing."""

    def __init__(self, site: Site) -> None:
        terms = [read_terms(CONTRACTS / "one_thing" / name) for name in _FOLDERS]
        self._terms = {one.interface: one for one in terms}
        self._asks = Asks(site.storage, site.notes, self._terms, site.clock)

    @property
    def outgoing(self) -> Outgoing:
        """The questions."""
        return self._asks

    def services(self) -> Mapping[str, Service]:
        """None: the centre calls nobody here."""
        return {}

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """None of its own: what is wrong is given with the question."""
        return {}

    def controls(self) -> Sequence[Control]:
        """The platform's routes."""
        shapes = "、".join(f"{name} {one.description}" for name, one in SHAPES.items())
        return (
            Control("POST", "/asks",
                    '现在问：{"interface": "onething-listing", "rid": "' + RID + '", "document": '
                    "{…}}；没有 document 用基准报文，set 改其中的域；mark 相同只问一次；"
                    f"shape：{shapes}", self._ask),
            Control("GET", "/asks", "问过什么、问了几次、答了什么码", self._asked),
            Control("GET", "/asks/{id}", "一次提问的全文与每次应答的全文", self._whole),
            Control("POST", "/callers", '中心发来的应用密钥 {"rid", "secret"}', self._hand),
            Control("GET", "/callers", "有密钥的请求方", self._callers),
            Control("GET", "/callback", "往哪里问", self._address),
            Control("POST", "/callback", '往 {"url": "http://127.0.0.1:8529"} 问',
                    self._set_address),
        )  # fmt: skip

    def reset(self) -> None:
        """Nothing asked; secrets and address stay."""
        self._asks.reset()

    def _ask(self, call: ControlCall) -> Answer:
        body = call.body
        interface, shape = str(body.get("interface", "")), str(body.get("shape", ""))
        if interface not in self._terms:
            raise ControlError(f"interface 是 {'、'.join(self._terms)}", 404)
        if shape and shape not in SHAPES:
            raise ControlError(f"没有 {shape}；可用：{'、'.join(SHAPES)}")
        document = body.get("document") or self._terms[interface].sample
        changes = body.get("set", {})
        if not isinstance(document, Mapping) or not isinstance(changes, Mapping):
            raise ControlError("document 与 set 是 JSON 对象")
        rid, mark = str(body.get("rid") or RID), str(body.get("mark", ""))
        number = self._asks.add(interface, rid, {**document, **changes}, shape, mark)
        return answer_json({"id": number}, 201)

    def _asked(self, _: ControlCall) -> Answer:
        return answer_json({"asks": self._asks.shown()})

    def _whole(self, call: ControlCall) -> Answer:
        number = call.parts["id"]
        found = self._asks.whole(int(number)) if number.isdigit() else None
        if found is None:
            raise ControlError(f"没有第 {number} 次提问", 404)
        return answer_json(found)

    def _hand(self, call: ControlCall) -> Answer:
        rid, secret = str(call.body.get("rid", "")), str(call.body.get("secret", ""))
        if not rid or not secret:
            raise ControlError("要 rid 与 secret")
        self._asks.hand(rid, secret)
        return self._callers(call)

    def _callers(self, _: ControlCall) -> Answer:
        return answer_json({"callers": sorted(self._asks.callers)})

    def _address(self, _: ControlCall) -> Answer:
        return answer_json({"url": self._asks.address})

    def _set_address(self, call: ControlCall) -> Answer:
        url = str(call.body.get("url", ""))
        if url and not url.startswith("http://127.0.0.1:"):
            raise ControlError("挡板只往本机 http://127.0.0.1: 去问")
        self._asks.send_to(url)
        return self._address(call)
