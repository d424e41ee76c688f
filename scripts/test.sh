#!/usr/bin/env bash
# Runs the tests: test.sh [all]. Two lanes side by side, each the quickest step first, then what
# needs the finished binary. Of a failed step its failed tests are shown. Ends with one line:
# N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/.."
what=${1:-test}
[ "$what" = test ] || [ "$what" = all ] || { echo "usage: test.sh [all]" >&2; exit 2; }

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# What a killed program leaves behind goes with the logs.
mkdir "$logs/tmp"
export TMPDIR=$logs/tmp
: >"$logs/results"

# failures FILE: what the failed tests of go test -v wrote, and what stands outside of tests.
failures() {
  awk '
    /^=== (RUN|NAME|CONT|PAUSE) / { test = $3; next }
    /^ *--- (PASS|SKIP|FAIL): / {
      if ($2 == "FAIL:") printf "%s%s\n", wrote[$3], $0
      delete wrote[$3]; test = ""; next
    }
    /^ok  / { delete wrote; test = ""; next }
    /^FAIL\t/ { for (t in wrote) printf "%s", wrote[t]; delete wrote; test = ""; print; next }
    /^(PASS|FAIL)$/ || /\[no test files\]$/ { next }
    { wrote[test] = wrote[test] $0 "\n" }
    END { for (t in wrote) printf "%s", wrote[t] }
  ' "$1"
}

# counts FILE: how many tests a step ran that passed, and how many that failed, as Go or vitest say.
counts() {
  awk '
    /^ *--- PASS: / { passed++ }
    /^ *--- FAIL: / { failed++ }
    $1 == "Tests" { for (i = 2; i < NF; i++) { if ($(i+1) ~ /^passed/) passed += $i; if ($(i+1) ~ /^failed/) failed += $i } }
    END { print passed + 0, failed + 0 }
  ' "$1"
}

# step NAME COMMAND...: runs it into a log, says how it went, and returns how it went. A step without
# tests counts as one.
step() {
  local name=$1 log=$logs/$1.log start=$SECONDS code=0 passed failed said=
  shift
  "$@" >"$log" 2>&1 </dev/null || code=$?
  read -r passed failed < <(counts "$log")
  [ $((passed + failed)) -eq 0 ] || said=", $passed tests passed"
  if [ "$code" -eq 0 ]; then
    echo "$name 0 $((passed > 0 ? passed : 1)) 0" >>"$logs/results"
    printf 'ok    %-10s %4d s%s\n' "$name" $((SECONDS - start)) "$said"
    return 0
  fi
  echo "$name 1 $passed $((failed > 0 ? failed : 1))" >>"$logs/results"
  {
    printf 'FAIL  %-10s %4d s%s, %d failed\n' "$name" $((SECONDS - start)) "$said" "$failed"
    failures "$log" | tail -n 300 | sed 's/^/      /'
  } >"$logs/$name.shown"
  cat "$logs/$name.shown"
  return 1
}

unit() { go test -v "$@" $(go list ./... | grep -v -e /test/e2e -e /test/sources -e /test/stack -e /test/flink -e /test/kafka -e /test/ledger -e /internal/lint); }
in_ui() { (cd ui && "$@"); }
e2e() { MILLRACE_BIN=$PWD/bin/millrace go test -v -count=1 -timeout 15m ./test/e2e "$@"; }
# The binary and the servers around it. The tests of sources mostly wait, so more of them run at a time.
sources() { MILLRACE_BIN=$PWD/bin/millrace go test -v -count=1 -parallel 8 -timeout 15m ./test/sources "$@"; }
stack() { MILLRACE_BIN=$PWD/bin/millrace go test -v -count=1 -timeout 30m ./test/stack "$@"; }
flink() { MILLRACE_BIN=$PWD/bin/millrace go test -v -count=1 -timeout 30m ./test/flink "$@"; }
# Clients of Kafka against the embedded broker; those named Heavy only in all.
kafka() { MILLRACE_BIN=$PWD/bin/millrace go test -v -count=1 -parallel 6 -timeout 20m ./test/kafka "$@"; }
# The platform with named points in it, killed at them.
ledger() { MILLRACE_LEDGER_BIN=$PWD/bin/millrace-failpoints go test -v -count=1 -parallel 6 -timeout 2h ./test/ledger "$@"; }
oracle() { go test -tags oracle -v -count=1 -timeout 1h ./test/oracle ./test/differ "$@"; }
deploy() { test/deploy/tools.sh && (bin=$PWD/bin/millrace && cd test/deploy && MILLRACE_BIN=$bin go test -v -count=1 -timeout 10m .); }

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
  step failpoints make --no-print-directory bin/millrace-failpoints
  # Both mostly wait.
  step kafka kafka -skip TestHeavy &
  kafka=$!
  step e2e e2e
  wait "$kafka"
  export MILLRACE_SOURCE_RECORDS=5000
  # They mostly wait for servers.
  step sources sources &
  sources=$!
  step stack stack -run 'Tiers|ThreeReplicas'
  wait "$sources"
  # Alone: servers of the others would take a minute to start beside it.
  step ledger ledger -run 'Points|Pipelines|Broker|Planted|DiskFull'
  if [ "$what" = all ]; then
    step race unit -race
    step fuzz scripts/fuzz.sh 20s
    step kill e2e -run 'Ledger|Push' -args -kills 40
    export MILLRACE_LONG=1 MILLRACE_SOURCE_RECORDS=50000
    step broker-long go test -v -count=1 -timeout 1h ./broker/...
    step sources-long sources
    step stack-long stack
    step kafka-long kafka -on millrace,kafka
    step state env MILLRACE_LARGE_KEYS=10000000 go test -v -count=1 -run TestLargeState -timeout 10m ./engine
    step failpoint go test -v -count=1 -tags failpoints ./internal/failpoint
    step ledger-long env MILLRACE_LEDGER_KILLS=200 MILLRACE_LEDGER_POINTS=all MILLRACE_LEDGER_BIN="$PWD/bin/millrace-failpoints" go test -v -count=1 -timeout 2h ./test/ledger
    step flink flink
    step oracle oracle
    step deploy deploy
    step images test/deploy/buildah.sh
  fi
fi

echo
awk '
  $2 { bad = bad " " $1 }
  { passed += $3; failed += $4 }
  END { if (bad) print "failed:" bad; printf "%d passed, %d failed\n", passed, failed; exit failed > 0 || passed == 0 }
' "$logs/results"
