#!/usr/bin/env bash
# install.sh - resolves Apache Kafka with Maven, with its tools, Connect and Streams, once, into the user's cache folder
# and prints the folder. Needs Maven; to run it, Java 17. Seconds the first time, nothing after.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")

# The same folder as os.UserCacheDir in Go, where the tests look for it.
case "$(uname -s)" in
  Darwin) cache=$HOME/Library/Caches ;;
  *) cache=${XDG_CACHE_HOME:-$HOME/.cache} ;;
esac
dir=$cache/millrace/real/kafka-$version
mkdir -p "$dir"

# Tests of several packages may ask at once: one resolves, the others wait.
if command -v flock >/dev/null 2>&1; then
  exec 9>"$dir/lock"
  flock 9
fi
# Another list of jars adds to what is there.
if [ ! -d "$dir/jars" ] || ! cmp -s "$here/pom.xml" "$dir/pom.xml"; then
  for tool in java mvn; do
    command -v "$tool" >/dev/null 2>&1 ||
      { echo "kafka: it needs $tool: apt-get install default-jre-headless maven" >&2; exit 1; }
  done
  rm -rf "$dir/jars.tmp"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$dir/jars.tmp" >&2
  # Those that are there stay as they are: a server may be running from them.
  mkdir -p "$dir/jars"
  cp -n "$dir"/jars.tmp/*.jar "$dir/jars/"
  rm -rf "$dir/jars.tmp"
  cp "$here/pom.xml" "$dir/pom.xml"
fi
echo "$dir"
