package topic

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/disk/disktest"
	"millrace/broker/partition"
	"millrace/fault"
)

// promise is what clients were told after so many changes of the disk.
type promise struct {
	changes int
	topics  string
}

// state says what topics there are: name and partitions.
func (w *world) state() string {
	var all []string
	for _, name := range w.Names() {
		_, n, _ := w.Lookup(name)
		all = append(all, fmt.Sprint(name, ":", n))
	}
	return strings.Join(all, " ")
}

// Whatever of the disk is there after a loss of power: what clients were told holds, and what they were not told is whole or not there.
func TestNoCrashBreaksAPromise(t *testing.T) {
	d := newDisk(t)
	w := &world{t: t, disk: d}
	if err := w.start(nil); err != nil {
		t.Fatal(err)
	}
	var promises []promise
	told := func(topics string) {
		t.Helper()
		if got := w.state(); got != topics {
			t.Fatalf("topics are %s, want %s", got, topics)
		}
		promises = append(promises, promise{d.Len(), topics})
	}
	told("")
	w.create(nil, wanted("a", 2), wanted("b", 1))
	told("a:2 b:1")
	w.grow("b", 3)
	told("a:2 b:3")
	w.alterOne(nil, onTopic, "a", set, "retention.ms", str("1"))
	told("a:2 b:3")
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.Version, req.TopicNames = 5, []string{"b"}
	w.DeleteTopics(ctx(), nil, req)
	told("a:2")
	w.create(nil, wanted("b", 1))
	told("a:2 b:1")
	w.stop()
	told2 := append(promises, promise{1 << 30, ""})
	for point, crashed := range d.Crashes(1) {
		i, _ := slices.BinarySearchFunc(told2, point.Changes, func(p promise, n int) int {
			if p.changes <= n {
				return -1
			}
			return 1
		})
		if i == 0 {
			continue // before the broker was up
		}
		allowed := []string{told2[i-1].topics, told2[min(i, len(promises)-1)].topics}
		if i == 1 {
			allowed = append(allowed, "a:2", "b:1") // two topics of one request: each is whole or not there
		}
		after := &world{t: t, disk: crashed}
		if err := after.start(nil); err != nil {
			t.Fatalf("%v: start: %v", point, err)
		}
		got := after.state()
		if !slices.Contains(allowed, got) {
			t.Errorf("%v: topics are %q, want one of %q", point, got, allowed)
		}
		after.create(nil, wanted("b", 1))
		after.create(nil, wanted("a", 1))
		for _, name := range []string{"a", "b"} {
			after.fill(name, 0, 1, 10)
		}
		if last := after.state(); !strings.HasPrefix(last, "a:") || !strings.Contains(last, " b:") {
			t.Errorf("%v: topics cannot be made afterwards: %s", point, last)
		}
		after.stop()
		if t.Failed() {
			return
		}
	}
}

// A disk that fills up at any byte refuses, and what it refused is not there.
func TestNoFullDiskMakesHalfATopic(t *testing.T) {
	for room := int64(0); room < 3000; room += 100 {
		d := newDisk(t)
		w := &world{t: t, disk: d}
		if err := w.start(nil); err != nil {
			t.Fatal(err)
		}
		w.mustCreate("a", 1)
		d.SetCapacity(d.Used() + room)
		r := w.create(nil, wanted("b", 3))[0]
		_, n, there := w.Lookup("b")
		if there != (r.ErrorCode == 0) || there && n != 3 {
			t.Fatalf("%d bytes of room: code %d, there: %v with %d partitions", room, r.ErrorCode, there, n)
		}
		if !there {
			answers(t, "on a full disk", r.ErrorCode, kerr.KafkaStorageError)
		}
		d.SetCapacity(-1)
		_ = w.Topics.Close() // what the disk refused may be told again
		_ = w.store.Close()
		if err := w.start(nil); err != nil {
			t.Fatalf("%d bytes of room: start: %v", room, err)
		}
		if got := w.state(); got != "a:1" && got != "a:1 b:3" || there && got != "a:1 b:3" {
			t.Errorf("%d bytes of room: after a restart topics are %s; it was there: %v", room, got, there)
		}
		w.stop()
	}
}

