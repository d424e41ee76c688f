#!/usr/bin/env bash
# install.sh - builds a real InfluxDB 2.7 (no web page), once, into the user's cache folder and prints
# the path of influxd. About 7 minutes on two cores the first time: its libflux (Rust) through
# InfluxData's own pkg-config, then influxd (Go with cgo). Needs go, cargo, cc, git and flock.
set -euo pipefail
version=${INFLUX_VERSION:-v2.7.12}

# The same folder as os.UserCacheDir in Go, where the tests look for it.
case "$(uname -s)" in
  Darwin) cache=$HOME/Library/Caches ;;
  *) cache=${XDG_CACHE_HOME:-$HOME/.cache} ;;
esac
dir=$cache/millrace/real/influxdb-$version
influxd=$dir/influxd
mkdir -p "$dir"

# Tests of several packages may ask at once: one builds, the others wait.
if command -v flock >/dev/null 2>&1; then
  exec 9>"$dir/lock"
  flock 9
fi
if [ -x "$influxd" ]; then
  echo "$influxd"
  exit 0
fi
for tool in go cargo cc git; do
  command -v "$tool" >/dev/null 2>&1 ||
    { echo "influxdb: building it needs $tool (a stable Rust gives cargo: https://rustup.rs)" >&2; exit 1; }
done

# build OUT MODULE VERSION PACKAGE [go build flags...] builds one command of a published Go module: a
# small module of ours requires it, and the ordinary go command does the rest.
build() {
  local out=$1 mod=$2 ver=$3 pkg=${4#.} tmp
  shift 4
  tmp=$(mktemp -d)
  (
    cd "$tmp"
    export GOFLAGS='-mod=mod -buildvcs=false' GOWORK=off
    go mod init realserver >/dev/null 2>&1
    go mod edit -require="$mod@$ver"
    nice -n 10 go build -trimpath -o "$out.tmp" "$@" "$mod$pkg"
    mv "$out.tmp" "$out"
  )
  rm -rf "$tmp"
}

# libflux denies warnings that newer compilers have: they are capped.
cat >"$dir/rustc-capped" <<'R'
#!/bin/sh
case " $* " in *" --cap-lints"*) exec "$@" ;; *) exec "$@" --cap-lints=allow ;; esac
R
chmod +x "$dir/rustc-capped"
# It also asks for an old toolchain by file; the environment says to use the installed one.
export RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-stable} RUSTC_WRAPPER=$dir/rustc-capped PKG_CONFIG=$dir/pkg-config
echo "influxdb: building $version into $dir, which takes minutes" >&2
build "$dir/pkg-config" github.com/influxdata/pkg-config v0.2.14 . >&2
build "$influxd" github.com/influxdata/influxdb/v2 "$version" /cmd/influxd \
  -tags sqlite_foreign_keys,sqlite_json,noassets -ldflags "-s -w -X main.version=$version" >&2
echo "$influxd"
