#!/usr/bin/env bash
# Builds both images of the Dockerfile and runs the platform's, where there is neither a container engine nor a
# registry: buildah.sh [VERSION]. Needs root, buildah and mmdebstrap (Debian).
#
# The base images are made here, of Debian's packages and of this machine's Go and Node.js: the runtime one like
# distroless/cc, without a shell. The Go and npm caches of this machine are shared, so that the second time takes a minute.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1:-test}
die() { printf 'buildah.sh: %s\n' "$*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || die "only root can build in a chroot"
for need in buildah mmdebstrap go node npm curl python3; do
  command -v "$need" >/dev/null 2>&1 || die "there is no $need: apt-get install buildah mmdebstrap"
done
suite=bookworm
work=$(mktemp -d)
# Images are kept in a place of their own, where what is stale can be thrown away.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/millrace/images
mkdir -p "$cache"
printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$cache" "$work/run" >"$work/storage.conf"
export BUILDAH_ISOLATION=chroot BUILDAH_FORMAT=docker CONTAINERS_STORAGE_CONF=$work/storage.conf
containers=()
finish() {
  [ -z "${pid:-}" ] || kill -TERM "$pid" 2>/dev/null || true
  for c in "${containers[@]}"; do buildah rm "$c" >/dev/null 2>&1 || true; done
  buildah rmi --prune >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT
pass() { printf -- '--- PASS: %s (%d s)\n' "$1" $((SECONDS - began)); began=$SECONDS; }
began=$SECONDS

# base NAME VARIANT PACKAGES COMMAND: an image of Debian's packages, finished by COMMAND with the container's name.
base() {
  local name=localhost/millrace-test-$1:$suite c
  if buildah inspect --type image "$name" >/dev/null 2>&1; then return; fi
  mmdebstrap --quiet --variant="$2" --include="$3" "$suite" "$work/$1.tar" || die "mmdebstrap for $1: see above"
  c=$(buildah from scratch)
  containers+=("$c")
  buildah add --quiet "$c" "$work/$1.tar" / >/dev/null
  "$4" "$c"
  buildah commit --quiet "$c" "$name" >/dev/null
  rm "$work/$1.tar"
}
builder() {
  local modules
  modules=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
  buildah copy --quiet "$1" "$(go env GOROOT)" /usr/local/go >/dev/null
  buildah copy --quiet "$1" "$(command -v node)" /usr/local/bin/node >/dev/null
  buildah copy --quiet "$1" "$modules" /usr/local/lib/node_modules/npm >/dev/null
  buildah run "$1" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  buildah config --env PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin --env GOPATH=/go \
    --env GOCACHE=/shared/go --env "GOPROXY=file:///shared/modules|$(go env GOPROXY)" --env npm_config_cache=/shared/npm "$1"
}
# The entry of distroless: the user that images called nonroot run as.
runtime() {
  printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$work/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' >"$work/group"
  buildah copy --quiet "$1" "$work/passwd" "$work/group" /etc/ >/dev/null
  buildah config --user 65532 "$1"
}
web() { buildah config --user 101 "$1"; }
base build apt g++,git,ca-certificates builder
base runtime extract libc6,libstdc++6,libgcc-s1,ca-certificates,tzdata runtime
base web apt nginx-light web
pass 'base images'

# image NAME TARGET
image() {
  buildah bud --quiet --layers --target "$2" -t "$1" \
    --build-arg NODE_IMAGE=localhost/millrace-test-build:$suite --build-arg GO_IMAGE=localhost/millrace-test-build:$suite \
    --build-arg NGINX_IMAGE=localhost/millrace-test-web:$suite --build-arg RUNTIME_IMAGE=localhost/millrace-test-runtime:$suite \
    --build-arg VERSION="$version" \
    -v "$(go env GOCACHE)":/shared/go -v "$(go env GOMODCACHE)/cache/download":/shared/modules:ro -v "$(npm config get cache)":/shared/npm \
    . >"$work/log" 2>&1 || { tail -n 60 "$work/log" >&2; die "build of $2: see above"; }
}
image localhost/millrace-test:latest millrace
pass 'image millrace'
image localhost/millrace-test-frontend:latest frontend
pass 'image frontend'

# What the images say of themselves.
buildah inspect --type image localhost/millrace-test:latest >"$work/millrace.json"
buildah inspect --type image localhost/millrace-test-frontend:latest >"$work/frontend.json"
python3 - "$work" "$version" <<'PY'
import json, sys
work, version = sys.argv[1:]
def config(name):
    return json.load(open(f"{work}/{name}.json"))["Docker"]["config"]
def same(what, got, want):
    assert got == want, f"{what}: {got!r}, want {want!r}"
m = config("millrace")
same("user", m["User"], "65532:65532")
same("entrypoint", m["Entrypoint"], ["/usr/local/bin/millrace", "up", "--data", "/var/lib/millrace", "--listen", "0.0.0.0:8000"])
same("stop signal", m["StopSignal"], "SIGTERM")
same("volumes", list(m["Volumes"]), ["/var/lib/millrace"])
same("ports", sorted(m["ExposedPorts"]), ["8000/tcp", "9092/tcp"])
same("healthcheck", m["Healthcheck"]["Test"], ["CMD", "/usr/local/bin/millrace", "healthcheck"])
same("version", m["Labels"]["org.opencontainers.image.version"], version)
same("title", m["Labels"]["org.opencontainers.image.title"], "Millrace")
f = config("frontend")
same("ports of the frontend", list(f["ExposedPorts"]), ["8080/tcp"])
same("user of the frontend", f["User"], "101")
PY
pass 'image configuration'

# The platform, from its image: the image's own command, as its own user.
c=$(buildah from localhost/millrace-test:latest)
containers+=("$c")
root=$(buildah mount "$c")
[ ! -e "$root/bin/sh" ] || die "the runtime has a shell: it is no stand-in for distroless"
[ "$(stat -c %u:%g "$root/var/lib/millrace")" = 65532:65532 ] || die "the data folder is not the user's own"
[ -f "$root/usr/local/bin/millrace" ] || die "there is no program in the image"
printf 'ok    program %s MB, image %s MB\n' $(($(stat -c %s "$root/usr/local/bin/millrace") >> 20)) "$(du -sm "$root" | cut -f1)"
front=$(buildah from localhost/millrace-test-frontend:latest)
containers+=("$front")
webroot=$(buildah mount "$front")
ls "$webroot"/usr/share/nginx/html/assets/*.js >/dev/null || die "the frontend has no assets"
cmp -s "$webroot/etc/nginx/templates/default.conf.template" deploy/nginx/default.conf.template || die "the frontend has another configuration"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
up=(/usr/local/bin/millrace up --data /var/lib/millrace --listen "0.0.0.0:$port" --kafka 127.0.0.1:0)
if buildah run "$c" -- "${up[@]}" >"$work/refused" 2>&1; then
  die "it starts on an open address without a token"
fi
grep -q 'configure tokens' "$work/refused" || { cat "$work/refused" >&2; die "it does not say that tokens are missing"; }
pass 'refused without tokens'

token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
buildah run --env "MILLRACE_TOKENS=[{name: admin, role: admin, token: $token}]" "$c" -- "${up[@]}" >"$work/up" 2>&1 &
runner=$!
deadline=$((SECONDS + 60))
until buildah run "$c" -- /usr/local/bin/millrace healthcheck --url "http://127.0.0.1:$port" --ready >"$work/health" 2>&1; do
  kill -0 "$runner" 2>/dev/null || { cat "$work/up" >&2; die "the platform ended"; }
  [ $SECONDS -lt $deadline ] || { cat "$work/up" "$work/health" >&2; die "not ready after 60 s"; }
done
pass 'healthcheck'
[ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/api/status")" = 401 ] || die "it lets in whoever has no token"
curl -sf -H "Authorization: Bearer $token" "http://127.0.0.1:$port/api/status" | grep -q "\"version\":\"$version\"" || die "its version is another"
curl -sf "http://127.0.0.1:$port/" | grep -q '/assets/' || die "the screen is not in the program"
curl -sf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"sql": "SELECT 40 + 2 AS answer"}' \
  "http://127.0.0.1:$port/api/sql" | grep -q 42 || die "DuckDB does not answer"
# Not what buildah puts in front of it, which is the same user's.
pid=$(pgrep -u 65532 -f "^/usr/local/bin/millrace up .*--listen 0[.]0[.]0[.]0:$port" | head -n 1)
[ -n "$pid" ] || die "it does not run as user 65532"
pass 'platform answers from its image as user 65532'
kill -TERM "$pid"
code=0
wait "$runner" || code=$?
pid=
[ "$code" -eq 0 ] || { tail -n 20 "$work/up" >&2; die "after SIGTERM it ended with $code"; }
pass 'SIGTERM ends it well'
if buildah run "$c" -- /usr/local/bin/millrace healthcheck --url "http://127.0.0.1:$port" >/dev/null 2>&1; then
  die "healthcheck calls well what has ended"
fi
pass 'healthcheck of nothing'
