"""Environments of their own for client libraries that cannot live beside ib_insync.

Each is a venv under `.envs/` made from the pinned, hashed file of the same name in
`requirements/`. A marker with the file's hash inside the venv makes a second run quick.

    python tests/clients/environments.py            make all of them
    python tests/clients/environments.py ib_async   make one
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).parent / "requirements"
ENVIRONMENTS = ROOT / ".envs"
NAMES = tuple(sorted(path.stem for path in REQUIREMENTS.glob("*.txt")))


class MakingError(Exception):
    """pip or venv failed; the text is what they said."""


def python_of(name: str) -> Path:
    """Make the environment if it is missing or stale, and give its interpreter."""
    requirements = REQUIREMENTS / f"{name}.txt"
    home = ENVIRONMENTS / name
    marker = home / "requirements.sha256"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    interpreter = home / "bin" / "python"
    ENVIRONMENTS.mkdir(exist_ok=True)
    # Two test runs may want the same environment at once.
    with (ENVIRONMENTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if marker.exists() and marker.read_text() == digest and interpreter.exists():
            return interpreter
        shutil.rmtree(home, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(home))
        _run(
            str(interpreter),
            *("-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--require-hashes", "-r", str(requirements)),
        )
        marker.write_text(digest)
    return interpreter


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MakingError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def main(names: list[str]) -> None:
    for name in names or NAMES:
        print(f"{name}: {python_of(name)}")


if __name__ == "__main__":
    main(sys.argv[1:])
