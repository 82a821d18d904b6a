"""企业破产信息核查: what is outstanding of a firm now.  All of its words are the contract's."""

from collections.abc import Mapping

from adapters.kit.enterprise import EnterpriseQuery
from hub.ports.context import AdapterContext
from hub.ports.query import EnterpriseQuestion, QueryPort


class Bankruptcy(EnterpriseQuery):
    """Asked for a case: its number and whose it is are kept as the purpose."""

    def question(self, said: Mapping[str, str]) -> EnterpriseQuestion:
        return EnterpriseQuestion(
            uscc=said["tyshxydm"], name=said["qymc"], handler_id=said["jbr_sfzh"],
            reference=said["ah"].strip(), authority=said["slfy"].strip(),
        )  # fmt: skip


def build(context: AdapterContext) -> QueryPort:
    """The port, from its contract and the service id we were given."""
    return Bankruptcy(context)
