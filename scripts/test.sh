#!/usr/bin/env bash
# Runs the tests: test.sh [all]. Two lanes side by side, each the quickest step first, then what
# needs the finished binary. Every step has a log; a failed one is shown. Ends with one line:
# N passed, N failed (steps).
set -uo pipefail
cd "$(dirname "$0")/.."
what=${1:-test}
[ "$what" = test ] || [ "$what" = all ] || { echo "usage: test.sh [all]" >&2; exit 2; }

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
: >"$logs/results"

# step NAME COMMAND...: runs it into a log, says how it went, and returns how it went.
step() {
  local name=$1 log=$logs/$1.log start=$SECONDS tests
  shift
  if "$@" >"$log" 2>&1; then
    echo "passed $name" >>"$logs/results"
    tests=$(grep -cE '^ *--- PASS' "$log")
    [ "$tests" -gt 0 ] && tests=", $tests tests" || tests=
    printf 'ok    %-10s %4d s%s\n' "$name" $((SECONDS - start)) "$tests"
    return 0
  fi
  echo "failed $name" >>"$logs/results"
  {
    printf 'FAIL  %-10s %4d s\n' "$name" $((SECONDS - start))
    grep -vE '^(=== (RUN|PAUSE|CONT|NAME)|PASS$|ok  )|^ *--- PASS|\[no test files\]' "$log" | tail -n 150 | sed 's/^/      /'
  } >"$logs/$name.shown"
  cat "$logs/$name.shown"
  return 1
}

unit() { go test -v "$@" $(go list ./... | grep -v -e /test/e2e -e /internal/lint); }
in_ui() { (cd ui && "$@"); }
e2e() { MILLRACE_BIN=$PWD/bin/millrace go test -v -count=1 -timeout 15m ./test/e2e "$@"; }

go_lane() {
  local ok=0
  step lint scripts/lint.sh || ok=1
  step unit unit || ok=1
  return $ok
}

ui_lane() {
  local ok=0
  step ui-install make --no-print-directory ui/node_modules/.package-lock.json || return 1
  step ui-lint in_ui npm run --silent lint || ok=1
  step ui-unit in_ui npm run --silent test || ok=1
  return $ok
}

ui_lane &
ui=$!
go_lane
wait "$ui"

if step build make --no-print-directory build; then
  step e2e e2e
  if [ "$what" = all ]; then
    step race unit -race
    step fuzz scripts/fuzz.sh 20s
    step kill e2e -run 'Ledger|Push' -args -kills 40
  fi
fi

passed=$(grep -c '^passed' "$logs/results")
failed=$(grep -c '^failed' "$logs/results")
echo
[ "$failed" -eq 0 ] || grep '^failed' "$logs/results"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
