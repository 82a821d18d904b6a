"""A government platform that files cases with a centre and takes its feedback, by a gateway.

``CasePlatform`` keeps what every one of them has: keys, what was pushed and told, the gateway, and
its part of the control plane.  A platform adds its doors and what else it hands out.
"""

from mocks.kit.cases.platform import FAULTS, CasePlatform

__all__ = ["FAULTS", "CasePlatform"]