func TestAMissingPartitionStopsTheStart(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("t", 2)
	w.stop()
	if err := w.disk.RemoveAll("/logs/t-1"); err != nil {
		t.Fatal(err)
	}
	err := w.start(nil)
	if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), "/logs/t-1") || fault.HintOf(err) == "" {
		t.Fatalf("the start says %v, hint %q", err, fault.HintOf(err))
	}
	_ = w.store.Close()
	if err := w.start(func(c *Config) { c.Env.AcceptLoss = true }); err != nil {
		t.Fatalf("with loss accepted: %v", err)
	}
	if got := w.state(); got != "t:2" {
		t.Errorf("topics are %s", got)
	}
}

func TestAFolderOfNoTopicStopsTheStart(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("t", 1)
	w.stop()
	for _, dir := range []string{"/logs/lost-0", "/logs/lost+found", "/logs/t-0.removed", "/logs/t-00"} {
		if err := w.disk.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	err := w.start(nil)
	if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), "/logs/lost-0") || fault.HintOf(err) == "" {
		t.Fatalf("the start says %v, hint %q", err, fault.HintOf(err))
	}
	_ = w.store.Close()
	if err := w.start(func(c *Config) { c.Env.Flush = partition.FlushSystem }); err != nil {
		t.Fatalf("where a loss of power may take the list's end: %v", err)
	}
	entries, err := w.disk.ReadDir("/logs")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "lost+found lost-0.aside t-0 t-00" {
		t.Errorf("folders: %s", got)
	}
	w.stop()
	// Without any topic the list itself was lost: nothing is set aside.
	if err := w.disk.Remove("/state"); err != nil {
		t.Fatal(err)
	}
	if err := w.start(func(c *Config) { c.Env.Flush = partition.FlushSystem }); !errors.Is(err, fault.Corrupt) {
		t.Fatalf("without the list of topics the start says %v", err)
	}
	w.Topics = nil
}

func TestADamagedListStopsTheStart(t *testing.T) {
	for key, v := range map[string]string{"topic ..": "{}", "topic t": "{", "topic u": `{"partitions":0}`, "topic v": `{"partitions":1,"made":2}`, "other": "{}"} {
		w := newWorld(t, nil)
		wait, err := w.store.Space("topics").Put(entryOf(key, v))
		if err != nil {
			t.Fatal(err)
		}
		if err := wait(ctx()); err != nil {
			t.Fatal(err)
		}
		w.stop()
		if err := w.start(nil); !errors.Is(err, fault.Corrupt) {
			t.Errorf("%s: %s: the start says %v", key, v, err)
		}
		w.Topics = nil
	}
}

func TestWrongDefaultsStopTheStart(t *testing.T) {
	for name, v := range map[string]string{"unknown": "1", "retention.ms": "x"} {
		w := &world{t: t, disk: newDisk(t)}
		if err := w.start(func(c *Config) { c.Defaults = map[string]string{name: v} }); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s=%s: the start says %v", name, v, err)
		}
		_ = w.store.Close()
	}
}

// A start that is told to end ends.
func TestOpenEnds(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("t", 5)
	w.stop()
	var err error
	if err = w.start(nil); err != nil {
		t.Fatal(err)
	}
	_ = w.Topics.Close()
	over, end := context.WithCancel(ctx())
	end()
	if _, err = Open(over, w.store.Space("topics"), w.cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("it says %v", err)
	}
	w.Topics = nil
}

// A deletion that the disk interrupts is finished by the next start, and no record of it comes back.
func TestADeletionIsFinished(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("t", 2)
	w.fill("t", 0, 3, 100)
	d := w.disk.(*disktest.Disk)
	d.Before(func(op disktest.Op) error {
		if op.Kind == disktest.Rename || op.Kind == disktest.Remove {
			return os.ErrPermission
		}
		return nil
	})
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.Version, req.TopicNames = 5, []string{"t"}
	answers(t, "delete", w.DeleteTopics(ctx(), nil, req).Topics[0].ErrorCode, nil)
	answers(t, "make it again on such a disk", w.create(nil, wanted("t", 1))[0].ErrorCode, kerr.KafkaStorageError)
	d.Before(nil)
	w.restart(nil)
	if got := w.state(); got != "" {
		t.Errorf("after a restart topics are %s", got)
	}
	w.mustCreate("t", 1)
	if s := w.Log("t", 0).Stats(); s.End != 0 {
		t.Errorf("a new topic begins with %d records of the old one", s.End)
	}
}
