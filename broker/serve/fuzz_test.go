package serve

import (
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// FuzzConnection sends arbitrary bytes to a broker without topics: it must neither panic nor hang, and still answer others.
func FuzzConnection(f *testing.F) {
	for key := range int16(maxKey) {
		req := kmsg.RequestForKey(key)
		if req == nil {
			continue
		}
		for version := range req.MaxVersion() + 1 {
			f.Add(framed(newProbe(key, version).req, 1))
		}
	}
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	w := newWorld(f, settings{serve: Config{MaxProduce: 1 << 20, MaxRequest: 1 << 20, Logger: slog.New(slog.DiscardHandler)}})
	f.Fuzz(func(t *testing.T, sent []byte) {
		nc, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(20 * time.Second))
		nc.Write(sent)
		nc.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, nc)
		if n := w.Stats().Panics; n > 0 {
			t.Fatalf("%d panics", n)
		}
		other := w.dial(t)
		if resp := ask[*kmsg.ApiVersionsResponse](t, other, versionsRequest(3)); resp.ErrorCode != 0 {
			t.Errorf("another client is answered with code %d", resp.ErrorCode)
		}
		other.Close()
	})
}

// FuzzRequests decodes arbitrary bodies: it must end soon, and what it takes is bounded by what was sent.
func FuzzRequests(f *testing.F) {
	s := everything()
	for key, r := range s.routes {
		if r != nil {
			for version := r.min; version <= r.max; version++ {
				f.Add(int16(key), version, newProbe(int16(key), version).req.AppendTo(nil))
			}
		}
	}
	f.Add(int16(kmsg.Metadata), int16(12), append([]byte{1, 1, 0}, binary.AppendUvarint(nil, 0xffff_ffff)...))
	f.Fuzz(func(t *testing.T, key, version int16, body []byte) {
		r := s.routes.find(key)
		if r == nil || version < r.min || version > r.max {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		switch key {
		case keyProduce:
			new(produceRequest).decode(version, body)
		case keyFetch:
			new(fetchRequest).decode(version, body)
		case keyApiVersions:
			soundVersions(&frame{version: version, body: body})
		default:
			whole := &frame{key: key, version: version, body: body}
			if r.shapes.check(whole, int(r.swell)*(len(body)+headLen)) == nil {
				req := kmsg.RequestForKey(key)
				req.SetVersion(version)
				req.ReadFrom(body) //nolint:errcheck // it refuses more than the shape does
			}
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(len(body))*128+1<<20 {
			t.Errorf("%d bytes of %s took %d bytes", len(body), r.name, took)
		}
	})
}

func TestReaderCounts(t *testing.T) {
	for _, c := range []struct {
		sent     []byte
		flexible bool
		n        int
		ok       bool
	}{
		{[]byte{0, 0, 0, 1, 9, 9}, false, 1, true},
		{[]byte{0, 0, 0, 2, 9, 9}, false, 0, false},
		{[]byte{0xff, 0xff, 0xff, 0xff}, false, 0, true},
		{[]byte{0}, true, 0, true},
		{[]byte{2, 9, 9}, true, 1, true},
		{[]byte{3, 9, 9}, true, 0, false},
	} {
		r := reader{kbin.Reader{Src: c.sent}}
		if n := r.count(c.flexible, 2); n != c.n || r.Ok() != c.ok {
			t.Errorf("% x: %d, %v", c.sent, n, r.Ok())
		}
	}
}
