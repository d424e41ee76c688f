// Package email sends notices by SMTP: one message a notice to all recipients, as text and as HTML.
//
// The notices of one group form one thread. A notice that is sent again has the Message-ID it had, so that a server
// which took it the first time may drop it.
package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"hash/fnv"
	"net"
	"net/mail"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

const (
	timeout    = 15 * time.Second // of each step
	maxEntries = 50
	maxSubject = 200
)

// Spec returns the kind of channel. As the article has it, e-mail is for errors and worse unless its settings say else.
func Spec() notify.Spec {
	return notify.Spec{
		Name:      "email",
		Doc:       "E-mail by SMTP (邮件).",
		PerMinute: 60,
		Levels:    []notify.Level{notify.Error, notify.Critical},
		Options: []option.Option{
			{Name: "host", Required: true, Doc: "The SMTP server."},
			{Name: "port", Kind: option.Int, Doc: "Its port; 587 for starttls, 465 for implicit, 25 for none if it is left out."},
			{Name: "tls", OneOf: []string{"starttls", "implicit", "none"}, Default: "starttls", Doc: "starttls: the connection begins plain and must become encrypted; implicit: it is from the beginning; none: it is not."},
			{Name: "ca_file", Doc: "A PEM file with the authority of the server's certificate, if it is not a public one."},
			{Name: "username", Doc: "The name to log in with; empty: without login."},
			{Name: "password", Secret: true, Doc: "Its password."},
			{Name: "auth", OneOf: []string{"auto", "plain", "login", "cram-md5"}, Default: "auto", Doc: "How to log in; auto takes the best that the server offers."},
			{Name: "from", Required: true, Doc: "The sender: Millrace <alerts@example.org>."},
			{Name: "to", Required: true, Doc: "The recipients, with commas."},
			{Name: "subject_prefix", Doc: "What subjects begin with."},
			notify.Language(),
		},
		New: open,
	}
}

type sender struct {
	text     notify.Text
	host     string
	password string
	from     *mail.Address
	to       []*mail.Address
	prefix   string
	options  []gomail.Option
	implicit *tls.Config // of a connection that is encrypted from the beginning, else nil
}

func open(v option.Values, d notify.Deps) (notify.Notifier, error) {
	s := &sender{text: notify.NewText(v, d), host: v.String("host"), password: v.String("password"), prefix: v.String("subject_prefix")}
	var err error
	if s.from, err = mail.ParseAddress(v.String("from")); err != nil {
		return nil, fault.New(fault.Invalid, "option %q: %q is no address", "from", v.String("from"))
	}
	if s.to, err = mail.ParseAddressList(strings.NewReplacer(";", ",", "，", ",", "\n", ",").Replace(v.String("to"))); err != nil {
		return nil, fault.New(fault.Invalid, "option %q: %q is no list of addresses", "to", v.String("to")).WithHint("put commas between them")
	}
	if strings.ContainsAny(s.prefix, "\r\n") || strings.ContainsAny(s.host, " /\r\n") {
		return nil, fault.New(fault.Invalid, "option %q or %q has characters that do not belong there", "host", "subject_prefix")
	}
	if err = s.connect(v); err != nil {
		return nil, err
	}
	if _, _, err := s.client(context.Background()); err != nil {
		return nil, fault.New(fault.Invalid, "settings of the SMTP server: %w", err)
	}
	return s, nil
}

// connect reads the settings of the connection.
func (s *sender) connect(v option.Values) error {
	trust := &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
	if file := v.String("ca_file"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return fault.New(fault.Invalid, "option %q: %w", "ca_file", err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(pem) {
			return fault.New(fault.Invalid, "option %q: %s has no certificate", "ca_file", file)
		}
	}
	port := map[string]int{"starttls": 587, "implicit": 465, "none": 25}[v.String("tls")]
	if v.Has("port") {
		port = int(v.Int("port"))
	}
	if port < 1 || port > 65535 {
		return fault.New(fault.Invalid, "option %q: %d is no port", "port", port)
	}
	s.options = []gomail.Option{gomail.WithTLSConfig(trust), gomail.WithTimeout(timeout), gomail.WithoutNoop(), gomail.WithPort(port)}
	switch v.String("tls") {
	case "implicit":
		s.implicit = trust
		s.options = append(s.options, gomail.WithSSL())
	case "none":
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if user := v.String("username"); user != "" {
		s.options = append(s.options, gomail.WithUsername(user), gomail.WithPassword(s.password), gomail.WithOpportunisticSMTPAuth(logins(v)...))
	}
	return nil
}

// logins are the ways to log in, the best first. Without encryption a password would go in the open, which the library
// refuses unless told: tls=none is telling.
func logins(v option.Values) []gomail.SMTPAuthType {
	plain, login := gomail.SMTPAuthPlain, gomail.SMTPAuthLogin
	if v.String("tls") == "none" {
		plain, login = gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc
	}
	switch v.String("auth") {
	case "plain":
		return []gomail.SMTPAuthType{plain}
	case "login":
		return []gomail.SMTPAuthType{login}
	case "cram-md5":
		return []gomail.SMTPAuthType{gomail.SMTPAuthCramMD5}
	}
	return []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5, plain, login}
}

// client returns a client whose connection is closed when ctx ends; the library looks at its context only while it
// connects. done must be called in the end.
func (s *sender) client(ctx context.Context) (c *gomail.Client, done func(), err error) {
	closing := func() bool { return true }
	dial := func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		closing = context.AfterFunc(ctx, func() { _ = conn.Close() }) // the error is that of the send
		if s.implicit == nil {
			return conn, nil
		}
		encrypted := tls.Client(conn, s.implicit)
		if err := encrypted.HandshakeContext(dialing); err != nil {
			_ = conn.Close() // the handshake says what is wrong
			return nil, err
		}
		return encrypted, nil
	}
	c, err = gomail.NewClient(s.host, append(slices.Clone(s.options), gomail.WithDialContextFunc(dial))...)
	return c, func() { closing() }, err
}

