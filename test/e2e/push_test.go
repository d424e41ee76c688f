package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"
)

// written is the answer of POST /api/write.
type written struct {
	Accepted int `json:"accepted"`
	Rejected []struct {
		Index  int    `json:"index"`
		Reason string `json:"reason"`
	} `json:"rejected"`
}

func TestPush(t *testing.T) {
	t.Parallel()
	p := start(t, "--demo=off")
	now := func() string { return time.Now().UTC().Format(time.RFC3339Nano) }

	f := func(contentType, body string, wantStatus, wantAccepted int, wantRejected ...int) {
		t.Helper()
		status, answer, err := p.try("POST", "/api/write", contentType, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		var w written
		if status == http.StatusOK {
			if err := json.Unmarshal(answer, &w); err != nil {
				t.Errorf("%s: %v", answer, err)
			}
		}
		var rejected []int
		for _, r := range w.Rejected {
			rejected = append(rejected, r.Index)
			if r.Reason == "" {
				t.Errorf("no reason: %s", answer)
			}
		}
		if status != wantStatus || w.Accepted != wantAccepted || fmt.Sprint(rejected) != fmt.Sprint(wantRejected) {
			t.Errorf("%s: status %d, accepted %d, rejected %v, want %d, %d, %v: %s",
				body, status, w.Accepted, rejected, wantStatus, wantAccepted, wantRejected, answer)
		}
	}
	point := func(room string, value string) string {
		return fmt.Sprintf(`{"timestamp":%q,"metric":"push_test","value":%s,"tags":{"room":%q}}`, now(), value, room)
	}
	const jsonType, lines = "application/json", "application/x-ndjson"
	f(jsonType, point("a", "1.5"), 200, 1)
	f(jsonType, "["+point("a", "2.5")+","+point("b", "7")+"]", 200, 2)
	f(lines, point("c", "3")+"\n"+point("d", "4")+"\n", 200, 2)
	f(lines, point("e", "5")+"\n{broken\n"+point("f", `"six"`)+"\n"+point("g", "8")+"\n", 200, 2, 1, 2)
	f(jsonType, `[`+point("h", "9")+`,{"timestamp":"`+now()+`","value":1}]`, 200, 1, 1)

	bad := func(contentType, body string) {
		t.Helper()
		status, answer, err := p.try("POST", "/api/write", contentType, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if status != http.StatusBadRequest && status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d, want 400 or 422: %s", body, status, answer)
		}
		var problem struct{ Title, Detail string }
		if err := json.Unmarshal(answer, &problem); err != nil || problem.Title == "" || problem.Detail == "" {
			t.Errorf("%s: not a problem document: %s", body, answer)
		}
	}
	bad(jsonType, `{"timestamp":"yesterday","metric":"push_test","value":1}`)
	bad(jsonType, `{broken`)
	bad(lines, "{broken\n")
	bad(jsonType, `[]`)

	ask := func(filters map[string]any, want ...float64) {
		t.Helper()
		eventually(t, settle, func() error {
			points, err := p.query(map[string]any{"measurement": "push_test", "time_range": "-15m", "filters": filters})
			if err != nil {
				return err
			}
			sum, wantSum := 0.0, 0.0
			for _, pt := range points {
				v, _ := pt.Value.(float64)
				sum += v
				if pt.Measurement != "push_test" || pt.Field != "value" || pt.Tags["room"] == "" || pt.Time.IsZero() {
					return fmt.Errorf("not a whole answer: %+v", pt)
				}
			}
			for _, v := range want {
				wantSum += v
			}
			if len(points) != len(want) || sum != wantSum {
				return fmt.Errorf("filters %v: %d points of sum %v, want %v: %v", filters, len(points), sum, want, points)
			}
			return nil
		})
	}
	ask(map[string]any{}, 1.5, 2.5, 7, 3, 4, 5, 8, 9)
	ask(map[string]any{"room": "a"}, 1.5, 2.5)
	ask(map[string]any{"room": []string{"b", "c"}}, 7, 3)
	ask(map[string]any{"value": map[string]any{"gt": 4, "lte": 8}}, 7, 5, 8)
	ask(map[string]any{"room": "nowhere"})

	p.restart()
	ask(map[string]any{}, 1.5, 2.5, 7, 3, 4, 5, 8, 9)
}

// TestPushThroughKills writes points from several clients while the process is killed. What was
// acknowledged is stored once; what was not is stored once or never.
func TestPushThroughKills(t *testing.T) {
	t.Parallel()
	p := start(t, "--demo=off")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 3))

	book := &pushBook{acknowledged: map[int]bool{}}
	for range *kills {
		stop := make(chan struct{})
		var clients sync.WaitGroup
		for range 4 {
			clients.Go(func() { book.write(p, stop) })
		}
		<-time.After(200*time.Millisecond + time.Duration(rnd.Int64N(int64(600*time.Millisecond))))
		p.kill()
		close(stop)
		clients.Wait()
		p.start()
		p.awaitReady()
	}
	t.Logf("%d of %d points were acknowledged", len(book.acknowledged), book.next)
	if len(book.acknowledged) == 0 {
		t.Fatal("no point was acknowledged")
	}
	eventually(t, settle, func() error { return book.compare(p) })
}

// pushBook knows which points were sent and which of them were acknowledged.
type pushBook struct {
	mu           sync.Mutex // guards what follows
	next         int
	acknowledged map[int]bool
}

// pushBatch is how many points one request carries.
const pushBatch = 20

// write sends requests of new points until one fails or stop is closed.
func (b *pushBook) write(p *platform, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		b.mu.Lock()
		first := b.next
		b.next += pushBatch
		b.mu.Unlock()

		var body bytes.Buffer
		for i := first; i < first+pushBatch; i++ {
			fmt.Fprintf(&body, `{"timestamp":%q,"metric":"push_book","value":%d,"tags":{"client":"c%d"}}`+"\n",
				time.Now().UTC().Format(time.RFC3339Nano), i, i%3)
		}
		status, _, err := p.try("POST", "/api/write", "application/x-ndjson", body.Bytes())
		if err != nil || status != http.StatusOK {
			return
		}
		b.mu.Lock()
		for i := first; i < first+pushBatch; i++ {
			b.acknowledged[i] = true
		}
		b.mu.Unlock()
	}
}

// compare holds the store and the topic against the book.
func (b *pushBook) compare(p *platform) error {
	const page = 50_000 // below what one answer holds, also where points are stored twice
	stored := map[string]int{}
	for from := 0; from < b.next; from += page {
		rows, err := p.sqlRows(fmt.Sprintf(
			`SELECT CAST(value AS BIGINT) FROM push_book WHERE value >= %d AND value < %d`, from, from+page))
		if err != nil {
			return err
		}
		for _, row := range rows {
			stored[fmt.Sprint(row[0])]++
		}
	}
	for i := range b.next {
		n := stored[fmt.Sprint(i)]
		if n > 1 || n == 0 && b.acknowledged[i] {
			return fmt.Errorf("point %d (acknowledged: %v) is stored %d times; %d are stored", i, b.acknowledged[i], n, len(stored))
		}
	}
	return nil
}
