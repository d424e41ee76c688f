#!/usr/bin/env bash
# install.sh - builds a real Telegraf with the plugins of plugins.txt, once, into the user's cache folder
# and prints its path. About 4 minutes on two cores the first time. Needs go and flock.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=${TELEGRAF_VERSION:-v1.37.2}

# The same folder as os.UserCacheDir in Go, where the tests look for it.
case "$(uname -s)" in
  Darwin) cache=$HOME/Library/Caches ;;
  *) cache=${XDG_CACHE_HOME:-$HOME/.cache} ;;
esac
dir=$cache/millrace/real/telegraf-$version
mkdir -p "$dir"

# Several tests may ask at once: one builds, the others wait.
if command -v flock >/dev/null 2>&1; then
  exec 9>"$dir/lock"
  flock 9
fi
# Another list of plugins is another program.
if ! cmp -s "$here/plugins.txt" "$dir/plugins.txt"; then
  rm -f "$dir/telegraf"
fi
if [ ! -x "$dir/telegraf" ]; then
  echo "telegraf: building $version into $dir, which takes minutes" >&2
  tags=custom,$(tr -s ' \n' ',,' <"$here/plugins.txt" | sed 's/,$//')
  "$here/../lib/gobuild.sh" "$dir/telegraf" github.com/influxdata/telegraf "$version" ./cmd/telegraf \
    -tags "$tags" -ldflags "-s -w -X github.com/influxdata/telegraf/internal.Version=${version#v}" >&2
  cp "$here/plugins.txt" "$dir/plugins.txt"
fi
echo "$dir/telegraf"
