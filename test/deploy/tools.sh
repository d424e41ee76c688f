#!/usr/bin/env bash
# Installs what the tests of deploy/ need beyond what scripts/deps.sh does: nginx, buildah and mmdebstrap of Debian's packages;
# helm, docker-compose and promtool, built or fetched into the user's cache. Minutes the first time, nothing after.
set -euo pipefail
cd "$(dirname "$0")/../.."
have() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
die() { printf 'tools: %s\n' "$*" >&2; exit 1; }

packages=()
have nginx || packages+=(nginx-light)
have buildah || packages+=(buildah)
have mmdebstrap || packages+=(mmdebstrap)
if [ ${#packages[@]} -gt 0 ]; then
  have apt-get || die "install these, or what your system calls them, and run it again: ${packages[*]}"
  root=()
  if [ "$(id -u)" -ne 0 ]; then
    have sudo || die "not root, and there is no sudo: let someone run: apt-get install ${packages[*]}"
    root=(sudo)
  fi
  echo "tools: installing ${packages[*]}"
  "${root[@]}" apt-get update -q >/dev/null || die "apt-get update: see above"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    "${packages[@]}" >/dev/null || die "apt-get install ${packages[*]}: see above"
fi

# The same folder as os.UserCacheDir in Go, where the tests look for it.
case "$(uname -s)" in
  Darwin) cache=$HOME/Library/Caches ;;
  *) cache=${XDG_CACHE_HOME:-$HOME/.cache} ;;
esac
dir=$cache/millrace/real/deploy
mkdir -p "$dir"
export CGO_ENABLED=0
test/real/lib/gobuild.sh "$dir/helm" helm.sh/helm/v4 v4.3.1 ./cmd/helm -ldflags "-s -w"
test/real/lib/gobuild.sh "$dir/docker-compose" github.com/docker/compose/v2 v2.40.3 ./cmd -ldflags "-s -w"
have promtool || test/real/prometheus/install.sh "$dir"
