#!/bin/sh
# Tests the containers on a real engine: builds the images, starts everything on the simulator,
# posts alerts, kills processes under them and counts in the broker's book. `make compose-test`.
#
# Needs docker, docker compose (v2, or docker-compose), python3. Uses a project, volumes and a port
# of its own, reads no .env, and removes all but the images at the end.
# KEEP=1 leaves a failed project running to look at.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'compose-test: %s\n' "$1"; }
fail() { printf 'compose-test: %s\n' "$1" >&2; exit 78; }

command -v docker >/dev/null || fail "docker is missing: install Docker Engine (Debian: sudo apt install docker.io docker-compose)"
command -v python3 >/dev/null || fail "python3 is missing: install it (Debian: sudo apt install python3)"
docker version >/dev/null 2>&1 || fail "no Docker engine answers: start it (sudo systemctl start docker), or join the group docker"
if docker compose version >/dev/null 2>&1; then
  compose="docker compose"
elif command -v docker-compose >/dev/null; then
  compose=docker-compose
else
  fail "docker compose is missing: install its plugin (Debian: sudo apt install docker-compose)"
fi

# Nothing of the caller's may steer the test, least of all towards a real account.
for name in $(env | sed -n 's/^\(ALERTWIRE_[A-Z0-9_]*\|COMPOSE_FILE\|COMPOSE_PROFILES\|COMPOSE_PROJECT_NAME\)=.*/\1/p'); do
  unset "$name"
done
project=alertwire-test-$$
token=compose-test-$(python3 -c 'import secrets; print(secrets.token_hex(12))')
driver=
work=$(mktemp -d)
# Readable for the user in the containers, who is nobody here.
token_file=deploy/secrets/webhook/$project
(umask 022; printf '%s\n' "$token" >"$token_file")
printf 'ALERTWIRE_WEBHOOK_TOKEN_FILE=/run/secrets/%s\nALERTWIRE_PRODUCER_PORT=0\n' "$project" >"$work/env"
# shellcheck disable=SC2086 # one word or two
run() { timeout 1800 $compose --project-name "$project" --env-file "$work/env" "$@"; }

clean_up() {
  code=$?
  trap - EXIT INT TERM
  [ -z "$driver" ] || kill "$driver" 2>/dev/null || true
  if [ "$code" != 0 ] && [ -e "$work/started" ]; then
    say "the last lines of every container:"
    run logs --no-color --tail 25 2>&1 | sed "s/$token/[redacted]/g" || true
    if [ -n "${KEEP:-}" ]; then
      say "kept; remove it with: $compose --project-name $project down --volumes"
      exit "$code"
    fi
  fi
  if [ -e "$work/started" ]; then
    run down --volumes --timeout 5 >"$work/down" 2>&1 || { cat "$work/down" >&2; code=1; }
  fi
  rm -rf "$work" "$token_file"
  if [ "$code" = 0 ]; then say "passed"; else say "failed, exit code $code"; fi
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "checking the compose file, all profiles"
run config --quiet
COMPOSE_PROFILES=paper run config --quiet
export COMPOSE_PROFILES=executor-go,executor-cpp
run config --quiet

say "building the images (minutes at first, seconds afterwards)"
run build >"$work/build" 2>&1 || { tail -n 40 "$work/build" >&2; exit 1; }

say "starting"
touch "$work/started"
run up --detach >"$work/up" 2>&1 || { cat "$work/up" >&2; exit 1; }
# In the background, so that a signal is heard while it runs.
timeout 900 python3 -m tests.compose.drive "$project" "$token" &
driver=$!
wait "$driver"
