package serve

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"millrace/broker/access"
)

// certificate makes one for 127.0.0.1, and whom to trust.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

func TestTLSAndSASL(t *testing.T) {
	server, trust := certificate(t)
	w := newWorld(t, settings{
		serve:  Config{TLS: server},
		access: &access.Config{SASL: true, Users: map[string]string{"ada": "lovelace"}},
	})
	w.create(t, "numbers", 2)
	secure := kgo.DialTLSConfig(&tls.Config{RootCAs: trust})
	login := func(password string) kgo.Opt {
		return kgo.SASL(plain.Auth{User: "ada", Pass: password}.AsMechanism())
	}
	send(t, w.client(t, secure, login("lovelace")), "numbers", 0, 5000)
	receive(t, w.client(t, secure, login("lovelace"), kgo.ConsumeTopics("numbers")), 5000)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := w.client(t, secure, login("byron"), kgo.RequestRetries(0)).Ping(ctx); err == nil {
		t.Error("a wrong password is let in")
	}
	local := w.client(t, kgo.Dialer(func(ctx context.Context, _, _ string) (net.Conn, error) { return w.Dial(ctx) }))
	send(t, local, "numbers", 5000, 5100) // the broker's own connections need no password
}

// TestWhoDoesNotSayWhoHeIs checks that nothing is answered before that, and that it must not take long.
func TestWhoDoesNotSayWhoHeIs(t *testing.T) {
	w := newWorld(t, settings{
		serve:  Config{Handshake: 300 * time.Millisecond},
		access: &access.Config{SASL: true, Users: map[string]string{"ada": "lovelace"}},
	})
	for _, key := range []kmsg.Key{kmsg.Metadata, kmsg.Produce, kmsg.Fetch} {
		nc := w.dial(t)
		if resp := ask[*kmsg.ApiVersionsResponse](t, nc, versionsRequest(3)); resp.ErrorCode != 0 {
			t.Fatalf("code %d", resp.ErrorCode)
		}
		req := key.Request()
		req.SetVersion(9)
		nc.Write(framed(req, 1))
		if n, err := nc.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s is answered with %d bytes", key.Name(), n)
		}
	}
	before := w.Stats().Overdue
	if n, err := w.dial(t).Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes", n)
	}
	if w.Stats().Overdue == before {
		t.Error("one who says nothing is not counted")
	}
}

func TestPermissions(t *testing.T) {
	w := newWorld(t, settings{access: &access.Config{Authorize: true}})
	w.create(t, "numbers", 1)
	nc := w.dial(t)
	produce := kmsg.NewPtrProduceRequest()
	produce.Version, produce.Acks = 9, -1
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic = "numbers"
	rt.Partitions = append(rt.Partitions, kmsg.NewProduceRequestTopicPartition())
	rt.Partitions[0].Records = batchOf(1)
	produce.Topics = append(produce.Topics, rt)
	if code := ask[*kmsg.ProduceResponse](t, nc, produce).Topics[0].Partitions[0].ErrorCode; code != kerr.TopicAuthorizationFailed.Code {
		t.Errorf("produce: code %d", code)
	}
	f := &fetcher{t, w, nc}
	if code := partitions(f.fetch(13, nil, part{"numbers", 0, 0, 0}))[0].ErrorCode; code != kerr.TopicAuthorizationFailed.Code {
		t.Errorf("fetch: code %d", code)
	}
	find := kmsg.NewPtrFindCoordinatorRequest()
	find.Version, find.CoordinatorKeys = 6, []string{"group"}
	if code := ask[*kmsg.FindCoordinatorResponse](t, nc, find).Coordinators[0].ErrorCode; code != kerr.GroupAuthorizationFailed.Code {
		t.Errorf("find coordinator: code %d", code)
	}
}

// TestQuota checks that a client over its quota is told so, and is not read for that time.
func TestQuota(t *testing.T) {
	w := newWorld(t, settings{access: &access.Config{}})
	w.create(t, "numbers", 1)
	quota := kmsg.NewPtrAlterClientQuotasRequest()
	quota.Version = 1
	entry := kmsg.NewAlterClientQuotasRequestEntry()
	entity := kmsg.NewAlterClientQuotasRequestEntryEntity()
	entity.Type, entity.Name = "client-id", kmsg.StringPtr("test")
	op := kmsg.NewAlterClientQuotasRequestEntryOp()
	op.Key, op.Value = "producer_byte_rate", 1000
	entry.Entity, entry.Ops = append(entry.Entity, entity), append(entry.Ops, op)
	quota.Entries = append(quota.Entries, entry)
	nc := w.dial(t)
	if resp := ask[*kmsg.AlterClientQuotasResponse](t, nc, quota); resp.Entries[0].ErrorCode != 0 {
		t.Fatalf("%+v", resp)
	}
	frame := produceFrame("numbers", 0, batchOf(100))
	start := time.Now()
	var told time.Duration
	for range 2 {
		nc.Write(frame)
		_, body, err := readAnswer(nc)
		if err != nil {
			t.Fatal(err)
		}
		var resp kmsg.ProduceResponse
		resp.Version = 9
		if err := resp.ReadFrom(body[1:]); err != nil {
			t.Fatal(err)
		}
		if told == 0 {
			told = time.Duration(resp.ThrottleMillis) * time.Millisecond
		}
	}
	if told == 0 || time.Since(start) < told || w.Stats().Throttled != 2 {
		t.Errorf("the client was told of %v and served after %v; %d times throttled", told, time.Since(start), w.Stats().Throttled)
	}
}
