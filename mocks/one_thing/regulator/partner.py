"""The mock of the market regulator behind the sharing platform's gateway."""

import csv
import io
from collections.abc import Mapping, Sequence

from mocks.kit.cases import FAULTS, CasePlatform
from mocks.kit.faults import FaultKind
from mocks.kit.messages import Answer, Service
from mocks.kit.partner import Control, ControlCall, Partner, Site, answer_csv


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Regulator(site, "onething-migration", "one_thing/migration")


class Regulator(CasePlatform):
    """The regulator: files migrations, takes feedback."""

    def services(self) -> Mapping[str, Service]:
        """``api``: the gateway."""
        return {"api": self.gateway}

    def fault_kinds(self) -> Mapping[str, FaultKind]:
        """The gateway's."""
        return FAULTS

    def controls(self) -> Sequence[Control]:
        """The regulator's routes."""
        return (
            *super().controls(),
            Control("GET", "/feedback.csv", "收到的进度反馈，一行一条", self._feedback_csv),
        )

    def _feedback_csv(self, _: ControlCall) -> Answer:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("number", "version", "seq", "cljg", "sjyy", "receipt", "repeats"))
        for one in self.books.feedback(None):
            said = one["document"]
            writer.writerow((one["number"], said["version"], one["seq"], said["cljg"],
                             said.get("sjyy", ""), one["receipt"], one["repeats"]))  # fmt: skip
        return answer_csv(out.getvalue())
