"""The places of the pages: what the navigation shows, in order.

A template says where it is with ``{% set here = 'channels' %}``; a place is shown where its pages
are served.  To hang in another: a line here, and a word in messages.yaml under ``nav``.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One entry; ``duty`` places belong to the pages of the operators on duty."""

    name: str
    path: str
    duty: bool = False


PLACES = (
    Place("board", "/"),
    Place("morning", "/morning", duty=True),
    Place("runs", "/runs"),
    Place("find", "/find", duty=True),
    Place("interfaces", "/interfaces", duty=True),
    Place("schedule", "/schedule", duty=True),
    Place("incidents", "/incidents", duty=True),
    Place("meters", "/meters", duty=True),
    Place("maintenance", "/maintenance", duty=True),
    Place("duty", "/duty", duty=True),
    Place("minutes", "/minutes", duty=True),
    Place("agreements", "/agreements", duty=True),
    Place("notify", "/notify", duty=True),
    Place("cases", "/cases", duty=True),
    Place("differences", "/differences", duty=True),
    Place("channels", "/channels", duty=True),
    Place("messages", "/messages", duty=True),
    Place("inbox", "/inbox", duty=True),
    Place("dead", "/dead", duty=True),
    Place("approvals", "/approvals", duty=True),
    Place("contracts", "/contracts", duty=True),
    Place("certificates", "/certificates"),
    Place("audit", "/audit", duty=True),
    Place("access", "/access"),
)
