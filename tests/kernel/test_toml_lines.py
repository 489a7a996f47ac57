"""A configuration error names the line that it is on."""

from pathlib import Path

import pytest

from alertwire.faults import ConfigurationError
from alertwire.routes import load_routes
from alertwire.settings import Settings
from alertwire.toml_lines import line_of

TEXT = """# my routes
[routes.swing]
token = "0123456789abcdef"
accounts = ["DU1",
  { id = "DU2", multiplier = 2 }]

[routes."my day"]
late.policy = 1
[[groups]]
name = "a = b"
text = '''
[routes.swing]
token = "another"
'''
after = 1 # it's
quoted = \"\"\"a \\\"\"\"
late = 2\"\"\"
last = 1
[[groups]]
name = "second"
[only.within]
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("routes", "swing"), 2),
        (("routes", "swing", "token"), 3),
        (("routes", "swing", "accounts", 1, "multiplier"), 4),
        (("routes", "swing", "quantity"), 2),
        (("routes", "my day", "late", "policy"), 8),
        (("groups", 0, "name"), 10),
        (("groups", 0, "after"), 15),
        (("groups", 0, "late"), 9),
        (("groups", 0, "last"), 18),
        (("groups", 1, "name"), 20),
        (("groups", 1, "other"), 19),
        (("groups", 2, "name"), 10),
        (("only",), 21),
        (("only", "other"), 0),
        (("elsewhere",), 0),
    ],
)
def test_a_value_is_found_or_what_stands_around_it(path: tuple[str | int, ...], line: int) -> None:
    assert line_of(TEXT, path) == line


def test_every_error_of_the_routes_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "alertwire.toml"
    file.write_text('[routes.a]\nmax_age_s = -1\n\n[routes.b]\ncolour = "red"\n')

    with pytest.raises(ConfigurationError) as caught:
        load_routes(Settings(home=tmp_path, config=file))

    assert "line 2: routes.a.max_age_s" in str(caught.value)
    assert "line 5: routes.b.colour: is not a setting" in str(caught.value)
