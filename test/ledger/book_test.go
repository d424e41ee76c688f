package ledger

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// The topics of the generator.
const (
	inTopic   = "ledger.in"
	moreTopic = "ledger.more"
)

const (
	inPartitions   = 4
	morePartitions = 2
	chunkRows      = 30
	keys           = 40
	// stepMillis is how far event time goes from one id to the next, and disorder how far behind a record may be.
	stepMillis = 40
	disorder   = 2000
	// moreEvery is which ids have a record in moreTopic, too.
	moreEvery = 3
)

// beginning is the event time of id 0; the store keeps no rows that are old.
var beginning = time.Now().UTC().AddDate(0, 0, -1).Truncate(time.Hour)

// outcome is what the sender was told of a record.
type outcome byte

// The outcomes: acknowledged; not to be there; nobody knows.
const (
	unknown outcome = iota
	ok
	fail
)

func (o outcome) String() string { return [...]string{"unknown", "ok", "fail"}[o] }

// sent is a record that the generator has sent.
type sent struct {
	row
	bad   bool // it is no JSON
	chunk int  // records of a chunk with txn set are there all or none
	txn   bool
	told  outcome
}

// row is a record of inTopic.
type row struct {
	ID int64  `json:"id"`
	K  string `json:"k"`
	V  int64  `json:"v"`
	TS stamp  `json:"ts"`
}

// stamp is a time as Flink SQL's JSON has it.
type stamp struct{ time.Time }

const stampLayout = "2006-01-02 15:04:05.999"

func (s stamp) MarshalJSON() ([]byte, error) { return json.Marshal(s.Format(stampLayout)) }

func (s *stamp) UnmarshalJSON(text []byte) (err error) {
	var value string
	if err = json.Unmarshal(text, &value); err == nil {
		s.Time, err = time.Parse(stampLayout, value)
	}
	return err
}

// generator sends records with unique ids, chunk after chunk, until it is told to stop, and keeps book of what it was
// told of each: in a file, before it sends and when it knows.
type generator struct {
	addr string
	rnd  *rand.Rand
	zipf *rand.Zipf
	log  *bufio.Writer
	file *os.File

	mu    sync.Mutex // guards what follows
	book  []sent     // by id
	drops int        // how often the clients are to be thrown away

	plain, txns *kgo.Client
	cancel      context.CancelFunc
	done        chan error
}

func newGenerator(t *testing.T, addr, path string, seed uint64) *generator {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(seed, 1))
	g := &generator{addr: addr, rnd: rnd, zipf: rand.NewZipf(rnd, 1.3, 1, keys-1), file: file, log: bufio.NewWriter(file)}
	t.Cleanup(func() { g.stop(); file.Close() })
	return g
}

// start sends in the background until stop.
func (g *generator) start() {
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel, g.done = cancel, make(chan error, 1)
	go func() { g.done <- g.run(ctx) }()
}

// stop ends sending; what is under way is waited for, for a while.
func (g *generator) stop() error {
	if g.cancel == nil {
		return nil
	}
	g.cancel()
	err := <-g.done
	g.cancel = nil
	return err
}

// drop makes the generator throw its clients away, as if it had crashed: of what is under way it will not know.
func (g *generator) drop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drops++
	for _, cl := range []*kgo.Client{g.plain, g.txns} {
		if cl != nil {
			go cl.Close()
		}
	}
	g.plain, g.txns = nil, nil
}

// chunkEvery is the pace.
const chunkEvery = 40 * time.Millisecond

func (g *generator) run(ctx context.Context) error {
	tick := time.NewTicker(chunkEvery)
	defer tick.Stop()
	defer func() {
		g.drop()
		_ = g.log.Flush() // it is for people to look at
	}()
	for chunk := 0; ; chunk++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		var err error
		switch chunk % 10 {
		case 3, 7:
			err = g.transaction(ctx, chunk, true)
		case 9:
			err = g.transaction(ctx, chunk, false)
		default:
			err = g.batch(chunk)
		}
		if err != nil {
			return err
		}
	}
}

// next makes the records of a chunk and writes into the book that they are about to be sent.
func (g *generator) next(chunk int, txn bool) (from int64, recs []*kgo.Record) {
	g.mu.Lock()
	defer g.mu.Unlock()
	from = int64(len(g.book))
	for range chunkRows {
		id := int64(len(g.book))
		s := sent{chunk: chunk, txn: txn, bad: g.rnd.IntN(25) == 0}
		behind := g.rnd.Int64N(disorder/stepMillis) * stepMillis
		s.row = row{id, "k" + strconv.FormatUint(g.zipf.Uint64(), 10), g.rnd.Int64N(100_000), stamp{beginning.Add(time.Duration(id*stepMillis-behind) * time.Millisecond)}}
		g.book = append(g.book, s)
		recs = append(recs, g.record(&s))
		if !s.bad && id%moreEvery == 0 {
			recs = append(recs, &kgo.Record{Topic: moreTopic, Partition: int32(id % morePartitions), Value: fmt.Appendf(nil, `{"id":%d,"w":%d}`, id, id*7)})
		}
	}
	fmt.Fprintf(g.log, "send %d-%d txn=%t\n", from, from+chunkRows-1, txn)
	return from, recs
}

func (g *generator) record(s *sent) *kgo.Record {
	r := &kgo.Record{Topic: inTopic, Partition: int32(s.ID % inPartitions)}
	if s.bad {
		r.Value = fmt.Appendf(nil, "bad %d", s.ID)
		return r
	}
	r.Value, _ = json.Marshal(s.row) // of strings and numbers
	return r
}

