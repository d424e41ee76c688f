#!/usr/bin/env bash
# Checks the Go source: formatting, vet, staticcheck, and the rules of internal/lint.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0

unformatted=$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 go tool gofumpt -l) || failed=1
if [ -n "$unformatted" ]; then
  printf 'not formatted, run make fmt:\n%s\n' "$unformatted"
  failed=1
fi
go vet ./... || failed=1
go tool staticcheck ./... || failed=1
go test ./internal/lint || failed=1
exit $failed
