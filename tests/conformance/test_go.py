"""The conformance suite on the executor in Go."""

import pytest

from alertwire.conformance.case import Case
from tests.conformance import column

pytestmark = pytest.mark.timeout(column.TIMEOUT_S)


@pytest.mark.parametrize("case", column.params())
def test_it_keeps_the_contract(case: Case, request: pytest.FixtureRequest) -> None:
    column.check("go", case, request)
