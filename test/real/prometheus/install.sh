#!/usr/bin/env bash
# install.sh DIR - put promtool into DIR, out of Debian's package prometheus, whose server is not installed. No-op
# when it is there.
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
dir=$1
[ -x "$dir/promtool" ] && exit 0
mkdir -p "$dir"; dir=$(cd "$dir" && pwd)
command -v apt-get >/dev/null || { echo "no apt-get here: put promtool into $dir, or into PATH" >&2; exit 1; }
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT; cd "$tmp"
apt-get download -q prometheus >/dev/null
dpkg-deb -x prometheus_*.deb files
mv files/usr/bin/promtool "$dir/promtool"
