package serve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// served is a server at an address of this machine.
type served struct {
	*Server
	addr string
	logs *logged
	stop func() // ends Serve and waits for it
}

// logged keeps what is logged.
type logged struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.String()
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func serveNow(t testing.TB, cfg Config) *served {
	t.Helper()
	return serveOn(t, listen(t), cfg)
}

func serveOn(t testing.TB, l net.Listener, cfg Config) *served {
	t.Helper()
	logs := &logged{}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(logs, nil))
	}
	cfg.Host, cfg.Port = "127.0.0.1", portOf(l)
	s := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("serve: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return &served{Server: s, addr: l.Addr().String(), logs: logs, stop: stop}
}

func portOf(l net.Listener) int32 { return int32(l.Addr().(*net.TCPAddr).Port) }

// dial connects; what is read must come within ten seconds.
func (s *served) dial(t testing.TB) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	return nc
}

// framed is a request as a client sends it.
func framed(req kmsg.Request, correlation int32) []byte {
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("test")).AppendRequest(nil, req, correlation)
}

// readAnswer reads one answer, and returns its correlation id and the rest.
func readAnswer(r io.Reader) (int32, []byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil, err
	}
	return int32(binary.BigEndian.Uint32(body)), body[4:], nil
}

// ask sends a request and reads its answer.
func ask[A kmsg.Response](t testing.TB, nc net.Conn, req kmsg.Request) A {
	t.Helper()
	if _, err := nc.Write(framed(req, 4711)); err != nil {
		t.Fatal(err)
	}
	id, body, err := readAnswer(nc)
	if err != nil || id != 4711 {
		t.Fatalf("answer %d: %v", id, err)
	}
	resp := req.ResponseKind()
	if resp.IsFlexible() && req.Key() != int16(kmsg.ApiVersions) {
		body = body[1:]
	}
	if err := resp.ReadFrom(body); err != nil {
		t.Fatal(err)
	}
	return resp.(A)
}

func versionsRequest(version int16) *kmsg.ApiVersionsRequest {
	req := kmsg.NewPtrApiVersionsRequest()
	req.Version, req.ClientSoftwareName, req.ClientSoftwareVersion = version, "test", "1.0"
	return req
}

func TestApiVersions(t *testing.T) {
	s := serveNow(t, Config{})
	nc := s.dial(t)
	for version := int16(0); version <= 4; version++ {
		resp := ask[*kmsg.ApiVersionsResponse](t, nc, versionsRequest(version))
		if resp.ErrorCode != 0 || len(resp.ApiKeys) < 20 {
			t.Fatalf("version %d: %+v", version, resp)
		}
		for _, k := range resp.ApiKeys {
			if k.ApiKey == int16(kmsg.Produce) && (k.MinVersion != 0 || k.MaxVersion != 13) {
				t.Errorf("version %d: Produce %d to %d", version, k.MinVersion, k.MaxVersion)
			}
		}
		levels := map[string]int16{}
		for _, f := range resp.FinalizedFeatures {
			levels[f.Name] = f.MaxVersionLevel
		}
		if version >= 3 && (levels["transaction.version"] != 2 || levels["group.version"] != 1 || resp.FinalizedFeaturesEpoch < 0) {
			t.Errorf("version %d: features %v of epoch %d", version, levels, resp.FinalizedFeaturesEpoch)
		}
		for _, f := range resp.SupportedFeatures {
			if version < 4 && f.MinVersion == 0 {
				t.Errorf("version %d: feature %s from 0 on", version, f.Name)
			}
		}
	}
	// A version that nobody knows is answered in version 0.
	future := versionsRequest(4)
	raw := framed(future, 9)
	raw[7] = 99
	nc.Write(raw)
	id, body, err := readAnswer(nc)
	var resp kmsg.ApiVersionsResponse
	if err != nil || id != 9 || resp.ReadFrom(body) != nil {
		t.Fatal(id, err)
	}
	if resp.ErrorCode != kerr.UnsupportedVersion.Code || len(resp.ApiKeys) != 1 || resp.ApiKeys[0].MaxVersion != 4 {
		t.Errorf("%+v", resp)
	}
	bad := versionsRequest(3)
	bad.ClientSoftwareName = "no good name!"
	if code := ask[*kmsg.ApiVersionsResponse](t, nc, bad).ErrorCode; code != kerr.InvalidRequest.Code {
		t.Errorf("a name with blanks: code %d", code)
	}
}

// TestMalformed sends what is no request; the connection is closed, and the server goes on.
func TestMalformed(t *testing.T) {
	s := serveNow(t, Config{MaxRequest: 1000, MaxProduce: 2000})
	metadata := kmsg.NewPtrMetadataRequest()
	metadata.Version = 12
	truncated := framed(metadata, 1)
	truncated = truncated[:len(truncated)-2]
	binary.BigEndian.PutUint32(truncated, uint32(len(truncated)-4))
	old := framed(metadata, 1)
	old[7] = 99
	lie := append(framed(metadata, 1)[:14+len("test")+1], 0xff, 0xff, 0xff, 0xff, 0x0f)
	binary.BigEndian.PutUint32(lie, uint32(len(lie)-4))
	for what, sent := range map[string][]byte{
		"http":             []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"negative size":    {0xff, 0xff, 0xff, 0xff, 0, 3, 0, 1, 0, 0, 0, 1, 0, 0},
		"too short":        {0, 0, 0, 4, 0, 3, 0, 1, 0, 0, 0, 1, 0, 0},
		"too large":        {0, 0, 4, 0, 0, 3, 0, 1, 0, 0, 0, 1, 0, 0},
		"too large record": {0, 0, 8, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0},
		"unknown key":      {0, 0, 0, 10, 0, 99, 0, 1, 0, 0, 0, 1, 0, 0},
		"negative key":     {0, 0, 0, 10, 0xff, 99, 0, 1, 0, 0, 0, 1, 0, 0},
		"unknown version":  old,
		"truncated body":   truncated,
		"long client id":   {0, 0, 0, 10, 0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff},
		"count that lies":  lie,
	} {
		t.Run(strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
			before := s.Stats().Malformed
			nc := s.dial(t)
			if _, err := nc.Write(sent); err != nil {
				t.Fatal(err)
			}
			if n, err := nc.Read(make([]byte, 1)); err == nil {
				t.Errorf("answered with %d bytes", n)
			}
			await(t, "it is counted", func() bool { return s.Stats().Malformed == before+1 })
			if n := s.Stats().Panics; n != 0 {
				t.Errorf("%d panics", n)
			}
		})
	}
	if resp := ask[*kmsg.ApiVersionsResponse](t, s.dial(t), versionsRequest(3)); resp.ErrorCode != 0 {
		t.Errorf("code %d", resp.ErrorCode)
	}
	if !strings.Contains(s.logs.String(), "connection closed") {
		t.Errorf("nothing about it in the log: %s", s.logs)
	}
}

