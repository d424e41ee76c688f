#!/usr/bin/env bash
# up.sh DIR SMTP_PORT HTTP_PORT - a real Mailpit: SMTP sink on 127.0.0.1:SMTP_PORT (any login accepted), REST API on
# HTTP_PORT (GET /api/v1/messages, GET /api/v1/message/ID, DELETE /api/v1/messages). The program is DIR/bin/mailpit,
# built first if it is not there. MAILPIT_ARGS are more arguments.
set -euo pipefail
[ $# -eq 3 ] || { echo "usage: up.sh DIR SMTP_PORT HTTP_PORT" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd); . "$here/../lib/svc.sh"
mkdir -p "$1"; dir=$(cd "$1" && pwd)
"$here/install.sh" "$dir" >&2
svc_ports_free "$2" "$3"
svc_start "$dir" mailpit "$dir/bin/mailpit" --smtp "127.0.0.1:$2" --listen "127.0.0.1:$3" \
  --smtp-auth-accept-any --disable-version-check ${MAILPIT_ARGS---smtp-auth-allow-insecure}
svc_wait "$dir" mailpit 30 curl -fs "http://127.0.0.1:$3/readyz"
echo "mailpit ready: smtp 127.0.0.1:$2 api http://127.0.0.1:$3 pid $(cat "$dir/mailpit.pid")"
