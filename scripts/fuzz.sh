#!/usr/bin/env bash
# Runs every fuzz target for a while: fuzz.sh [TIME], 10s by default.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}

count=0
while IFS=: read -r file target; do
  echo "fuzz: $target in $(dirname "$file") for $time"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$(dirname "$file")"
  count=$((count + 1))
done < <(git ls-files -z --cached --others --exclude-standard '*_test.go' |
  xargs -0 grep -oHE '^func Fuzz[A-Za-z0-9_]+' | sed 's/:func /:/')
[ "$count" -gt 0 ] || { echo "fuzz: no target found" >&2; exit 1; }
echo "fuzz: $count targets held"