// note writes into the book what became of the records of one id.
func (g *generator) note(id int64, told outcome) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.book[id].told = told
	fmt.Fprintf(g.log, "%d %s\n", id, told)
}

// idOf reads the id of a record, a bad one included.
func idOf(value []byte) (id int64, bad bool, err error) {
	if text, ok := strings.CutPrefix(string(value), "bad "); ok {
		id, err = strconv.ParseInt(text, 10, 64)
		return id, true, err
	}
	var r struct{ ID int64 }
	err = json.Unmarshal(value, &r)
	return r.ID, false, err
}

func (g *generator) client(slot **kgo.Client, opts ...kgo.Opt) (*kgo.Client, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if *slot == nil {
		cl, err := connect(g.addr, append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0))...)
		if err != nil {
			return nil, err
		}
		*slot = cl
	}
	return *slot, nil
}

// batch sends a chunk through an idempotent producer, which lives through restarts of the broker.
func (g *generator) batch(chunk int) error {
	cl, err := g.client(&g.plain)
	if err != nil {
		return err
	}
	from, recs := g.next(chunk, false)
	told := make([]outcome, chunkRows)
	for i := range told {
		told[i] = ok
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	wg.Add(len(recs))
	for _, r := range recs {
		cl.Produce(context.Background(), r, func(r *kgo.Record, err error) {
			defer wg.Done()
			if err != nil {
				id, _, _ := idOf(r.Value)
				mu.Lock()
				told[id-from] = unknown
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for i, o := range told {
		g.note(from+int64(i), o)
	}
	return nil
}

// transaction sends a chunk in a transaction that is committed or aborted.
func (g *generator) transaction(ctx context.Context, chunk int, commit bool) error {
	cl, err := g.client(&g.txns, kgo.TransactionalID(generatorID), kgo.TransactionTimeout(10*time.Second))
	if err != nil {
		return err
	}
	from, recs := g.next(chunk, true)
	told := fail
	if err = cl.BeginTransaction(); err == nil {
		err = cl.ProduceSync(context.WithoutCancel(ctx), recs...).FirstErr()
	}
	if err == nil {
		if commit {
			told = unknown
		}
		err = cl.EndTransaction(context.WithoutCancel(ctx), kgo.TransactionEndTry(commit))
		if err == nil && commit {
			told = ok
		}
	}
	for i := range chunkRows {
		g.note(from+int64(i), told)
	}
	if err != nil { // a new client takes the id over, which ends what is open
		g.mu.Lock()
		if g.txns == cl {
			g.txns = nil
		}
		g.mu.Unlock()
		cl.Close()
	}
	return nil
}

// generatorID is the transactional id of the generator.
const generatorID = "ledger-generator"

// takeOver ends what a client that was thrown away has left open: readers of committed records would stop before it.
func (g *generator) takeOver(ctx context.Context) error {
	cl, err := connect(g.addr, kgo.TransactionalID(generatorID))
	if err != nil {
		return err
	}
	defer cl.Close()
	_, _, err = cl.ProducerID(ctx)
	return err
}

// endValue marks the records that close all windows; it is odd and no v has it.
const endValue = -1

// end sends to each partition a record so late in event time that all windows close.
func (g *generator) end(t *testing.T) {
	t.Helper()
	cl, err := connect(g.addr, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := g.takeOver(ctx); err != nil {
		t.Fatalf("take the generator's transactions over: %v", err)
	}
	for p := range int32(inPartitions) {
		g.mu.Lock()
		id := int64(len(g.book))
		s := sent{row: row{id, "end", endValue, stamp{beginning.AddDate(10, 0, 0)}}, told: ok, chunk: -1}
		g.book = append(g.book, s)
		g.mu.Unlock()
		r := g.record(&s)
		r.Partition = p
		if err := cl.ProduceSync(ctx, r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// judge holds what is in inTopic against the book: I1, I2, I3, I6.
func (g *generator) judge(in []record, f *findings) {
	g.mu.Lock()
	defer g.mu.Unlock()
	times := make([]int, len(g.book))
	for _, r := range in {
		id, bad, err := idOf(r.value)
		if err != nil || id < 0 || id >= int64(len(g.book)) || bad != g.book[id].bad {
			f.add("I2: %s has a record that was never sent: %q", inTopic, r.value)
			continue
		}
		times[id]++
	}
	whole := map[int][2]int{} // by chunk: there, and not there
	for id, s := range g.book {
		switch n := times[id]; {
		case n > 1:
			f.add("I3: id %d is %d times in %s", id, n, inTopic)
		case n == 0 && s.told == ok:
			f.add("I1: id %d was acknowledged and is not in %s", id, inTopic)
		case n > 0 && s.told == fail:
			f.add("I2: id %d was aborted and is in %s", id, inTopic)
		}
		if s.txn {
			w := whole[s.chunk]
			w[min(times[id], 1)]++
			whole[s.chunk] = w
		}
	}
	for chunk, w := range whole {
		if w[0] > 0 && w[1] > 0 {
			f.add("I6: the transaction of chunk %d is torn: %d of its records are there, %d are not", chunk, w[1], w[0])
		}
	}
}

// count says how many records were sent, and what was told of them.
func (g *generator) count() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var n [3]int
	for _, s := range g.book {
		n[s.told]++
	}
	return fmt.Sprintf("%d records sent: %d ok, %d fail, %d unknown", len(g.book), n[ok], n[fail], n[unknown])
}
