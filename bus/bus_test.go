package bus_test

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"millrace/broker"
	"millrace/bus"
	"millrace/bus/bustest"
)

func opener(addr string) func(*testing.T, bus.Config) *bus.Bus {
	return func(t *testing.T, cfg bus.Config) *bus.Bus {
		t.Helper()
		cfg.Seeds = []string{addr}
		b, err := bus.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := b.Close(context.Background()); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		return b
	}
}

func TestContractOnKfake(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.AllowAutoTopicCreation())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	bustest.Run(t, opener(c.ListenAddrs()[0]), bustest.ConfigsUnchecked)
}

func TestContractOnBroker(t *testing.T) {
	b, err := broker.Open(broker.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	bustest.Run(t, opener(b.Addr()), bustest.ConfigsUnchecked) // as kfake, which it stands on
}

func TestContractOnKafka(t *testing.T) {
	bustest.Run(t, opener(bustest.Kafka(t)))
}
