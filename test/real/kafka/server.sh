#!/usr/bin/env bash
# server.sh DIR PORT CONTROLLER_PORT - runs one node of Apache Kafka (KRaft) on 127.0.0.1:PORT in the foreground: the
# process id stays, so that whoever starts it can stop it. Data go to DIR/data; a second run goes on with them.
# Environment: KAFKA_HEAP (512m); KAFKA_SETTINGS, lines that are added to server.properties.
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"; dir=$(cd "$1" && pwd); port=$2 ctrl=$3
home=$("$here/install.sh")

cat > "$dir/server.properties" <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$ctrl
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$ctrl
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
auto.create.topics.enable=true
# one node: every internal topic has one replica, so groups and transactions work
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
# test data carries arbitrary timestamps: neither reject future ones nor expire old ones
log.message.timestamp.after.max.ms=9223372036854775807
log.retention.ms=-1
log.retention.bytes=-1
${KAFKA_SETTINGS:-}
P

log4j=-Dlog4j2.configurationFile=$here/log4j2.properties
if [ ! -f "$dir/data/meta.properties" ]; then
  java -Xmx128m -Dkafka.log.level=warn "$log4j" -cp "$home/jars/*" kafka.tools.StorageTool format \
    --cluster-id MkU3OEVBNTcwNTJENDM2Qg --config "$dir/server.properties" >"$dir/format.log" 2>&1 ||
    { cat "$dir/format.log" >&2; exit 1; }
fi
heap=${KAFKA_HEAP:-512m}
exec java -Xms"$heap" -Xmx"$heap" -XX:+UseG1GC -Djava.awt.headless=true "$log4j" \
  -cp "$home/jars/*" kafka.Kafka "$dir/server.properties"
