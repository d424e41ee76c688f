package influx

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"millrace/fault"
	"millrace/schema"
	"millrace/store"
	"millrace/store/influx/influxtest"
)

// TestInfluxGoesAwayAndComesBack kills the server under load, twice: what was acknowledged is there, and
// what was being written waits and is written then.
func TestInfluxGoesAwayAndComesBack(t *testing.T) {
	srv := influxtest.Start(t)
	db := open(t, Config{URL: srv.URL, Bucket: influxtest.Bucket, LongestWait: 500 * time.Millisecond})
	fields := []schema.Field{times(), field("writer", schema.VarChar), field("v", schema.Double)}
	const writers = 4
	var written [writers]int
	var total atomic.Int64
	stop := make(chan struct{})
	var load sync.WaitGroup
	for w := range writers {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				var rows [][]any
				for range 200 {
					rows = append(rows, []any{noon.Add(time.Duration(written[w]) * time.Millisecond), fmt.Sprint(w), float64(written[w])})
					written[w]++
				}
				refused, err := db.Write(context.Background(), []store.Group{table(t, "m", []string{"writer"}, fields, rows...)})
				if err != nil || refused != nil {
					t.Errorf("%v, %v", refused, err)
					return
				}
				total.Add(200)
			}
		})
	}
	for range 2 {
		before := total.Load()
		eventually(t, "rows are written", func() bool { return total.Load() > before+5000 })
		srv.Stop()
		eventually(t, "it is noticed", func() bool { return db.Reachable() != nil })
		if _, err := db.Select(context.Background(), store.Query{Measurement: "m"}); !errors.Is(err, fault.Unavailable) {
			t.Errorf("a query while it is away: %v", err)
		}
		retries := db.Stats().Retries
		eventually(t, "it is tried again", func() bool { return db.Stats().Retries > retries+3 })
		srv.Start()
		eventually(t, "it is reached", func() bool { return db.Reachable() == nil })
	}
	close(stop)
	load.Wait()
	for w, want := range written {
		q := store.Query{Measurement: "m", Limit: 1_000_000, Filters: []store.Filter{{Column: "writer", Op: store.Eq, Values: []any{fmt.Sprint(w)}}}}
		got, err := db.Select(context.Background(), q)
		if err != nil || len(got.Points) != want {
			t.Fatalf("writer %d: %d rows, want %d; %v", w, len(got.Points), want, err)
		}
		for i, p := range got.Points {
			if p.Value != float64(i) {
				t.Fatalf("writer %d: row %d is %v", w, i, p.Value)
			}
		}
	}
	if st := db.Stats(); st.Pending != 0 || st.Refused != 0 {
		t.Errorf("%+v", st)
	}
}

// TestBucketGoes deletes the bucket under a running writer: it is made again.
func TestBucketGoes(t *testing.T) {
	srv := influxtest.Start(t)
	db := open(t, Config{URL: srv.URL, Bucket: "brief"})
	g := table(t, "m", nil, []schema.Field{times(), field("v", schema.Double)}, []any{noon, 1.0})
	if got := put(t, db, g); got != nil {
		t.Fatal(got)
	}
	id := srv.Do("GET", "/api/v2/buckets?name=brief", "")["buckets"].([]any)[0].(map[string]any)["id"].(string)
	srv.Do("DELETE", "/api/v2/buckets/"+id, "")
	if got := put(t, db, g); got != nil {
		t.Fatal(got)
	}
	if got, err := db.Select(context.Background(), store.Query{Measurement: "m"}); err != nil || len(got.Points) != 1 {
		t.Fatal(got, err)
	}
}
