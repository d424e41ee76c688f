package bus

import (
	"context"
	"hash/fnv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// WorkConfig says how replicas share work.
type WorkConfig struct {
	// Group is the consumer group that they form, on a topic of the same name that holds no records.
	Group string
	// Shares is in how many parts work can be shared out: the partitions of the topic. All replicas give the same.
	Shares int
	// Gained is called when a share has become ours, Lost when it is to be given back or was lost: what
	// was done for it must have stopped when Lost returns, as another replica begins then. They are called one at a time.
	Gained, Lost func(share int)
}

// workSession is how long a replica may be silent before its shares go to others.
const workSession = 10 * time.Second

// ShareOf is the share that a name belongs to, of so many.
func ShareOf(name string, shares int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return int(h.Sum32() % uint32(shares))
}

// Work takes part in the sharing out of work until ctx ends, and gives back what it has then. Each share is held by
// one replica at a time, as far as Kafka's group protocol can tell: one that hangs learns late that it has
// lost a share, so what matters must be fenced by a transaction, too.
func (b *Bus) Work(ctx context.Context, cfg WorkConfig) error {
	if _, err := b.Ensure(ctx, cfg.Group, cfg.Shares, map[string]string{"retention.ms": "3600000"}); err != nil {
		return err
	}
	each := func(fn func(int)) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
			for _, id := range parts[cfg.Group] {
				fn(int(id))
			}
		}
	}
	cl, err := b.client(
		kgo.ConsumerGroup(cfg.Group), kgo.ConsumeTopics(cfg.Group),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.SessionTimeout(workSession), kgo.HeartbeatInterval(workSession/5), kgo.RebalanceTimeout(30*time.Second),
		kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(each(cfg.Gained)), kgo.OnPartitionsRevoked(each(cfg.Lost)), kgo.OnPartitionsLost(each(cfg.Lost)),
	)
	if err != nil {
		return err
	}
	defer cl.Close() // leaves the group: Lost is called for what is ours
	for {
		// There are no records; polling is how the client tells errors.
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return wrap(err, "share work in group %s", cfg.Group)
		}
	}
}