func TestAnswersInOrder(t *testing.T) {
	s := serveNow(t, Config{Pipeline: 3})
	nc := s.dial(t)
	const n = 200
	go func() {
		var all []byte
		for i := range int32(n) {
			all = append(all, framed(versionsRequest(int16(i%5)), i)...)
		}
		nc.Write(all)
	}()
	in := bufio.NewReader(nc)
	for i := range int32(n) {
		if id, _, err := readAnswer(in); id != i || err != nil {
			t.Fatalf("answer %d where %d was due: %v", id, i, err)
		}
	}
	if st := s.Stats(); len(st.Requests) != 1 || st.Requests[0].Count != n || st.Requests[0].Name != "ApiVersions" || st.In == 0 || st.Out == 0 {
		t.Errorf("%+v", st)
	}
}

func TestDialSkipsTheNetwork(t *testing.T) {
	s := serveNow(t, Config{})
	nc, err := s.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if resp := ask[*kmsg.ApiVersionsResponse](t, nc, versionsRequest(4)); resp.ErrorCode != 0 {
		t.Errorf("code %d", resp.ErrorCode)
	}
	s.stop()
	if _, err := io.ReadAll(nc); err != nil {
		t.Errorf("after the end: %v", err)
	}
	if _, err := s.Dial(context.Background()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("dial after the end: %v", err)
	}
}

func TestLimitsOfConnections(t *testing.T) {
	s := serveNow(t, Config{MaxConns: 3, MaxConnsPerIP: 2})
	var open []net.Conn
	for range 2 {
		nc := s.dial(t)
		ask[*kmsg.ApiVersionsResponse](t, nc, versionsRequest(3))
		open = append(open, nc)
	}
	if _, err := s.dial(t).Read(make([]byte, 1)); err == nil {
		t.Error("a third connection of one address is served")
	}
	nc, err := s.Dial(context.Background())
	if err != nil {
		t.Fatal("the broker's own connections are not bound by addresses:", err)
	}
	defer nc.Close()
	if _, err := s.Dial(context.Background()); !errors.Is(err, errFull) {
		t.Errorf("a fourth connection: %v", err)
	}
	open[0].Close()
	await(t, "the closed connection is forgotten", func() bool { return s.Stats().Conns == 2 })
	ask[*kmsg.ApiVersionsResponse](t, s.dial(t), versionsRequest(3))
	if st := s.Stats(); st.Refused != 2 {
		t.Errorf("%d refused", st.Refused)
	}
}

// await polls until ok.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatal("not within 20 s:", what)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func TestIdleAndStalledConnectionsAreClosed(t *testing.T) {
	s := serveNow(t, Config{Idle: 100 * time.Millisecond, Stall: 100 * time.Millisecond})
	idle, stalled := s.dial(t), s.dial(t)
	stalled.Write([]byte{0, 0})
	for _, nc := range []net.Conn{idle, stalled} {
		if _, err := nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("read: %v", err)
		}
	}
	if st := s.Stats(); st.Overdue != 2 {
		t.Errorf("%d overdue", st.Overdue)
	}
}

// TestReaderWhoStops checks that a client which does not read what it asked for is closed, and delays nobody else.
func TestReaderWhoStops(t *testing.T) {
	s := serveNow(t, Config{Stall: 200 * time.Millisecond})
	slow, other := s.dial(t), s.dial(t)
	go func() {
		request := framed(versionsRequest(3), 1)
		for {
			if _, err := slow.Write(request); err != nil {
				return
			}
		}
	}()
	await(t, "the slow reader is closed", func() bool {
		ask[*kmsg.ApiVersionsResponse](t, other, versionsRequest(3))
		return s.Stats().Overdue == 1
	})
}

// TestEndWaitsForRequests checks that what was read when the server ends is answered.
func TestEndWaitsForRequests(t *testing.T) {
	s := serveNow(t, Config{})
	var conns []net.Conn
	for range 20 {
		nc := s.dial(t)
		ask[*kmsg.ApiVersionsResponse](t, nc, versionsRequest(3))
		conns = append(conns, nc)
	}
	s.stop()
	for _, nc := range conns {
		if rest, err := io.ReadAll(nc); err != nil || len(rest) > 0 {
			t.Errorf("%d bytes, %v", len(rest), err)
		}
	}
	if st := s.Stats(); st.Conns != 0 {
		t.Errorf("%d connections are left", st.Conns)
	}
	if _, err := net.Dial("tcp", s.addr); err == nil {
		t.Error("the port is still open")
	}
}
