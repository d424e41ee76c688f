package access

import (
	"crypto/tls"
	"errors"
	"net"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxToken bounds what a client may send in one step of a login, in bytes. Kafka takes up to 512 KiB, but
// PLAIN and SCRAM need little.
const maxToken = 64 << 10

// Session is a connection that says who it is. One goroutine uses it.
type Session struct {
	access *Access
	host   string
	client string
	caller *Caller // nil: not yet known
	login  login   // nil: no mechanism chosen
	mech   string
	failed bool
}

// login is one run of a SASL mechanism. step takes what the client sent and returns what to answer; user is not
// empty when the client has proven to be that user.
type login interface {
	step(token []byte) (answer []byte, user string, err error)
}

// errCredentials is all that a client is told of why it may not log in.
var errCredentials = errors.New("invalid credentials")

// Accept begins a session. state is nil where the connection is not encrypted; a client's certificate that was verified names the user (its
// subject, as Kafka's default principal builder has it: "CN=…,OU=…").
func (a *Access) Accept(remote net.Addr, state *tls.ConnectionState) *Session {
	s := &Session{access: a, host: hostOf(remote)}
	if !a.cfg.SASL {
		s.caller = a.caller(userOf(state), s.host)
	}
	return s
}

// Client notes the client id of the first request, before Caller is called.
func (s *Session) Client(id string) {
	s.client = id
	if s.caller != nil && s.caller.Client == "" {
		s.caller.Client = id
	}
}

// Caller returns who it is, nil and false as long as it has still to say so: then only ApiVersions, SaslHandshake and SaslAuthenticate are answered. After a failed SaslAuthenticate
// the connection is to be closed (failed).
func (s *Session) Caller() (c *Caller, ok, failed bool) { return s.caller, s.caller != nil, s.failed }

// Handshake answers SaslHandshake, and Authenticate SaslAuthenticate.
func (s *Session) Handshake(req *kmsg.SASLHandshakeRequest) *kmsg.SASLHandshakeResponse {
	resp := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
	if s.caller != nil || s.login != nil || s.failed {
		resp.ErrorCode = kerr.IllegalSaslState.Code
		return resp
	}
	resp.SupportedMechanisms = mechanisms()
	if s.login = s.access.begin(req.Mechanism); s.login == nil {
		s.fail(req.Mechanism, "unknown mechanism")
		resp.ErrorCode = kerr.UnsupportedSaslMechanism.Code
	}
	s.mech = req.Mechanism
	return resp
}

// mechanisms lists what begin takes.
func mechanisms() []string { return []string{"PLAIN", mechanism256, mechanism512} }

func (a *Access) begin(mechanism string) login {
	switch mechanism {
	case "PLAIN":
		return &plain{users: a.users}
	case mechanism256, mechanism512:
		return &scram{users: a.users, mechanism: mechanism}
	}
	return nil
}

// Authenticate answers SaslAuthenticate.
func (s *Session) Authenticate(req *kmsg.SASLAuthenticateRequest) *kmsg.SASLAuthenticateResponse {
	resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
	resp.SASLAuthBytes = []byte{}
	if s.caller != nil || s.login == nil || s.failed {
		resp.ErrorCode = kerr.IllegalSaslState.Code
		resp.ErrorMessage = kmsg.StringPtr("SaslAuthenticate is for connections that have chosen a mechanism by SaslHandshake and are not logged in")
		s.failed = s.failed || s.caller == nil
		return resp
	}
	if len(req.SASLAuthBytes) > maxToken {
		return s.refuse(resp, "the token is too long")
	}
	answer, user, err := s.login.step(req.SASLAuthBytes)
	if err != nil {
		return s.refuse(resp, err.Error())
	}
	if resp.SASLAuthBytes = answer; answer == nil {
		resp.SASLAuthBytes = []byte{}
	}
	if user != "" {
		s.caller = s.access.caller(user, s.host)
		s.caller.Client = s.client
		s.login = nil
	}
	return resp
}

func (s *Session) refuse(resp *kmsg.SASLAuthenticateResponse, why string) *kmsg.SASLAuthenticateResponse {
	s.fail(s.mech, why)
	resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
	text := "Authentication failed during authentication due to invalid credentials with SASL mechanism " + s.mech
	if s.mech == "PLAIN" {
		text = "Authentication failed: Invalid username or password"
	}
	resp.ErrorMessage = &text
	return resp
}

// fail closes the session and says why in the log. What the client sent is not told: names are often passwords in the wrong field.
func (s *Session) fail(mechanism, why string) {
	s.failed = true
	s.login = nil
	if len(mechanism) > 64 {
		mechanism = mechanism[:64]
	}
	s.access.cfg.Log.Warn("refuse a login", "host", s.host, "mechanism", mechanism, "error", why)
}

func hostOf(remote net.Addr) string {
	if remote == nil {
		return ""
	}
	if t, ok := remote.(*net.TCPAddr); ok {
		return t.IP.String()
	}
	host, _, err := net.SplitHostPort(remote.String())
	if err != nil {
		return remote.String()
	}
	return host
}
