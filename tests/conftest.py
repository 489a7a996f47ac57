"""What all tests share."""

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

REQUIRED = "REQUIRE_EXECUTORS"
"""Where this variable is 1 all tools are there: a test that cannot run is a failure."""

# A busy machine is no bug: time limits are pytest-timeout's business. A run that is to prove
# everything proves the same each time; every other one looks for new examples.
settings.register_profile("alertwire", deadline=None, derandomize=os.environ.get(REQUIRED) == "1")
settings.load_profile("alertwire")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let no skip hide in a run that is to prove everything."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get(REQUIRED) == "1":
        reason: Any = report.longrepr
        report.longrepr = f"skipped, with {REQUIRED}=1: {reason[2]}"
        report.outcome = "failed"
    return report
