#!/usr/bin/env bash
# install.sh - puts an Apache Flink with Kafka connector and SQL Gateway together, once, into the user's cache folder
# and prints the folder. Needs Maven and Python 3 with venv; to run it, Java 17. About 350 MB; a minute the first time.
#
# Flink's distribution is no package of Maven, but PyPI has its parts: apache-flink bin/ and conf/,
# apache-flink-libraries lib/, opt/ and plugins/.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's:.*<flink.version>\(.*\)</flink.version>.*:\1:p' "$here/pom.xml")

# The same folder as os.UserCacheDir in Go, where the tests look for it.
case "$(uname -s)" in
  Darwin) cache=$HOME/Library/Caches ;;
  *) cache=${XDG_CACHE_HOME:-$HOME/.cache} ;;
esac
dir=$cache/millrace/real/flink-$version
mkdir -p "$dir"

# Tests of several packages may ask at once: one installs, the others wait.
if command -v flock >/dev/null 2>&1; then
  exec 9>"$dir/lock"
  flock 9
fi
if [ ! -d "$dir/flink" ]; then
  for tool in java mvn python3; do
    command -v "$tool" >/dev/null 2>&1 ||
      { echo "flink: it needs $tool: apt-get install default-jre-headless maven python3-venv" >&2; exit 1; }
  done
  tmp=$dir/install.tmp
  rm -rf "$tmp"
  mkdir -p "$tmp"
  # Debian's own Python has no pip; a venv has.
  python3 -m venv "$tmp/venv" >&2
  "$tmp/venv/bin/pip" -q --disable-pip-version-check download --no-deps --only-binary=:all: \
    --python-version 3.11 --platform manylinux2014_x86_64 --platform any \
    -d "$tmp" "apache-flink==$version" "apache-flink-libraries==$version" >&2
  for wheel in "$tmp"/*.whl; do
    python3 - "$wheel" "$tmp/x" <<'P'
import sys, zipfile
keep = tuple('pyflink/%s/' % d for d in ('bin', 'conf', 'lib', 'opt', 'plugins'))
with zipfile.ZipFile(sys.argv[1]) as z:
    z.extractall(sys.argv[2], [n for n in z.namelist() if n.startswith(keep)])
P
  done
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
    -DexcludeTransitive=true -DoutputDirectory="$tmp/mvn" >&2
  mv "$tmp"/mvn/flink-sql-connector-kafka-*.jar "$tmp/x/pyflink/lib/"
  mv "$tmp"/mvn/flink-sql-gateway-*.jar "$tmp/x/pyflink/opt/"
  chmod +x "$tmp"/x/pyflink/bin/*
  mkdir -p "$tmp/x/pyflink/log"
  mv "$tmp/x/pyflink" "$dir/flink"
  rm -rf "$tmp"
fi
echo "$dir/flink"
