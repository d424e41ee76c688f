package bus_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"millrace/broker"
	"millrace/bus"
)

// TestClientsOutliveTheBroker: readers and writers go on where they were when the broker comes back.
func TestClientsOutliveTheBroker(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := broker.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"}
	br, err := broker.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen = br.Addr()
	b := opener(br.Addr())(t, bus.Config{})
	if _, err := b.Ensure(ctx, "log", 1, nil); err != nil {
		t.Fatal(err)
	}
	r, err := b.NewReader(bus.ReaderConfig{Committed: true})
	if err != nil {
		t.Fatal(err)
	}
	rctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(rctx) }()
	defer func() { stop(); <-done; r.Close() }()
	p := r.Add("log", 0, 0)
	txn, err := b.OpenTransaction(ctx, "job", bus.TransactionConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer txn.Close()

	for round := range 4 {
		for n := range 3 {
			value := []byte(fmt.Sprint(3*round + n))
			if n < 2 {
				err = b.Append(ctx, []bus.Record{{Topic: "log", Value: value}})
			} else {
				err = commit(ctx, txn, value)
			}
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		for n := 0; n < 3; {
			f, err := p.Poll(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for ; f.Next(); n++ {
				if want := fmt.Sprint(3*round + n); string(f.Raw.Value) != want {
					t.Fatalf("round %d: read %q, want %q", round, f.Raw.Value, want)
				}
			}
		}
		if err := br.Close(); err != nil {
			t.Fatal(err)
		}
		if br, err = broker.Open(cfg); err != nil {
			t.Fatal(err)
		}
	}
	if err := br.Close(); err != nil {
		t.Fatal(err)
	}
}

func commit(ctx context.Context, txn *bus.Transaction, value []byte) error {
	if err := txn.Begin(); err != nil {
		return err
	}
	if err := txn.Produce(ctx, []bus.Record{{Topic: "log", Value: value}}); err != nil {
		return err
	}
	if outcome, err := txn.Commit(ctx); err != nil {
		return fmt.Errorf("%s: %w", outcome, err)
	}
	return nil
}
