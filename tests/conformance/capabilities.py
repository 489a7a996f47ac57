"""Writes docs/executors.md: what each of our executors keeps of the contract.

`python -m tests.conformance.capabilities` (part of `make generate`) makes the table of cases and
of what is known to fail. That it is true is what test_python, test_go and test_cpp show: there a
case that fails and is not listed is an error, and so is one that is listed and passes.
"""

import sys
from itertools import groupby
from typing import Final

from alertwire.conformance.case import Case, all_cases
from tests.conformance.column import ROOT, executor

PAGE: Final = ROOT / "docs" / "executors.md"
NAMES: Final = {"python": "Python", "go": "Go", "cpp": "C++"}
_HEAD: Final = """# Executors

Three executors keep one contract, [consumer/README.md](../consumer/README.md): run any of them, or
several of different languages side by side. Which to choose is in [compare.md](compare.md).

| language | where | how to get it | run it |
|---|---|---|---|
| Python | `consumer/` | comes with Alertwire | `alertwire up` |
| Go | `consumer/go` | `make executors` | `alertwire up --executor build/executor-go` |
| C++ | `consumer/cpp` | `make executors` | `alertwire up --executor build/executor-cpp` |

Killed over and over, with the rest of an installation, while alerts come; counted at the broker
(`python -m tests.chaos --seconds 40 --executor-command build/executor-go`, and a mixed group):

| executors | alerts | kill -9 | lost | doubled |
|---|--:|--:|--:|--:|
| Go | 192 | 28 | 0 | 0 |
| C++ | 182 | 26 | 0 | 0 |
| Python, Go and C++ together | 204 | 45 | 0 | 0 |

## What each keeps

✓ all cases of that number pass, ✗ some are known to fail, and why. Made from the suite
(`alertwire conformance --list`), whose results in `make test` must be exactly these.

"""


def page() -> str:
    """Return the page."""
    known = {name: executor(name).known_failures for name in NAMES}
    rows = [f"| case | what | {' | '.join(NAMES.values())} |", "|---|---|" + "---|" * len(NAMES)]
    for number, group in groupby(all_cases(), lambda case: case.number):
        cases = list(group)
        cells = [_cell(cases, known[name]) for name in NAMES]
        rows.append(f"| {number} | {cases[0].title} | {' | '.join(cells)} |")
    return _HEAD + "\n".join(rows) + "\n"


def _cell(cases: list[Case], known: dict[str, str]) -> str:
    failing = [f"{case.name} {known[case.id]}".strip() for case in cases if case.id in known]
    return f"✗ {'; '.join(failing)}" if failing else "✓"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}: {len(all_cases())} cases\n")


if __name__ == "__main__":
    main()
