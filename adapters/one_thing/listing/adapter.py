"""企业上市合法合规信息核查: a firm's record over a period.  All of its words are the contract's."""

from collections.abc import Mapping

from adapters.kit.enterprise import EnterpriseQuery
from adapters.kit.months import span
from hub.ports.context import AdapterContext
from hub.ports.query import EnterpriseQuestion, QueryPort


class Listing(EnterpriseQuery):
    """Asked with ksny and jsny, both months included."""

    def question(self, said: Mapping[str, str]) -> EnterpriseQuestion:
        begin, end = span(said["ksny"], said["jsny"], self.most_months, self.today())
        return EnterpriseQuestion(
            uscc=said["tyshxydm"], name=said["qymc"], handler_id=said["jbr_sfzh"], begin=begin,
            end=end,
        )  # fmt: skip


def build(context: AdapterContext) -> QueryPort:
    """The port, from its contract and the service id we were given."""
    return Listing(context)
