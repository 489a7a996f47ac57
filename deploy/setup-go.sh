#!/bin/sh
# Puts the Go that consumer/go/go.mod asks for into build/go, unless the one on the PATH will do.
#
# Any Go will do to start with, Debian 12's 1.19 too: it is too old to fetch another one by itself,
# but toolchains are modules (https://go.dev/doc/toolchain), so it can download one like any other,
# from the module proxy and checked against sum.golang.org. Modules hold no executable bits.
set -eu
cd "$(dirname "$0")/.."

if (cd consumer/go && go list -m) >/dev/null 2>&1; then
  exit 0
fi
command -v go >/dev/null || { echo "no Go is installed: apt install golang-go" >&2; exit 1; }

version=go$(sed -n 's/^go //p' consumer/go/go.mod)
if [ "$(build/go/bin/go version 2>/dev/null | cut -d ' ' -f 3)" = "$version" ]; then
  exit 0
fi
echo "downloading $version" >&2
case $(uname -m) in
  x86_64) machine=amd64 ;;
  aarch64) machine=arm64 ;;
  *) echo "no toolchain for $(uname -m): install $version yourself, https://go.dev/dl" >&2; exit 1 ;;
esac
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
found=$(cd "$elsewhere" && go mod download -json "golang.org/toolchain@v0.0.1-$version.linux-$machine" \
  | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
[ -d "$found" ] || { echo "$version could not be downloaded" >&2; exit 1; }
rm -rf build/go
mkdir -p build
cp -r "$found" build/go
chmod -R u+w build/go
chmod +x build/go/bin/* build/go/pkg/tool/*/*
build/go/bin/go version >&2
