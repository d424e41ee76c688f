package mqtt

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"millrace/fault"
)

// identity is how a session is asked for.
type identity struct {
	client string
	clean  bool
}

// session is a connection that the broker has welcomed.
type session struct {
	conn     net.Conn
	r        *bufio.Reader
	five     bool // MQTT 5
	present  bool // the broker had the session
	interval time.Duration

	mu sync.Mutex // one write at a time
}

// connect returns a session at the first broker that answers.
func (c *collector) connect(ctx context.Context, who identity) (*session, error) {
	var last error
	for _, server := range c.servers {
		s, err := c.welcome(ctx, server, who)
		if err == nil {
			return s, nil
		}
		last = err
	}
	return nil, last
}

// welcome connects to one broker.
func (c *collector) welcome(ctx context.Context, server *url.URL, who identity) (*session, error) {
	doing := "reach the MQTT broker at " + server.Host
	conn, err := c.dial(ctx, server)
	if err != nil {
		return nil, explain(err, doing)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	s := &session{conn: conn, r: bufio.NewReaderSize(conn, 64<<10), five: c.v5, interval: c.keepAlive}
	err = errors.Join(conn.SetDeadline(time.Now().Add(patience)), s.write(c.hello(who)))
	var p packet
	if err == nil {
		p, err = readPacket(s.r)
	}
	if err == nil && p.kind != kindConnack {
		err = errDamaged
	}
	var w welcome
	if err == nil {
		w, err = parseWelcome(p, c.v5)
	}
	if err != nil {
		conn.Close()
		return nil, explain(err, doing)
	}
	if w.code != 0 {
		conn.Close()
		return nil, refused(w, doing)
	}
	if w.keepAlive > 0 {
		s.interval = time.Duration(w.keepAlive) * time.Second
	}
	s.present = w.present
	return s, conn.SetDeadline(time.Time{})
}

func (c *collector) dial(ctx context.Context, server *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cfg := c.tls.Clone()
	cfg.ServerName = server.Hostname()
	switch server.Scheme {
	case "ws", "wss":
		return dialWebSocket(ctx, server, cfg, c.always)
	case "mqtt", "tcp":
		if !c.always {
			return (&net.Dialer{}).DialContext(ctx, "tcp", server.Host)
		}
	}
	return (&tls.Dialer{Config: cfg}).DialContext(ctx, "tcp", server.Host)
}

// dialWebSocket makes a connection whose packets lie in WebSocket messages. Its end is Close's matter, not ctx's.
func dialWebSocket(ctx context.Context, server *url.URL, cfg *tls.Config, always bool) (net.Conn, error) {
	u := *server
	if always {
		u.Scheme = "wss"
	}
	if u.Path == "" {
		u.Path = "/mqtt"
	}
	transport := &http.Transport{TLSClientConfig: cfg, DisableKeepAlives: true}
	ws, answer, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{"mqtt"}})
	if answer != nil && answer.Body != nil {
		answer.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(-1) // packets are bounded as they are read
	return websocket.NetConn(context.WithoutCancel(ctx), ws, websocket.MessageBinary), nil
}

// hello is the packet CONNECT.
func (c *collector) hello(who identity) []byte {
	var flags byte
	if who.clean {
		flags |= 1 << 1
	}
	if c.user != "" {
		flags |= 1 << 7
	}
	if c.password != "" {
		flags |= 1 << 6
	}
	level := byte(4)
	if c.v5 {
		level = 5
	}
	b := append(appendText(nil, "MQTT"), level, flags)
	b = binary.BigEndian.AppendUint16(b, uint16(c.keepAlive/time.Second))
	if c.v5 {
		props := []byte{propReceiveMaximum}
		props = binary.BigEndian.AppendUint16(props, uint16(c.inFlight))
		if !who.clean {
			props = binary.BigEndian.AppendUint32(append(props, propSessionExpiry), uint32(min(c.expiry/time.Second, 1<<32-1)))
		}
		b = append(appendVarint(b, len(props)), props...)
	}
	b = appendText(b, who.client)
	if c.user != "" {
		b = appendText(b, c.user)
	}
	if c.password != "" {
		b = appendText(b, c.password)
	}
	return frame(nil, kindConnect, 0, b)
}

// Retain handling of a subscription in MQTT 5.
const (
	retainIfNew = 1 << 4
	retainNever = 2 << 4
)

// subscribe is the packet SUBSCRIBE.
func (s *session) subscribe(filters []string, qos byte, retained bool) []byte {
	b := []byte{0, 1}
	opts := qos
	if s.five {
		b = append(b, 0)
		if opts |= retainIfNew; !retained {
			opts = qos | retainNever
		}
	}
	for _, f := range filters {
		b = append(appendText(b, f), opts)
	}
	return frame(nil, kindSubscribe, 2, b)
}

// unsubscribe is the packet UNSUBSCRIBE.
func (s *session) unsubscribe(filters []string) []byte {
	b := []byte{0, 2}
	if s.five {
		b = append(b, 0)
	}
	for _, f := range filters {
		b = appendText(b, f)
	}
	return frame(nil, kindUnsubscribe, 2, b)
}

func (s *session) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := s.conn.Write(p)
	return err
}

// shut says goodbye, which keeps the session, and ends the connection.
func (s *session) shut() {
	_ = s.write([]byte{kindDisconnect << 4, 0}) // the broker may be gone
	s.conn.Close()
}

// beat asks every so often whether the broker is there; the answer is awaited by the reads.
func (s *session) beat(ctx context.Context) {
	tick := time.NewTicker(s.interval * 3 / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if s.write([]byte{kindPingreq << 4, 0}) != nil {
				s.conn.Close()
				return
			}
		}
	}
}

// explain makes a fault of what became of a connection.
func explain(err error, doing string) error {
	hint := "check that an MQTT broker listens there, whether it asks for TLS, and that no other client has the same 'client_id'"
	return fault.New(fault.Unavailable, "%s: %w", doing, err).WithHint("%s", hint)
}

// refused makes a fault of a CONNACK that is no welcome.
func refused(w welcome, doing string) error {
	text := "the broker answers with code " + hex(w.code)
	if w.reason != "" {
		text += ", " + strings.ToLower(w.reason)
	}
	switch w.code {
	case 0x04, 0x05, 0x86, 0x87, 0x8c:
		return fault.New(fault.Denied, "%s: %s", doing, text).WithHint("check 'user' and 'password', and whether the user may use this 'client_id'")
	case 0x01, 0x84:
		return fault.New(fault.Invalid, "%s: %s", doing, text).WithHint("the broker does not know this version: set 'protocol'")
	case 0x02, 0x85:
		return fault.New(fault.Invalid, "%s: %s", doing, text).WithHint("the broker does not take this 'client_id'")
	case 0x8a:
		return fault.New(fault.Denied, "%s: %s", doing, text).WithHint("the broker has banned this client")
	}
	return fault.New(fault.Unavailable, "%s: %s", doing, text)
}

func hex(code byte) string {
	const digits = "0123456789abcdef"
	return "0x" + string([]byte{digits[code>>4], digits[code&15]})
}

// parted makes a fault of a DISCONNECT of the broker.
func parted(p packet) error {
	code := byte(0)
	if len(p.body) > 0 {
		code = p.body[0]
	}
	if code == 0x8e {
		return fault.New(fault.Conflict, "read from the MQTT broker: another client has taken the session over").
			WithHint("two clients have the same 'client_id'")
	}
	return fault.New(fault.Unavailable, "read from the MQTT broker: it ends the connection with code %s", hex(code))
}
