#!/usr/bin/env bash
# server.sh - prints the path of a real Prometheus: the one that is installed, or that of Debian's package, put
# once into the user's cache folder without installing it as a service.
set -euo pipefail
if command -v prometheus >/dev/null 2>&1; then
  command -v prometheus
  exit 0
fi
case "$(uname -s)" in
  Darwin) cache=$HOME/Library/Caches ;;
  *) cache=${XDG_CACHE_HOME:-$HOME/.cache} ;;
esac
dir=$cache/millrace/real/prometheus-debian
mkdir -p "$dir"
if command -v flock >/dev/null 2>&1; then
  exec 9>"$dir/lock"
  flock 9
fi
if [ ! -x "$dir/prometheus" ]; then
  command -v apt-get >/dev/null 2>&1 || { echo "prometheus: put it into PATH; there is no apt-get here to get it" >&2; exit 1; }
  tmp=$(mktemp -d)
  trap 'rm -rf "$tmp"' EXIT
  (cd "$tmp" && apt-get download -q prometheus >/dev/null && dpkg-deb -x prometheus_*.deb files)
  mv "$tmp/files/usr/bin/prometheus" "$dir/prometheus"
fi
echo "$dir/prometheus"
