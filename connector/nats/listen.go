package nats

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"

	"millrace/connector"
)

// listen reads subjects, at most once: nobody keeps a message for us. A preview does not join the group, whose other
// members would go without what it takes.
func (c *collector) listen(ctx context.Context, l *link, site connector.Site) error {
	site.SetLag(-1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group := c.group
	if site.Preview() {
		group = ""
	}
	in := make(chan *nats.Msg, c.batch)
	take := func(m *nats.Msg) {
		select {
		case in <- m:
		case <-ctx.Done():
		}
	}
	for _, subject := range c.subjects {
		sub, err := l.QueueSubscribe(subject, group, take)
		if err == nil {
			err = sub.SetPendingLimits(-1, heldBytes)
		}
		if err != nil {
			return explain(err, "subscribe to "+subject)
		}
	}
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() { l.watch(ctx, cancel) })

	var msgs []*nats.Msg
	var records []connector.Record
	for {
		clear(msgs)
		msgs = connector.Gather(ctx, in, msgs[:0], c.batch)
		if len(msgs) == 0 {
			return l.why("listen to subjects")
		}
		records = records[:0]
		for _, m := range msgs {
			records = append(records, recordOf(site.Name(), m.Subject, m.Data, m.Header, nil))
		}
		if err := appendPlain(ctx, site, c.to, records); err != nil {
			if ctx.Err() != nil {
				return l.why("listen to subjects")
			}
			return err
		}
	}
}

// watch ends the reading when the connection has ended or the server has said no.
func (l *link) watch(ctx context.Context, end context.CancelFunc) {
	select {
	case err := <-l.errors:
		l.fail(err) // to be told by why
	case <-l.ended:
	case <-ctx.Done():
	}
	end()
}

// appendPlain appends records without a position.
func appendPlain(ctx context.Context, site connector.Site, topic string, records []connector.Record) error {
	b := connector.Bounded(records)
	if len(b.Refused) > 0 {
		if err := site.Refuse(ctx, topic, b.Refused); err != nil {
			return err
		}
	}
	if len(b.Records) == 0 {
		return nil
	}
	return site.Append(ctx, topic, b.Records)
}
