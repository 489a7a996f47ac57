#!/bin/sh
# Makes .venv from the lock file. Needs python3 (3.11 to 3.13); on Debian and Ubuntu it installs
# python3-venv itself where that is missing and it may.
set -eu

python=${PYTHON:-python3}
fail() { printf 'setup: %s\n' "$1" >&2; exit 78; }

command -v "$python" >/dev/null || fail "$python was not found: install Python 3.11, 3.12 or 3.13, or name one with PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
  fail "$python is $("$python" -V 2>&1): Alertwire needs 3.11, 3.12 or 3.13 (ib_insync fails to import on 3.14); name one with PYTHON=/path/to/python3"

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  [ "$(id -u)" = 0 ] && sudo= || sudo="sudo -n"
  command -v apt-get >/dev/null && { $sudo apt-get update -qq && $sudo apt-get install -y -qq python3-venv >/dev/null; } ||
    fail "$python has no venv module: install it (Debian and Ubuntu: sudo apt install python3-venv) and run make again"
fi

[ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null || { echo "setup: making .venv"; "$python" -m venv --clear .venv; }
echo "setup: installing the pinned dependencies"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
echo "setup: done, .venv/bin/alertwire is ready"
