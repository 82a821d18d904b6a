"""Certificates (接口符合性测试): an interface's scenarios against an endpoint, and a report.

``load_suite(contract)`` · ``open_mock`` / ``open_address`` → ``Endpoint`` · ``run_suite`` →
``Report`` · ``shelve(report, folder)`` · ``last_reports(folder)``.

The adapter is used through its port, over the real wire, with a recorder in memory: no bus, no
database.  Only what a partner sends to us of itself comes in by the product's own receiving side,
on a database that lasts as long as the certificate is being made.  What is tried and what must
come of it is data beside the contract (``contracts_spec/<group>/<name>/scenarios.yaml``); what
words those files may use stands in ``hub/certify/acts``, one module for each kind of port.
"""

from hub.certify.endpoint import Arranged, Endpoint, NobodyThere, open_address, open_mock
from hub.certify.report import Report, ReportBroken, Written, check_digest, read_report, shelve
from hub.certify.runner import run_suite
from hub.certify.shelf import Shelved, last_reports, report_page
from hub.certify.suite import NoScenarios, Suite, SuiteBroken, load_suite
from hub.certify.verify import NoReport, Verification, verify_report

__all__ = [
    "Arranged",
    "Endpoint",
    "NoReport",
    "NoScenarios",
    "NobodyThere",
    "Report",
    "ReportBroken",
    "Shelved",
    "Suite",
    "SuiteBroken",
    "Verification",
    "Written",
    "check_digest",
    "last_reports",
    "load_suite",
    "open_address",
    "open_mock",
    "read_report",
    "report_page",
    "run_suite",
    "shelve",
    "verify_report",
]
