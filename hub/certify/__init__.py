"""Certificates (接口符合性测试): an interface's scenarios against an endpoint, and a report.

``load_suite(contract)`` · ``open_mock`` / ``open_address`` → ``Endpoint`` · ``run_suite`` →
``Report`` · ``shelve(report, folder)`` · ``last_reports(folder)``.

The adapter is used through its port, over the real wire, with a recorder in memory: no bus, no
database.  Only what a partner sends to us of itself comes in by the product's own receiving side,
on a database that lasts as long as the certificate is being made.  What is tried and what must
come of it is data beside the contract (``contracts_spec/<group>/<name>/scenarios.yaml``); what
words those files may use stands in ``hub/certify/acts``, one module for each kind of port.
"""

from hub.certify.coverage import Coverage, coverage_of
from hub.certify.endpoint import (
    Arranged,
    Endpoint,
    NobodyThere,
    endpoint_names,
    open_address,
    open_mock,
    opened,
)
from hub.certify.report import Report, ReportBroken, Written, check_digest, read_report, shelve
from hub.certify.runner import run_suite
from hub.certify.shelf import Shelved, last_reports, report_page, report_paper
from hub.certify.standing import Standing, standings
from hub.certify.suite import NoScenarios, Suite, SuiteBroken, load_suite, suite_digest
from hub.certify.verify import NoReport, Verification, verify_report

__all__ = [
    "Arranged",
    "Coverage",
    "Endpoint",
    "NoReport",
    "NoScenarios",
    "NobodyThere",
    "Report",
    "ReportBroken",
    "Shelved",
    "Standing",
    "Suite",
    "SuiteBroken",
    "Verification",
    "Written",
    "check_digest",
    "coverage_of",
    "endpoint_names",
    "last_reports",
    "load_suite",
    "open_address",
    "open_mock",
    "opened",
    "read_report",
    "report_page",
    "report_paper",
    "run_suite",
    "shelve",
    "standings",
    "suite_digest",
    "verify_report",
]
