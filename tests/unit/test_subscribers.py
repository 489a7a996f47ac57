"""The subscribers that others start from: small, and all of them in their README."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[2] / "examples" / "subscribers"
LINES_MAX: Final = 60
ENDINGS: Final = {".ts", ".go", ".cpp"}


def test_every_subscriber_is_one_file_of_less_than_60_lines() -> None:
    languages = [folder for folder in FOLDER.iterdir() if folder.is_dir()]

    assert languages
    for language in languages:
        ignored = {"build", "node_modules"}
        sources = [
            path
            for path in language.rglob("*")
            if path.suffix in ENDINGS and not ignored & set(path.relative_to(language).parts)
        ]
        assert [len(path.read_text().splitlines()) < LINES_MAX for path in sources] == [True]
        assert f"| `{language.name}` |" in (FOLDER / "README.md").read_text()
