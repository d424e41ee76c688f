#!/usr/bin/env bash
# server.sh PART DIR GATEWAY_PORT REST_PORT RPC_PORT - runs one part of an Apache Flink session cluster in the
# foreground: the process id stays, so that whoever starts it can stop it. PART is jobmanager, taskmanager or gateway;
# all three, with the same arguments after it, are a cluster with a SQL Gateway. Everything listens on 127.0.0.1.
# Configuration, logs and temporary files go to DIR.
# Environment: FLINK_SLOTS (4), FLINK_TM_MEM (1400m).
set -euo pipefail
[ $# -eq 5 ] || { sed -n '2,6s/^# //p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
part=$1 gateway=$3 rest=$4 rpc=$5
case "$part" in jobmanager | taskmanager | gateway) ;; *) echo "flink: no part $part" >&2; exit 2 ;; esac
home=$("$here/install.sh")
mkdir -p "$2"; dir=$(cd "$2" && pwd)

# Each part has a folder of configuration, so that they may start at the same time.
conf=$dir/conf/$part
mkdir -p "$conf" "$dir/log" "$dir/pids" "$dir/tmp/$part"
cp "$home"/conf/log4j*.properties "$conf/"
cat > "$conf/config.yaml" <<C
env.java.opts.all: $(sed -n 's/^ *all: //p' "$home/conf/config.yaml") -Djava.io.tmpdir=$dir/tmp/$part
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: $rpc
jobmanager.bind-host: 127.0.0.1
jobmanager.memory.process.size: 1000m
taskmanager.host: 127.0.0.1
taskmanager.bind-host: 127.0.0.1
taskmanager.numberOfTaskSlots: ${FLINK_SLOTS:-4}
taskmanager.memory.process.size: ${FLINK_TM_MEM:-1400m}
# All parts are on one machine, and state is small.
taskmanager.memory.managed.size: 64m
parallelism.default: 1
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: $rest
io.tmp.dirs: $dir/tmp/$part
execution.checkpointing.dir: file://$dir/checkpoints
execution.checkpointing.savepoint-dir: file://$dir/savepoints
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 10
restart-strategy.fixed-delay.delay: 1 s
# Where the gateway sends jobs: to the session cluster above.
execution.target: remote
sql-gateway.endpoint.rest.address: 127.0.0.1
sql-gateway.endpoint.rest.bind-address: 127.0.0.1
sql-gateway.endpoint.rest.port: $gateway
C
export FLINK_CONF_DIR=$conf FLINK_LOG_DIR=$dir/log FLINK_PID_DIR=$dir/pids FLINK_IDENT_STRING=$part
case "$part" in
  gateway) exec "$home/bin/sql-gateway.sh" start-foreground ;;
  *) exec "$home/bin/$part.sh" start-foreground ;;
esac
