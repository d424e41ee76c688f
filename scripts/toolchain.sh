#!/usr/bin/env bash
# Says what is missing to build Millrace, and how to get it, before a compiler says it in its own words.
set -uo pipefail
cd "$(dirname "$0")/.."

missing=0
miss() { printf 'missing: %s\n         %s\n' "$1" "$2" >&2; missing=1; }
have() { command -v "$1" >/dev/null 2>&1; }
# at_least VERSION WANTED: 1.26.8 is at least 1.26.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

wanted=$(sed -n 's/^go //p' go.mod)
if ! have go; then
  miss "Go $wanted" "install it from https://go.dev/dl/"
elif version=$(cd / && GOTOOLCHAIN=local go env GOVERSION) && ! at_least "${version#go}" 1.21; then
  # Newer ones get the version that go.mod wants by themselves.
  miss "Go $wanted; this is ${version#go}" "install it from https://go.dev/dl/"
fi

# DuckDB comes as static libraries: nothing of it is compiled, but cgo needs a C compiler, and linking
# needs the C++ library.
if have go; then
  cc=$(cd / && go env CC) lib=stdc++
  [ "$(uname -s)" != Darwin ] || lib=c++
  # shellcheck disable=SC2086 # CC may have arguments
  if ! have ${cc%% *} || ! echo 'int main(void) { return 0; }' | $cc -x c - -l$lib -o /dev/null 2>/dev/null; then
    miss "a C and C++ compiler (DuckDB is linked in)" \
      "Debian, Ubuntu: sudo apt-get install g++    Fedora: sudo dnf install gcc-c++    macOS: xcode-select --install"
  fi
fi

if ! have node || ! have npm; then
  miss "Node.js 20.19 or newer, with npm (it builds the screen)" "install it from https://nodejs.org/"
elif version=$(node -p process.versions.node) && ! at_least "$version" 20.19; then
  miss "Node.js 20.19 or newer (it builds the screen); this is $version" "install it from https://nodejs.org/"
fi
exit $missing
