#!/usr/bin/env bash
# install.sh - puts the Python libraries of the peers into the user's cache folder, once, and prints the folder. Needs
# Python 3 with venv; half a minute the first time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
case "$(uname -s)" in
  Darwin) cache=$HOME/Library/Caches ;;
  *) cache=${XDG_CACHE_HOME:-$HOME/.cache} ;;
esac
dir=$cache/millrace/peers
mkdir -p "$dir"
if command -v flock >/dev/null 2>&1; then
  exec 9>"$dir/lock"
  flock 9
fi
if ! cmp -s "$here/requirements.txt" "$dir/venv/installed.txt"; then
  rm -rf "$dir/venv"
  python3 -m venv "$dir/venv" >&2
  # Only wheels: what has none for this Python is not built here, and pip names it.
  "$dir/venv/bin/pip" -q --disable-pip-version-check install --only-binary=:all: -r "$here/requirements.txt" >&2
  cp "$here/requirements.txt" "$dir/venv/installed.txt"
fi
echo "$dir/venv"
