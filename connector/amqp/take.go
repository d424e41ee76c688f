package amqp

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	rabbit "github.com/rabbitmq/amqp091-go"

	"millrace/connector"
)

// taking is one Collect.
type taking struct {
	*collector
	site    connector.Site
	channel *rabbit.Channel
	seen    *seen

	deliveries []rabbit.Delivery
	records    []connector.Record
}

// run takes messages until there are no more.
func (t *taking) run(ctx context.Context, from <-chan rabbit.Delivery) error {
	for {
		clear(t.deliveries) // holds no bodies while it waits
		t.deliveries = connector.Gather(ctx, from, t.deliveries[:0], t.prefetch)
		if len(t.deliveries) == 0 {
			return ctx.Err()
		}
		if err := t.append(ctx); err != nil {
			return err
		}
	}
}

// append appends what was delivered, and acknowledges it: in order, so that RabbitMQ can only deliver again what is
// among the last, which are noted.
func (t *taking) append(ctx context.Context) error {
	t.records = t.records[:0]
	for i := range t.deliveries {
		d := &t.deliveries[i]
		if d.MessageId != "" && !t.seen.add(hash(d), d.Redelivered) {
			continue
		}
		t.records = append(t.records, t.record(d))
	}
	batch := connector.Bounded(t.records)
	batch.Position = t.seen.bytes()
	if err := t.site.AppendAt(ctx, t.to, batch); err != nil {
		return err
	}
	if t.site.Preview() {
		return nil
	}
	if err := t.channel.Ack(t.deliveries[len(t.deliveries)-1].DeliveryTag, true); err != nil {
		return explain(err, "acknowledge messages of queue "+t.queue)
	}
	return nil
}

func (t *taking) record(d *rabbit.Delivery) connector.Record {
	r := connector.Record{Key: []byte(d.RoutingKey), Value: d.Body, Time: d.Timestamp}
	if d.Body == nil {
		r.Value = []byte{} // no tombstone
	}
	r.Headers = []connector.Header{
		{Name: "millrace.source", Value: []byte(t.site.Name())},
		{Name: "amqp.exchange", Value: []byte(d.Exchange)},
		{Name: "amqp.routing_key", Value: []byte(d.RoutingKey)},
	}
	for _, p := range []struct{ name, value string }{
		{"amqp.message_id", d.MessageId},
		{"amqp.content_type", d.ContentType},
		{"amqp.content_encoding", d.ContentEncoding},
		{"amqp.correlation_id", d.CorrelationId},
		{"amqp.reply_to", d.ReplyTo},
		{"amqp.type", d.Type},
		{"amqp.user_id", d.UserId},
		{"amqp.app_id", d.AppId},
	} {
		if p.value != "" {
			r.Headers = connector.AddHeader(r.Headers, p.name, []byte(p.value))
		}
	}
	names := make([]string, 0, len(d.Headers))
	for name := range d.Headers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		r.Headers = connector.AddHeader(r.Headers, name, plain(d.Headers[name]))
	}
	return r
}

// plain is the text of a header: as it is, or JSON of what has parts.
func plain(v any) []byte {
	switch v := v.(type) {
	case string:
		return []byte(v)
	case []byte:
		return v
	case time.Time:
		return v.UTC().AppendFormat(nil, time.RFC3339)
	case bool:
		return strconv.AppendBool(nil, v)
	case rabbit.Table, []any:
		if text, err := json.Marshal(v); err == nil {
			return text
		}
	}
	return fmt.Append(nil, v)
}
