// Package builtin lists what is compiled in: one line for each table connector, collector, format and
// ingest protocol.
// Only node and the commands use it; everything else is handed the parts that it needs.
package builtin

import (
	"io"
	"log/slog"

	"millrace/bus"
	"millrace/connector"
	"millrace/connector/amqp"
	"millrace/connector/blackhole"
	"millrace/connector/datagen"
	"millrace/connector/demo"
	"millrace/connector/file"
	"millrace/connector/filesystem"
	"millrace/connector/host"
	"millrace/connector/http"
	"millrace/connector/kafka"
	"millrace/connector/mqtt"
	"millrace/connector/nats"
	"millrace/connector/print"
	"millrace/connector/redis"
	"millrace/connector/syslog"
	"millrace/format"
	"millrace/format/avro"
	"millrace/format/csv"
	"millrace/format/json"
	"millrace/format/json/cdc"
	"millrace/format/protobuf"
	"millrace/format/raw"
	"millrace/ingest"
	"millrace/ingest/influx"
	pushjson "millrace/ingest/json"
	"millrace/ingest/prometheus"
	"millrace/notify"
	"millrace/notify/dingtalk"
	"millrace/notify/email"
	"millrace/notify/feishu"
	"millrace/notify/pagerduty"
	"millrace/notify/slack"
	"millrace/notify/sms"
	"millrace/notify/telegram"
	"millrace/notify/webhook"
	"millrace/notify/wecom"
)

// Connectors returns the connectors that SQL tables can name. b is the platform's bus, nil without one;
// out and errs are where the print connector writes.
func Connectors(b *bus.Bus, out, errs io.Writer) []connector.Spec {
	return []connector.Spec{
		blackhole.Spec(),
		datagen.Spec(),
		filesystem.Spec(),
		kafka.Spec(b),
		kafka.UpsertSpec(b),
		print.Spec(out, errs),
	}
}

// Collectors returns what brings records to the bus by itself; node starts those that the settings
// name. realData tells the demo generator when to end.
func Collectors(log *slog.Logger, realData func() bool) []connector.Spec {
	return []connector.Spec{
		amqp.Spec(),
		demo.Spec(realData),
		file.Spec(),
		host.Spec(log),
		http.Spec(),
		kafka.CollectSpec(),
		mqtt.Spec(),
		nats.Spec(),
		redis.Spec(),
		syslog.Spec(),
	}
}

// Notifiers returns the ways people are told about alerts.
func Notifiers() []notify.Spec {
	return []notify.Spec{
		dingtalk.Spec(),
		email.Spec(),
		feishu.Spec(),
		pagerduty.Spec(),
		slack.Spec(),
		sms.Spec(),
		sms.Aliyun(),
		sms.Tencent(),
		telegram.Spec(),
		webhook.Spec(),
		wecom.Spec(),
	}
}

// Formats returns the formats that SQL tables can name.
func Formats() []format.Spec {
	return []format.Spec{
		avro.Spec(),
		avro.Confluent(),
		cdc.Canal(),
		cdc.Debezium(),
		cdc.Maxwell(),
		cdc.Ogg(),
		csv.Spec(),
		json.Spec(),
		protobuf.Spec(),
		raw.Spec(),
	}
}

// Ingest returns the protocols by which others push to us.
func Ingest(dropped prometheus.Dropped) []ingest.Spec {
	return []ingest.Spec{
		influx.Spec(),
		pushjson.Spec(),
		prometheus.Spec(dropped),
	}
}
