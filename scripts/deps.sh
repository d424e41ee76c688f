#!/usr/bin/env bash
# Installs what the tests need beyond Go, a C++ compiler and Node.js. Quick when all is there.
#
# From Debian's packages: kcat, Chromium with Chinese fonts, Python with venv. From PyPI, into a folder
# of the user's cache: what test/e2e/clients/requirements.txt names. Nothing else is touched.
set -euo pipefail
cd "$(dirname "$0")/.."

have() { command -v "$1" >/dev/null 2>&1; }
die() { printf 'deps: %s\n' "$*" >&2; exit 1; }

packages=()
have g++ || packages+=(g++)
have git || packages+=(git)
have kcat || packages+=(kcat)
have chromium || have chromium-browser || have google-chrome || packages+=(chromium)
have fc-list || packages+=(fontconfig)
{ have fc-list && fc-list :lang=zh | grep -q .; } || packages+=(fonts-noto-cjk)
have python3 || packages+=(python3)
python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || packages+=(python3-venv)
# Servers that connectors and stores are tested on. Each test starts its own, on a free port.
have redis-server || packages+=(redis-server)
have mosquitto || [ -x /usr/sbin/mosquitto ] || packages+=(mosquitto)
have rabbitmq-server || [ -x /usr/sbin/rabbitmq-server ] || packages+=(rabbitmq-server)
have mosquitto_pub || packages+=(mosquitto-clients)
have nginx || [ -x /usr/sbin/nginx ] || packages+=(nginx-light)
have logger || packages+=(bsdutils)
have logrotate || [ -x /usr/sbin/logrotate ] || packages+=(logrotate)
have java || packages+=(default-jre-headless)
# Kafka's Java clients are tested by programs that are compiled then.
have javac || packages+=(default-jdk-headless)
have mvn || packages+=(maven)

if [ ${#packages[@]} -gt 0 ]; then
  have apt-get || die "install these, or what your system calls them, and run it again: ${packages[*]}"
  root=()
  if [ "$(id -u)" -ne 0 ]; then
    have sudo || die "not root, and there is no sudo: let someone run: apt-get install ${packages[*]}"
    root=(sudo)
  fi
  echo "deps: installing ${packages[*]}"
  "${root[@]}" apt-get update -q >/dev/null || die "apt-get update: see above"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    "${packages[@]}" >/dev/null || die "apt-get install ${packages[*]}: see above"
fi

scripts/toolchain.sh

# The same folder as os.UserCacheDir in Go, where the tests look for it.
case "$(uname -s)" in
  Darwin) cache=$HOME/Library/Caches ;;
  *) cache=${XDG_CACHE_HOME:-$HOME/.cache} ;;
esac
venv=$cache/millrace/venv
wanted=test/e2e/clients/requirements.txt
if ! cmp -s "$wanted" "$venv/installed.txt"; then
  echo "deps: installing Python clients into $venv"
  rm -rf "$venv"
  mkdir -p "$(dirname "$venv")"
  python3 -m venv "$venv" || die "python3 -m venv: see above"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted" || die "pip install -r $wanted: see above"
  cp "$wanted" "$venv/installed.txt"
fi

# Servers and tools that are no packages: built or unpacked once, into the same cache.
mkdir -p "$cache/millrace"
test/real/prometheus/install.sh "$cache/millrace/prometheus" >/dev/null || die "test/real/prometheus/install.sh: see above"
for server in kafka mailpit telegraf minio influxdb; do
  test/real/$server/install.sh >/dev/null || die "test/real/$server/install.sh: see above"
done
