#!/usr/bin/env bash
# install.sh [DIR] - build the Mailpit that the tests start, into DIR or the user's cache folder. A minute the first
# time, nothing after. The module has no built web page, so only its API works.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
case "$(uname -s)" in
  Darwin) cache=$HOME/Library/Caches ;;
  *) cache=${XDG_CACHE_HOME:-$HOME/.cache} ;;
esac
dir=${1:-$cache/millrace/real/mailpit}
CGO_ENABLED=0 "$here/../lib/gobuild.sh" "$dir/bin/mailpit" github.com/axllent/mailpit v1.27.11 . -ldflags "-s -w"
