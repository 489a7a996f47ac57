"""Who takes part, and what can be told of a program without running it."""

import ast
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alertwire.faults import ConfigurationError

ROOT: Final = Path(__file__).parents[2]
_ENDINGS: Final = {"python": (".py",), "go": (".go",), "cpp": (".cpp", ".h", ".in")}
_COMMENTS: Final = ("#", "//", "/*", "*")
_DOCKER_TIMEOUT_S: Final = 10.0
_KERNEL_PROGRAM: Final = """
import sys
import consumer.main
for module in list(sys.modules.values()):
    name, file = module.__name__, getattr(module, "__file__", None)
    if file and name.split(".")[0] in {"alertwire", "consumer"} and ".v1." not in name:
        print(file)
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One executor."""

    name: str
    title: str
    command: tuple[str, ...]

    @property
    def binary_mib(self) -> float | None:
        """Size of the program; None where it is no file of its own."""
        if self.name == "python":
            return None
        return Path(self.command[0]).stat().st_size / 2**20

    def image_mb(self) -> float | None:
        """Return the size of the container image that was built last; None: there is none here."""
        image = "alertwire-consumer" if self.name == "python" else f"alertwire-executor-{self.name}"
        command = ("docker", "image", "inspect", "--format", "{{.Size}}", image)
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_DOCKER_TIMEOUT_S, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return int(done.stdout) / 1e6

    def lines_of_code(self) -> int:
        """Count the lines that hold code: its own, without tests and generated code.

        Of the one in Python also the modules of the kernel that it loads, for the others have
        theirs within their folder.
        """
        if self.name == "python":
            done = subprocess.run(
                [sys.executable, "-c", _KERNEL_PROGRAM],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            files = [Path(line) for line in done.stdout.splitlines()]
        else:
            folder = ROOT / "consumer" / self.name
            files = [
                path
                for path in folder.rglob("*")
                if path.suffix in _ENDINGS[self.name]
                and not {"tests", "fuzz", "v1"} & set(path.relative_to(folder).parts)
                and not path.stem.endswith("_test")
            ]
        return sum(map(_lines, files))


def contestants() -> list[Contestant]:
    """Return our executors, those that are built."""
    found = [Contestant("python", "Python", (sys.executable, "-m", "consumer"))]
    for name, title in (("go", "Go"), ("cpp", "C++")):
        program = ROOT / "build" / f"executor-{name}"
        if program.exists():
            found.append(Contestant(name, title, (str(program),)))
    return found


def chosen(names: str) -> list[Contestant]:
    """Return those of these names, separated by commas; empty: all that are built.

    Raises ConfigurationError where one is not there.
    """
    every = {each.name: each for each in contestants()}
    wanted = [name.strip() for name in names.split(",") if name.strip()] or list(every)
    for name in wanted:
        if name not in every:
            raise ConfigurationError(
                f"no executor {name!r}: there are {', '.join(every)}; make executors builds them"
            )
    return [every[name] for name in wanted]


def _lines(path: Path) -> int:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            # A docstring is a comment.
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                    lines[number] = ""
    return sum(1 for line in map(str.strip, lines) if line and not line.startswith(_COMMENTS))
