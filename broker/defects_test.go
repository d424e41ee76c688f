package broker_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker"
	"millrace/broker/access"
	"millrace/broker/disk/disktest"
	"millrace/fault"
)

// What made another broker lose data, each as a test of this one. K3 and K4 are in TestPowerLossBreaksNoPromise, too, K6 in TestDiskFillsUpAtEveryByte.

// plainly writes records one by one, and returns the last offset.
func plainly(t *testing.T, w *wire, topic string, n int) (last int64) {
	t.Helper()
	for i := range n {
		got, err := w.produce(topic, 0, batch(nobody, time.UnixMilli(int64(i)), [2]string{fmt.Sprint("key-", i%3), fmt.Sprint(i, strings.Repeat("v", 300))}))
		if err != nil {
			t.Fatal(err)
		}
		last = got.BaseOffset
	}
	return last
}

// TestK1AnEmptiedLogKeepsItsOffsets: by retention and by DeleteRecords, over a stop, a kill and a loss of power.
func TestK1AnEmptiedLogKeepsItsOffsets(t *testing.T) {
	m := newMachine(t, broker.Config{})
	b := m.start(t)
	w := plug(t, b)
	for _, topic := range []string{"deleted", "retained"} {
		if err := w.create(topic, 1, [2]string{"retention.ms", "1"}); err != nil {
			t.Fatal(err)
		}
		plainly(t, w, topic, 20)
	}
	if err := w.cut("deleted", 0, 20); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Log("retained", 0).Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := m.disk.Len()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*disktest.Disk{
		"stop": m.disk.Crash(m.disk.Len(), disktest.Kept), "kill": m.disk.Crash(n, disktest.Kept), "power": m.disk.Crash(n, disktest.Lost),
	} {
		b, err := m.open(d)
		if err != nil {
			t.Fatal(err)
		}
		w := plug(t, b)
		for _, topic := range []string{"deleted", "retained"} {
			log, err := w.read(topic, 0, true)
			if err != nil || log.start != 20 || log.high != 20 {
				t.Errorf("%s, %s: [%d, %d), %v", name, topic, log.start, log.high, err)
			}
			if last := plainly(t, w, topic, 1); last != 20 {
				t.Errorf("%s, %s: goes on at %d", name, topic, last)
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestK2RetentionGoesOnAfterARestart: nobody has to create a topic for it.
func TestK2RetentionGoesOnAfterARestart(t *testing.T) {
	m := newMachine(t, broker.Config{})
	b := m.start(t)
	w := plug(t, b)
	if err := w.create("log", 1, [2]string{"retention.bytes", "3000"}); err != nil {
		t.Fatal(err)
	}
	plainly(t, w, "log", 30)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	w = plug(t, m.start(t))
	eventually(t, "retention has gone on", func() bool {
		start, err := w.offset("log", 0, -2)
		return err == nil && start > 0
	})
}

// TestK3ADecidedTransactionIsEnded takes the power away after each change of the end of a transaction.
func TestK3ADecidedTransactionIsEnded(t *testing.T) {
	m := newMachine(t, broker.Config{})
	b := m.start(t)
	w := plug(t, b)
	for topic, n := range map[string]int32{"in": 1, "out": 3} {
		if err := w.create(topic, n); err != nil {
			t.Fatal(err)
		}
	}
	who, err := openTransaction(w)
	if err != nil {
		t.Fatal(err)
	}
	begun := m.disk.Len()
	if err := endTransaction(w, who); err != nil {
		t.Fatal(err)
	}
	ended := m.disk.Len()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	end := fillings()[5]
	committed := 0
	for n := begun; n <= ended; n++ {
		for _, fate := range []disktest.Fate{disktest.Lost, disktest.Kept, disktest.Sectors(uint64(n))} {
			b, err := m.open(m.disk.Crash(n, fate))
			if err != nil {
				t.Fatal(err)
			}
			there, err := end.holds(plug(t, b))
			if err != nil || n == ended && !there {
				t.Errorf("after change %d of %d to %d: committed %v, %v", n, begun, ended, there, err)
			}
			if there {
				committed++
			}
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if all := 3 * (ended - begun + 1); committed == 0 || committed == all {
		t.Errorf("%d of %d crashes left it committed: nothing was decided in between", committed, all)
	}
}

// TestK4CompactionLosesNoKey takes the power away after each change of a compaction.
func TestK4CompactionLosesNoKey(t *testing.T) {
	m := newMachine(t, broker.Config{})
	b := m.start(t)
	w := plug(t, b)
	if err := w.create("table", 1, [2]string{"cleanup.policy", "compact"}, [2]string{"min.cleanable.dirty.ratio", "0"}); err != nil {
		t.Fatal(err)
	}
	last := plainly(t, w, "table", 40)
	begun := m.disk.Len()
	if _, err := b.Log("table", 0).Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended := m.disk.Len()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	fewest := int64(40)
	for n := begun; n <= ended; n++ {
		for _, fate := range []disktest.Fate{disktest.Lost, disktest.Kept, disktest.Sectors(uint64(n))} {
			b, err := m.open(m.disk.Crash(n, fate))
			if err != nil {
				t.Fatal(err)
			}
			log, err := plug(t, b).read("table", 0, true)
			keys := map[string]int64{}
			for _, r := range log.records {
				keys[string(r.Key)] = r.Offset
			}
			if err != nil || log.high != last+1 || keys["key-0"] != last || keys["key-1"] != last-2 || keys["key-2"] != last-1 {
				t.Errorf("after change %d of %d to %d: ends at %d, %v, %v", n, begun, ended, log.high, keys, err)
			}
			fewest = min(fewest, int64(len(log.records)))
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if fewest > 20 {
		t.Errorf("nothing was compacted: %d records are left", fewest)
	}
}

// TestK7DamageIsRefusedWithAWayOut: the evidence stays, and later segments too.
func TestK7DamageIsRefusedWithAWayOut(t *testing.T) {
	m := newMachine(t, broker.Config{})
	b := m.start(t)
	w := plug(t, b)
	if err := w.create("log", 1); err != nil {
		t.Fatal(err)
	}
	plainly(t, w, "log", 4)
	d := m.disk.Crash(m.disk.Len(), disktest.Kept)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(m.dir, "logs", "log-0", "00000000000000000000.log")
	if err := d.Flip(path, 8*500); err != nil {
		t.Fatal(err)
	}
	changes := d.Len()
	_, err := m.open(d)
	if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), path+" at byte") || !strings.Contains(fault.HintOf(err), "accept the loss") {
		t.Fatalf("%v (%s)", err, fault.HintOf(err))
	}
	for _, op := range d.Ops()[changes:] {
		if strings.HasSuffix(op.Path, ".log") {
			t.Errorf("the evidence was touched: %v", op)
		}
	}
	m.cfg.AcceptLoss = true
	if b, err = m.open(d); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if log, err := plug(t, b).read("log", 0, true); err != nil || log.high != 4 || len(log.records) != 3 {
		t.Errorf("with the loss accepted: [%d, %d), %d records, %v", log.start, log.high, len(log.records), err)
	}
}

// TestK8AFailedSyncIsToldToTheClient: nothing is acknowledged, and what is sent again after a restart is there once.
func TestK8AFailedSyncIsToldToTheClient(t *testing.T) {
	m := newMachine(t, broker.Config{})
	b := m.start(t)
	w := plug(t, b)
	if err := w.create("log", 1); err != nil {
		t.Fatal(err)
	}
	who, err := w.producer("")
	if err != nil {
		t.Fatal(err)
	}
	first := batch(who, time.UnixMilli(1), [2]string{"", "first"})
	if _, err := w.produce("log", 0, first); err != nil {
		t.Fatal(err)
	}
	who.seq++
	second := batch(who, time.UnixMilli(1), [2]string{"", "second"})
	m.disk.FailSync(1)
	for range 2 { // not the second time, either
		if _, err := w.produce("log", 0, append([]byte(nil), second...)); !errors.Is(err, kerr.KafkaStorageError) {
			t.Fatalf("after a failed fsync: %v", err)
		}
	}
	left := m.disk.Crash(m.disk.Len(), disktest.Lost)
	b.Close() // says again what failed
	if b, err = m.open(left); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	w = plug(t, b)
	for range 2 {
		if got, err := w.produce("log", 0, append([]byte(nil), second...)); err != nil || got.BaseOffset != 1 {
			t.Fatalf("sent again: offset %d, %v", got.BaseOffset, err)
		}
	}
}

// TestK9NoUserIsMadeUp: whoever asks for logins and names no users gets in with none, and certainly not as admin.
func TestK9NoUserIsMadeUp(t *testing.T) {
	b := open(t, broker.Config{Dir: t.TempDir(), Access: access.Config{SASL: true}})
	for _, password := range []string{"admin", "", "admin-secret"} {
		req := kmsg.NewPtrSASLHandshakeRequest()
		req.Mechanism = "PLAIN"
		w := socket(t, b)
		if _, err := ask[*kmsg.SASLHandshakeResponse](w, req, 1); err != nil {
			t.Fatal(err)
		}
		login := kmsg.NewPtrSASLAuthenticateRequest()
		login.SASLAuthBytes = []byte("\x00admin\x00" + password)
		resp, err := ask[*kmsg.SASLAuthenticateResponse](w, login, 1)
		if err != nil || resp.ErrorCode != kerr.SaslAuthenticationFailed.Code {
			t.Errorf("admin with password %q: %+v, %v", password, resp, err)
		}
	}
	if _, err := socket(t, b).topics(); err == nil {
		t.Error("without a login")
	}
}
