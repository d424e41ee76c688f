#!/usr/bin/env bash
# up.sh DIR PORT [CONSOLE_PORT] - a real MinIO (S3) on 127.0.0.1:PORT, user admin, password adminadmin,
# region us-east-1, path-style addressing. Builds it first (install.sh). Bucket names need 3 characters or more.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: up.sh DIR PORT [CONSOLE_PORT]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd); . "$here/../lib/svc.sh"
mkdir -p "$1/data"; dir=$(cd "$1" && pwd); port=$2; console=${3:-$((port + 1))}
"$here/install.sh" "$dir" >&2
svc_ports_free "$port" "$console"
export MINIO_ROOT_USER=${MINIO_ROOT_USER:-admin} MINIO_ROOT_PASSWORD=${MINIO_ROOT_PASSWORD:-adminadmin} MINIO_UPDATE=off
svc_start "$dir" minio "$dir/bin/minio" server "$dir/data" --address "127.0.0.1:$port" --console-address "127.0.0.1:$console"
svc_wait "$dir" minio 60 curl -fs "http://127.0.0.1:$port/minio/health/ready"
echo "minio ready: http://127.0.0.1:$port pid $(cat "$dir/minio.pid")"
