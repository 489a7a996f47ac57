#!/bin/sh
# Makes the image debian:bookworm-slim without an image registry: debootstrap fetches the packages
# from a Debian mirror, docker import makes an image of that name of them. Needs root, debootstrap
# and a running Docker engine.
set -eu

usage() {
  cat <<'USAGE'
Usage: deploy/base-image.sh [--mirror URL] [--ca FILE] [--name IMAGE]
  --mirror URL   Debian mirror, also written into the image (default http://deb.debian.org/debian)
  --ca FILE      certificates in PEM that builds from this image shall trust, such as a proxy's
  --name IMAGE   name of the image (default debian:bookworm-slim)
USAGE
}
fail() { printf 'base-image: %s\n' "$1" >&2; exit 78; }

suite=bookworm
mirror=http://deb.debian.org/debian
ca=
name=debian:$suite-slim
while [ $# -gt 0 ]; do
  case $1 in
    --mirror | --ca | --name)
      [ $# -ge 2 ] || fail "$1 needs a value"
      case $1 in --mirror) mirror=$2 ;; --ca) ca=$2 ;; --name) name=$2 ;; esac
      shift 2
      ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "$1 is not an option" ;;
  esac
done

[ "$(id -u)" = 0 ] || fail "needs root: sudo deploy/base-image.sh"
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt install debootstrap"
docker version >/dev/null 2>&1 || fail "no Docker engine answers: start it, then try again"
[ -z "$ca" ] || [ -r "$ca" ] || fail "$ca cannot be read"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
root=$work/root

echo "base-image: fetching Debian $suite from $mirror (about a minute)"
debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror" \
  >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; fail "debootstrap failed"; }

security=http://deb.debian.org/debian-security
[ "$mirror" = http://deb.debian.org/debian ] || security=${mirror%/debian*}/debian-security
cat >"$root/etc/apt/sources.list" <<SOURCES
deb $mirror $suite main
deb $mirror $suite-updates main
deb $security $suite-security main
SOURCES

if [ -n "$ca" ]; then
  cp "$ca" "$root/usr/local/share/ca-certificates/extra.crt"
  chroot "$root" update-ca-certificates >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log" >&2; fail "$ca could not be installed"; }
fi

# What the slim images leave out, and what only a machine of its own needs.
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* \
  "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/info/* \
  "$root"/usr/share/locale/* "$root"/etc/hostname "$root"/etc/resolv.conf
mkdir -p "$root/var/cache/apt/archives/partial" "$root/var/lib/apt/lists/partial"
cat >"$root/etc/dpkg/dpkg.cfg.d/slim" <<'SLIM'
path-exclude /usr/share/doc/*
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
SLIM
# As in the images of the registry: what apt keeps beside the packages stays out of every layer.
cat >"$root/etc/apt/apt.conf.d/docker-clean" <<'CLEAN'
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };
CLEAN

tar -C "$root" --numeric-owner -c . |
  docker import --change 'CMD ["bash"]' --change 'ENV LANG=C.UTF-8' - "$name" >/dev/null
echo "base-image: made $name, $(docker image inspect -f '{{.Size}}' "$name" | awk '{printf "%.0f MB", $1 / 1e6}')"