// Notify sends a notice as one message.
func (s *sender) Notify(ctx context.Context, n notify.Notice) error {
	client, done, err := s.client(ctx)
	if err != nil {
		return fault.New(fault.Invalid, "send e-mail: %w", err)
	}
	defer done()
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return s.refused(err)
	}
	err = client.SendWithSMTPClient(conn, s.message(n))
	_ = client.CloseWithSMTPClient(conn) // a message that was taken is taken
	if err != nil {
		return s.refused(err)
	}
	return nil
}

// message is a notice as an e-mail.
func (s *sender) message(n notify.Notice) *gomail.Msg {
	page := s.text.Page(n, maxEntries)
	domain := s.from.Address[strings.LastIndex(s.from.Address, "@")+1:]
	m := gomail.NewMsg()
	m.FromMailAddress(s.from)
	m.ToMailAddress(s.to...)
	m.Subject(notify.Cut(oneLine(s.prefix+page.Title), maxSubject))
	m.SetDateWithValue(n.At)
	m.SetMessageIDWithValue("millrace." + short(n.ID) + "@" + domain)
	thread := "<millrace.group." + short(n.Group) + "@" + domain + ">"
	m.SetGenHeader(gomail.HeaderInReplyTo, thread)
	m.SetGenHeader(gomail.HeaderReferences, thread)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	m.SetGenHeader("X-Millrace-Level", string(page.Level))
	m.SetGenHeader("X-Millrace-Status", string(page.Status))
	m.SetBodyString(gomail.TypeTextPlain, page.Plain())
	m.AddAlternativeString(gomail.TypeTextHTML, html(page))
	return m
}

// short makes any id fit for a header.
func short(id string) string {
	h := fnv.New128a()
	_, _ = h.Write([]byte(id)) // never fails
	return hex.EncodeToString(h.Sum(nil))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// refused says what an error of the library means.
func (s *sender) refused(err error) error {
	text := err.Error()
	if s.password != "" {
		text = strings.ReplaceAll(text, s.password, "******")
	}
	text = notify.Cut(oneLine(text), 400)
	code := 0
	var reply *textproto.Error
	var send *gomail.SendError
	switch {
	case errors.As(err, &send):
		code = send.ErrorCode()
	case errors.As(err, &reply):
		code = reply.Code
	}
	switch {
	case errors.Is(err, gomail.ErrPlainAuthNotSupported), errors.Is(err, gomail.ErrLoginAuthNotSupported), errors.Is(err, gomail.ErrCramMD5AuthNotSupported),
		errors.Is(err, gomail.ErrNoSupportedAuthDiscovered), strings.Contains(text, "does not support SMTP AUTH"):
		return fault.New(fault.Invalid, "send e-mail by %s: %s", s.host, text).WithHint("set auth to what the server offers, or leave username out if it wants no login")
	case strings.Contains(text, "STARTTLS"):
		return fault.New(fault.Invalid, "send e-mail by %s: %s", s.host, text).WithHint("set tls to implicit (port 465), or to none inside a trusted network")
	case strings.Contains(text, "x509:"):
		return fault.New(fault.Invalid, "send e-mail by %s: %s", s.host, text).WithHint("set host to the name in the server's certificate, or ca_file to its authority")
	case code == 535 || code == 534 || code == 530:
		return fault.New(fault.Denied, "send e-mail by %s: %s", s.host, text).WithHint("see username and password; some servers want a password made for applications")
	case code >= 500:
		return fault.New(fault.Invalid, "send e-mail by %s: %s", s.host, text)
	}
	// A 4xx reply, or no reply at all.
	return fault.New(fault.Unavailable, "send e-mail by %s: %s", s.host, text)
}
