package bus_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"millrace/bus"
	"millrace/bus/bustest"
	"millrace/fault"
)

// TestAppendWhileKafkaIsAway wants an Append to end with its context while Kafka is away, also of records that were
// under way when it went, and to work again when it is back.
func TestAppendWhileKafkaIsAway(t *testing.T) {
	k := bustest.StartKafka(t)
	b, err := bus.Open(t.Context(), bus.Config{Seeds: []string{k.Addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close(context.WithoutCancel(t.Context()))
	if _, err := b.Ensure(t.Context(), "away", 4, nil); err != nil {
		t.Fatal(err)
	}
	const patience = 3 * time.Second
	add := func() (time.Duration, error) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		err := b.Append(ctx, []bus.Record{{Topic: "away", Value: []byte("v")}, {Topic: "away", Value: []byte("w")}})
		return time.Since(began), err
	}
	if _, err := add(); err != nil {
		t.Fatal(err)
	}
	var adding sync.WaitGroup
	stop := make(chan struct{})
	for range 8 {
		adding.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				took, err := add()
				if took > 2*patience || err != nil && !errors.Is(err, fault.Unavailable) {
					t.Errorf("Append ended after %s: %v", took, err)
				}
			}
		})
	}
	<-time.After(500 * time.Millisecond)
	k.Kill()
	<-time.After(2 * patience)
	close(stop)
	adding.Wait()
	k.Start()
	for deadline := time.Now().Add(time.Minute); ; {
		_, err := add()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("Kafka is back, and still: %v", err)
		}
	}
}

// TestOldTimestamps wants records that tell an old time to be written like others, in a transaction, too.
func TestOldTimestamps(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.AllowAutoTopicCreation())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := opener(c.ListenAddrs()[0])(t, bus.Config{})
	old := func() []bus.Record {
		return []bus.Record{{Topic: "old", Value: []byte("v"), Timestamp: time.Now().Add(-100 * time.Hour)}}
	}
	if err := b.Append(t.Context(), old()); err != nil {
		t.Error(err)
	}
	txn, err := b.OpenTransaction(t.Context(), "old", bus.TransactionConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer txn.Close()
	if err := txn.Begin(); err != nil {
		t.Fatal(err)
	}
	if err := txn.Produce(t.Context(), old()); err != nil {
		t.Error(err)
	}
	if err := txn.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := txn.Commit(t.Context()); err != nil {
		t.Error(err)
	}
}
