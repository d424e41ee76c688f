package store

import (
	"log/slog"
	"time"

	"millrace/blob"
)

// Options are the settings of a store. The zero value of each means the default in its comment.
type Options struct {
	// FlushEvery is how long rows stay in the head at most: 60 s. It bounds what must be read again
	// from Kafka after a crash.
	FlushEvery time.Duration
	// FlushRows and FlushBytes flush earlier: 500,000 rows, 64 MiB. Append waits at four times either.
	FlushRows  int64
	FlushBytes int64
	// MergeEvery is how often parts are merged, rolled up, moved and retention is applied: 15 s.
	MergeEvery time.Duration
	// MergeBytes is the size from which a part is not merged any further: 256 MiB.
	MergeBytes int64
	// Retention is how long rows of a measurement are kept, wherever they are. A key is a name or a
	// pattern such as "cpu_*": a name comes first, then the longest pattern that fits, then "", which
	// is for all others. Nothing is trimmed where it is 0.
	Retention map[string]time.Duration
	// RollupRetention is how long the rollups of a resolution, time.Minute and time.Hour, are kept: 90
	// days and 5 years. A negative one means that there are none of it.
	RollupRetention map[time.Duration]time.Duration
	// Bucket is where parts go that are older than BucketAfter by their newest row. Without a bucket
	// nothing is moved, and what was moved before is missing from answers, which say so. The store
	// does not close it.
	Bucket      *blob.Bucket
	BucketAfter time.Duration // 0: nothing is moved
	// BucketPrefix begins the keys of all objects, "replica-1/"; a store adds a name of its own.
	BucketPrefix string
	// BucketCacheBytes bounds what is kept on disk of the bucket: 4 GiB.
	BucketCacheBytes int64
	// BucketTimeout is how long one answer waits for the bucket at most: 10 s. What did not come until
	// then is missing from it, and it says so.
	BucketTimeout time.Duration
	// CacheBytes bounds the decoded row groups that Select keeps: 64 MiB.
	CacheBytes int64
	// ResultBytes bounds the answers of Query and Aggregate that are kept: 32 MiB.
	ResultBytes int64
	// Queries is how many Query calls run at a time: 2. Each may use QueryMemory, 512 MiB, and
	// QueryThreads, 2.
	Queries      int
	QueryMemory  int64
	QueryThreads int
	// Log gets what goes on in the background; nil discards it.
	Log *slog.Logger
	// Now tells the time, for tests; nil is time.Now.
	Now func() time.Time

	// trip is called at named points of a flush and a merge, where tests kill the process.
	trip func(point string)
}

func (o *Options) fillIn() {
	setDefault(&o.FlushEvery, time.Minute)
	setDefault(&o.FlushRows, 500_000)
	setDefault(&o.FlushBytes, 64<<20)
	setDefault(&o.MergeEvery, 15*time.Second)
	setDefault(&o.MergeBytes, 256<<20)
	setDefault(&o.CacheBytes, 64<<20)
	setDefault(&o.ResultBytes, 32<<20)
	setDefault(&o.BucketCacheBytes, 4<<30)
	setDefault(&o.BucketTimeout, 10*time.Second)
	if o.RollupRetention == nil {
		o.RollupRetention = map[time.Duration]time.Duration{}
	}
	setDefault(&o.Queries, 2)
	setDefault(&o.QueryMemory, 512<<20)
	setDefault(&o.QueryThreads, 2)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.trip == nil {
		o.trip = func(string) {}
	}
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}
