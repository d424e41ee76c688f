package partition

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"millrace/broker/disk/disktest"
)

func fill(c *cleanLog, batches int) {
	for i := range batches {
		c.send(0, -1, false, fmt.Sprint("key", i), strings.Repeat("x", 200))
		c.pass(time.Second)
	}
}

// TestK1EmptyLogKeepsItsOffsets: when retention or DeleteRecords has emptied a log, it goes on where it was, after any restart.
func TestK1EmptyLogKeepsItsOffsets(t *testing.T) {
	for what, empty := range map[string]func(*cleanLog){
		"age": func(c *cleanLog) {
			c.cfg.RetentionAge = time.Minute
			c.SetConfig(c.cfg)
			c.pass(time.Hour)
			c.clean()
		},
		"bytes": func(c *cleanLog) {
			c.cfg.RetentionBytes = 0
			c.SetConfig(c.cfg)
			c.clean()
		},
		"delete records": func(c *cleanLog) {
			if start, err := c.DeleteBefore(t.Context(), -1); err != nil || start != 20 {
				t.Fatalf("the log begins at %d, %v", start, err)
			}
			c.clean()
		},
	} {
		t.Run(what, func(t *testing.T) {
			cfg := cleanConfig()
			cfg.Delete = true
			d := disktest.New()
			c := newCleanLog(t, d, cfg)
			fill(c, 20)
			empty(c)
			check := func(what string, c *cleanLog) {
				if s := c.Stats(); s.Start != 20 || s.End != 20 || s.High != 20 {
					t.Fatalf("%s: %+v", what, s)
				}
			}
			check("at once", c)
			for _, found := range []*disktest.Disk{d.Crash(d.Len(), disktest.Lost), d.Crash(d.Len(), disktest.Kept)} {
				again := newCleanLog(t, found, c.cfg)
				check("after a kill", again)
				if base := again.send(0, -1, false, "next", "x"); base != 20 {
					t.Fatalf("after a kill: the next record has offset %d", base)
				}
			}
			c.reopen()
			check("after a restart", c)
			if base := c.send(0, -1, false, "next", "x"); base != 20 {
				t.Fatalf("the next record has offset %d", base)
			}
			c.reopen()
			if got := committed(t, c.Log); len(got) != 1 || got[0].offset != 20 {
				t.Fatalf("read %v", got)
			}
		})
	}
}

// TestK2CleansAfterARestart: retention and compaction do after a restart what they do before it.
func TestK2CleansAfterARestart(t *testing.T) {
	cfg := cleanConfig()
	cfg.Delete, cfg.RetentionAge = true, 10*time.Second
	c := newCleanLog(t, disktest.New(), cfg)
	fill(c, 20)
	c.reopen()
	c.pass(time.Minute)
	if freed := c.clean(); freed == 0 || c.Stats().Start != 20 {
		t.Errorf("freed %d bytes, the log begins at %d", freed, c.Stats().Start)
	}

	cfg = cleanConfig()
	cfg.Compact = true
	c = newCleanLog(t, disktest.New(), cfg)
	for range 5 {
		fill(c, 10)
	}
	c.rollNow()
	c.reopen()
	if freed := c.clean(); freed == 0 {
		t.Error("compaction freed nothing")
	}
	c.checkFolded("after a restart")
	c.oncePerKey("after a restart", 50)
}

func TestRetentionByAge(t *testing.T) {
	cfg := cleanConfig()
	cfg.Delete, cfg.RetentionAge = true, 30*time.Second
	c := newCleanLog(t, disktest.New(), cfg)
	fill(c, 40) // a second each
	before := c.Stats()
	if freed := c.clean(); freed == 0 || c.Stats().Bytes != before.Bytes-freed {
		t.Errorf("freed %d of %d bytes, %d are left", freed, before.Bytes, c.Stats().Bytes)
	}
	s := c.Stats()
	if s.Start <= 0 || s.Start > 10 {
		t.Errorf("40 seconds of records, 30 may be kept: the log begins at %d", s.Start)
	}
	got := committed(t, c.Log)
	if int64(len(got)) != 40-s.Start || got[0].offset != s.Start {
		t.Errorf("%d records from %d on", len(got), got[0].offset)
	}
	if freed := c.clean(); freed != 0 {
		t.Errorf("a second time freed %d bytes", freed)
	}
}

func TestRetentionByBytes(t *testing.T) {
	cfg := cleanConfig()
	cfg.Delete, cfg.RetentionBytes = true, 5000
	c := newCleanLog(t, disktest.New(), cfg)
	fill(c, 40)
	c.clean()
	if s := c.Stats(); s.Bytes < 5000 || s.Bytes >= 5000+cfg.SegmentBytes {
		t.Errorf("%d bytes are left", s.Bytes)
	}
	cfg.RetentionBytes = math.MaxInt64
	c.SetConfig(cfg)
	if freed := c.clean(); freed != 0 {
		t.Errorf("freed %d bytes", freed)
	}
}

func TestRetentionLeavesWhatItShould(t *testing.T) {
	cfg := cleanConfig()
	cfg.RetentionAge, cfg.RetentionBytes = 0, 0
	c := newCleanLog(t, disktest.New(), cfg) // neither delete nor compact
	fill(c, 20)
	c.pass(time.Hour)
	if freed := c.clean(); freed != 0 || len(committed(t, c.Log)) != 20 {
		t.Errorf("freed %d bytes without cleanup.policy=delete", freed)
	}
	if _, err := c.DeleteBefore(t.Context(), 11); err != nil {
		t.Fatal(err)
	}
	c.clean()
	if got := committed(t, c.Log); len(got) != 9 || got[0].offset != 11 {
		t.Errorf("%d records from %d on", len(got), got[0].offset)
	}
}

func TestTrim(t *testing.T) {
	c := newCleanLog(t, disktest.New(), cleanConfig())
	fill(c, 40)
	before := c.Stats()
	freed, err := c.Trim(3000)
	if s := c.Stats(); err != nil || freed < 3000 || freed > 3000+1500 || s.Bytes != before.Bytes-freed || s.Start == 0 {
		t.Errorf("freed %d, %v: %+v, was %+v", freed, err, s, before)
	}
	if _, err = c.Trim(1 << 40); err != nil {
		t.Fatal(err)
	}
	if s := c.Stats(); s.Segments != 1 || s.Bytes == 0 || s.End != 40 {
		t.Errorf("%+v", s)
	}
	if freed, err := c.Trim(1); freed != 0 || err != nil {
		t.Errorf("freed %d of the active segment, %v", freed, err)
	}
}

// TestLossOfPowerWhileRetaining: the log ends where it did, and begins where it did or where it is to.
func TestLossOfPowerWhileRetaining(t *testing.T) {
	cfg := cleanConfig()
	cfg.Delete, cfg.RetentionAge = true, 20*time.Second
	d := disktest.New()
	c := newCleanLog(t, d, cfg)
	fill(c, 20)
	d.Forget()
	c.pass(10 * time.Second)
	c.clean()
	some := c.Stats().Start
	c.pass(time.Hour)
	c.clean()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if some == 0 || some == 20 {
		t.Fatalf("the first Clean made the log begin at %d", some)
	}
	c.crashes(d, 1, func(what string, l *cleanLog) {
		s := l.Stats()
		if s.End != 20 || s.Start != 0 && s.Start != some && s.Start != 20 {
			t.Fatalf("%s: %+v", what, s)
		}
		if got := committed(t, l.Log); int64(len(got)) != 20-s.Start {
			t.Fatalf("%s: %d records from %d on", what, len(got), s.Start)
		}
	})
}
