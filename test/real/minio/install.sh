#!/usr/bin/env bash
# install.sh [DIR] - build the MinIO that the tests start, into DIR or the user's cache folder. Minutes the first
# time, nothing after. The version is the last one published (2026-02-12), which the Go proxy serves as a
# pseudo-version.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
case "$(uname -s)" in
  Darwin) cache=$HOME/Library/Caches ;;
  *) cache=${XDG_CACHE_HOME:-$HOME/.cache} ;;
esac
dir=${1:-$cache/millrace/real/minio}
CGO_ENABLED=0 "$here/../lib/gobuild.sh" "$dir/bin/minio" github.com/minio/minio \
  "${MINIO_VERSION:-v0.0.0-20260212201848-7aac2a2c5b7c}" . -ldflags "-s -w"
