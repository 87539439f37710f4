"""A pytest plugin that writes down how each test went, and on which libzmq it ran.

It never changes what a test does, nor asks for one to be run again. Into the file that ZEROXIDE_RECORD names goes one line for each test,
as soon as the test is over, so that a run that crashes leaves what it had:

    passed|failed|skipped|xfailed <TAB> name of the test <TAB> reason
    rerun <TAB> name of the test <TAB> reason   the suite itself says that this one may fail at first
    library <TAB> path                      a libzmq that this process has loaded
    end <TAB> exit code of pytest
"""

import os
import sys

import pytest

RECORD = open(os.environ["ZEROXIDE_RECORD"], "w", buffering=1, encoding="utf-8")
WORST_LAST = ("passed", "xfailed", "skipped", "failed")
outcomes = {}


def write(*fields):
    RECORD.write("\t".join(" ".join(str(field).split()) for field in fields) + "\n")


def libraries():
    """The files that look like a libzmq in the memory of this process."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        files = {line.split(maxsplit=5)[5].strip() for line in maps if "/" in line}
    return sorted(file for file in files if "libzmq" in os.path.basename(file))


def pytest_runtest_logreport(report):
    outcome, reason = report.outcome, ""
    if outcome == "rerun":
        outcomes.pop(report.nodeid, None)
        write("rerun", report.nodeid, str(report.longrepr).splitlines()[-1])
        return
    if report.skipped:
        if hasattr(report, "wasxfail"):
            outcome, reason = "xfailed", report.wasxfail
        else:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    elif report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        reason = f"{report.when}: {crash.message if crash else report.longrepr}"
    known = outcomes.setdefault(report.nodeid, ("passed", ""))
    if WORST_LAST.index(outcome) > WORST_LAST.index(known[0]):
        outcomes[report.nodeid] = (outcome, reason)
    if report.when == "teardown":
        outcome, reason = outcomes.pop(report.nodeid)
        write(outcome, report.nodeid, reason)


def pytest_collectreport(report):
    if report.failed:
        write("failed", report.nodeid or "collection", report.longrepr)
    elif report.skipped:
        write("skipped", report.nodeid, report.longrepr[2])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(exitstatus):
    # Also where the tests themselves were skipped or failed: the suite's conftest has imported it.
    if "zmq" in sys.modules:
        for library in libraries():
            write("library", library)
    write("end", int(exitstatus))
