package access

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strings"
)

const (
	mechanism256 = "SCRAM-SHA-256"
	mechanism512 = "SCRAM-SHA-512"

	// minIterations is what RFC 7677 asks for, and maxIterations what Kafka takes: the client must do the work, too.
	minIterations = 4096
	maxIterations = 16384
)

// credential is what is kept of a password for one mechanism (RFC 5802, section 3): it can check a client, and not be one.
type credential struct {
	Salt       []byte `json:"salt"`
	Iterations int    `json:"iterations"`
	StoredKey  []byte `json:"stored_key"`
	ServerKey  []byte `json:"server_key"`
}

func hashOf(mechanism string) func() hash.Hash {
	if mechanism == mechanism512 {
		return sha512.New
	}
	return sha256.New
}

func mac(h func() hash.Hash, key []byte, text string) []byte {
	m := hmac.New(h, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func digest(h func() hash.Hash, p []byte) []byte {
	d := h()
	d.Write(p)
	return d.Sum(nil)
}

// newCredential makes a credential of a salted password, as AlterUserScramCredentials sends it.
func newCredential(mechanism string, salt, salted []byte, iterations int) credential {
	h := hashOf(mechanism)
	return credential{
		Salt: salt, Iterations: iterations,
		StoredKey: digest(h, mac(h, salted, "Client Key")), ServerKey: mac(h, salted, "Server Key"),
	}
}

// credentialOf makes a credential of a password.
func credentialOf(mechanism, password string, salt []byte) (credential, error) {
	h := hashOf(mechanism)
	salted, err := pbkdf2.Key(h, password, salt, minIterations, h().Size())
	if err != nil {
		return credential{}, fmt.Errorf("derive a key for %s: %w", mechanism, err)
	}
	return newCredential(mechanism, salt, salted, minIterations), nil
}

// scram is the server's side of SCRAM without channel binding (RFC 5802, 7677): the client says its name, gets salt
// and number of iterations, proves that it knows the password, and gets a proof that the server knows it, too.
type scram struct {
	users     *users
	mechanism string
	nonce     string // tests set it; else random

	user    string
	cred    credential
	known   bool   // else cred is made up, so that names cannot be guessed
	header  string // gs2-header of the client's first message
	bare    string // the rest of it
	first   string // the server's first message
	started bool
}

func (s *scram) step(token []byte) (answer []byte, user string, err error) {
	if !s.started {
		s.started = true
		answer, err = s.begin(string(token))
		return answer, "", err
	}
	return s.finish(string(token))
}

func (s *scram) begin(msg string) ([]byte, error) {
	m, err := parseFirst(msg)
	if err != nil {
		return nil, err
	}
	nonce := s.nonce
	if nonce == "" {
		nonce = rand.Text()
	}
	s.user, s.header, s.bare = m.user, m.header, msg[len(m.header):]
	if s.cred, s.known, err = s.users.credential(m.user, s.mechanism); err != nil {
		return nil, err
	}
	s.nonce = m.nonce + nonce
	s.first = fmt.Sprintf("r=%s,s=%s,i=%d", s.nonce, base64.StdEncoding.EncodeToString(s.cred.Salt), s.cred.Iterations)
	return []byte(s.first), nil
}

func (s *scram) finish(msg string) (answer []byte, user string, err error) {
	m, err := parseFinal(msg)
	if err != nil {
		return nil, "", err
	}
	if m.binding != s.header || subtle.ConstantTimeCompare([]byte(m.nonce), []byte(s.nonce)) != 1 {
		return nil, "", errors.New("the client's messages do not belong together")
	}
	h := hashOf(s.mechanism)
	text := s.bare + "," + s.first + "," + m.unproved
	key := mac(h, s.cred.StoredKey, text)
	if len(m.proof) != len(key) {
		return nil, "", errCredentials
	}
	subtle.XORBytes(key, key, m.proof)
	if subtle.ConstantTimeCompare(digest(h, key), s.cred.StoredKey) != 1 || !s.known {
		return nil, "", errCredentials
	}
	// The user may have been taken away between the two messages.
	if now, known, err := s.users.credential(s.user, s.mechanism); err != nil || !known || !bytes.Equal(now.StoredKey, s.cred.StoredKey) {
		return nil, "", errors.Join(errCredentials, err)
	}
	proof := base64.StdEncoding.EncodeToString(mac(h, s.cred.ServerKey, text))
	return []byte("v=" + proof), s.user, nil
}

// firstMessage is the client's first: [n or y],[a=identity],n=name,r=nonce[,extensions].
type firstMessage struct{ header, user, nonce string }

var errForm = errors.New("the message is not of the form that RFC 5802 says")

func parseFirst(msg string) (m firstMessage, err error) {
	flag, rest, ok := strings.Cut(msg, ",")
	if !ok || flag != "n" && flag != "y" {
		return m, errForm // p=: the client wants channel binding, which no mechanism here offers
	}
	identity, rest, ok := strings.Cut(rest, ",")
	if !ok {
		return m, errForm
	}
	m.header = msg[:len(msg)-len(rest)]
	name, rest, ok := strings.Cut(rest, ",")
	if !ok || !strings.HasPrefix(name, "n=") { // m=: an extension that must be understood
		return m, errForm
	}
	nonce, _, _ := strings.Cut(rest, ",")
	if m.nonce, ok = strings.CutPrefix(nonce, "r="); !ok || m.nonce == "" || !printable(m.nonce) {
		return m, errForm
	}
	if m.user, ok = unescapeName(name[2:]); !ok {
		return m, errForm
	}
	if identity == "" {
		return m, nil
	}
	other, ok := strings.CutPrefix(identity, "a=")
	if !ok {
		return m, errForm
	}
	if other, ok = unescapeName(other); !ok || other != m.user {
		return m, errors.New("the client wants to act for another user")
	}
	return m, nil
}

// unescapeName reads a saslname: =2C is a comma, =3D an equals sign.
func unescapeName(s string) (string, bool) {
	if s == "" || len(s) > maxName || !validName(s) {
		return "", false
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "=")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		switch {
		case strings.HasPrefix(after, "2C"):
			b.WriteByte(',')
		case strings.HasPrefix(after, "3D"):
			b.WriteByte('=')
		default:
			return "", false
		}
		s = after[2:]
	}
}

func printable(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e || c == ',' {
			return false
		}
	}
	return true
}

// finalMessage is the client's last: c=binding,r=nonce[,extensions],p=proof.
type finalMessage struct {
	binding, nonce string
	proof          []byte
	unproved       string // all before the proof
}

func parseFinal(msg string) (m finalMessage, err error) {
	at := strings.LastIndex(msg, ",p=")
	if at < 0 {
		return m, errForm
	}
	m.unproved = msg[:at]
	if m.proof, err = base64.StdEncoding.DecodeString(msg[at+3:]); err != nil {
		return m, errForm
	}
	binding, rest, ok := strings.Cut(m.unproved, ",")
	if !ok || !strings.HasPrefix(binding, "c=") {
		return m, errForm
	}
	raw, err := base64.StdEncoding.DecodeString(binding[2:])
	if err != nil {
		return m, errForm
	}
	m.binding = string(raw)
	nonce, _, _ := strings.Cut(rest, ",")
	if m.nonce, ok = strings.CutPrefix(nonce, "r="); !ok {
		return m, errForm
	}
	return m, nil
}
