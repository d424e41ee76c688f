package serve

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/disk"
	"millrace/broker/group"
	"millrace/broker/keyed"
	"millrace/broker/partition"
	"millrace/broker/topic"
	"millrace/broker/txn"
)

// world is a whole broker that serves at an address of this machine.
type world struct {
	*served
	topics *topic.Topics
}

// settings of a world.
type settings struct {
	serve  Config
	access *access.Config
	flush  partition.Flush
	topics map[string]string
}

func newWorld(t testing.TB, set settings) *world {
	t.Helper()
	dir := t.TempDir()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	store, err := keyed.Open(disk.OS(), filepath.Join(dir, "keyed"), keyed.Options{Log: quiet})
	must(err)
	env := &partition.Env{FS: disk.OS(), Now: time.Now, Log: quiet, Flush: set.flush, Every: time.Second, Clean: true}
	l := listen(t)
	topics, err := topic.Open(t.Context(), store.Space("topics"), topic.Config{
		Dir: filepath.Join(dir, "logs"), Env: env, Host: "127.0.0.1", Port: portOf(l), Partitions: 1, ClusterID: "world", Defaults: set.topics, RetainBytes: -1,
	})
	must(err)
	groups, err := group.Open(store.Space("groups"), topics, group.Config{})
	must(err)
	txns, err := txn.Open(t.Context(), store.Space("txns"), topics, groups, txn.Config{})
	must(err)
	cfg := set.serve
	if set.access != nil {
		cfg.Access, err = access.Open(store.Space("access"), *set.access)
		must(err)
	}
	cfg.Topics, cfg.Groups, cfg.Txns = topics, groups, txns
	cfg.ClusterID = "world"
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 3)
	for _, run := range []func(context.Context) error{topics.Run, groups.Run, txns.Run} {
		go func() { ran <- run(ctx) }()
	}
	w := &world{served: serveOn(t, l, cfg), topics: topics}
	t.Cleanup(func() {
		w.stop()
		cancel()
		for range 3 {
			<-ran
		}
		if err := topics.Close(); err != nil {
			t.Errorf("close topics: %v", err)
		}
		if err := store.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
		if n := w.Stats().Panics; n > 0 {
			t.Errorf("%d panics: %s", n, w.logs)
		}
	})
	return w
}

// client is a kgo client of the world, over the network.
func (w *world) client(t testing.TB, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(w.addr)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// create makes a topic.
func (w *world) create(t testing.TB, name string, partitions int32, configs ...string) {
	t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	rt := kmsg.NewCreateTopicsRequestTopic()
	rt.Topic, rt.NumPartitions, rt.ReplicationFactor = name, partitions, 1
	for i := 0; i < len(configs); i += 2 {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = configs[i], kmsg.StringPtr(configs[i+1])
		rt.Configs = append(rt.Configs, c)
	}
	req.Topics = append(req.Topics, rt)
	resp := w.topics.CreateTopics(t.Context(), nil, req)
	if code := resp.Topics[0].ErrorCode; code != 0 {
		t.Fatalf("create topic %s: code %d", name, code)
	}
}
