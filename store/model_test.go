package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"millrace/blob"
	"millrace/store"
	"millrace/store/storetest"
)

func TestAgainstModel(t *testing.T) {
	storetest.Run(t, openAt(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)))
}

// openAt opens stores for which it is some days later each time they look, so that parts are merged.
func openAt(now time.Time) func(*testing.T, string) storetest.Store {
	return func(t *testing.T, dir string) storetest.Store {
		t.Helper()
		b, err := blob.Open(t.Context(), "file://"+filepath.Join(dir, "bucket"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(dir, store.Options{
			Bucket: b, BucketAfter: 30 * time.Hour,
			CacheBytes: 1 << 16, // small, so that rows come from files too
			Now:        func() time.Time { now = now.Add(time.Minute); return now },
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}
