package access

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	kplain "github.com/twmb/franz-go/pkg/sasl/plain"
	kscram "github.com/twmb/franz-go/pkg/sasl/scram"
)

func handshake(s *Session, mechanism string) *kmsg.SASLHandshakeResponse {
	req := kmsg.NewPtrSASLHandshakeRequest()
	req.Version, req.Mechanism = 1, mechanism
	return s.Handshake(req)
}

func send(s *Session, token []byte) *kmsg.SASLAuthenticateResponse {
	req := kmsg.NewPtrSASLAuthenticateRequest()
	req.Version, req.SASLAuthBytes = 2, token
	return s.Authenticate(req)
}

// logIn runs franz-go's side of a mechanism against ours.
func logIn(t *testing.T, a *Access, m sasl.Mechanism) (*Session, error) {
	t.Helper()
	s := a.Accept(peer(), nil)
	if resp := handshake(s, m.Name()); resp.ErrorCode != 0 {
		return s, kerr.ErrorForCode(resp.ErrorCode)
	}
	client, token, err := m.Authenticate(context.Background(), "host")
	if err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		resp := send(s, token)
		if resp.ErrorCode != 0 {
			return s, kerr.ErrorForCode(resp.ErrorCode)
		}
		if done, token, err = client.Challenge(resp.SASLAuthBytes); err != nil {
			return s, err
		}
	}
	return s, nil
}

func mechanism(name, user, password string) sasl.Mechanism {
	switch name {
	case "PLAIN":
		return kplain.Auth{User: user, Pass: password}.AsMechanism()
	case mechanism512:
		return kscram.Auth{User: user, Pass: password}.AsSha512Mechanism()
	}
	return kscram.Auth{User: user, Pass: password}.AsSha256Mechanism()
}

func TestLogins(t *testing.T) {
	a := open(t, Config{SASL: true, Users: map[string]string{"anna": "pässword, with =", "an,n=a": "2"}})
	for _, tt := range []struct {
		user, password string
		want           error
	}{
		{"anna", "pässword, with =", nil},
		{"an,n=a", "2", nil},
		{"anna", "pässword, with", kerr.SaslAuthenticationFailed},
		{"anna", "2", kerr.SaslAuthenticationFailed},
		{"otto", "2", kerr.SaslAuthenticationFailed},
	} {
		for _, name := range mechanisms() {
			s, err := logIn(t, a, mechanism(name, tt.user, tt.password))
			if err != tt.want {
				t.Errorf("%s as %q with %q: %v, want %v", name, tt.user, tt.password, err, tt.want)
			}
			c, ok, failed := s.Caller()
			if ok != (tt.want == nil) || failed != (tt.want != nil) {
				t.Errorf("%s as %q: logged in %v, failed %v", name, tt.user, ok, failed)
			}
			if ok && (c.User != tt.user || c.Host != "10.0.0.1") {
				t.Errorf("%s as %q: the caller is %+v", name, tt.user, c)
			}
		}
	}
}

// RFC 7677, section 3.
func TestScramOfTheRFC(t *testing.T) {
	a := open(t, Config{SASL: true})
	salt, err := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	if err != nil {
		t.Fatal(err)
	}
	cred, err := credentialOf(mechanism256, "pencil", salt)
	if err != nil {
		t.Fatal(err)
	}
	a.users.set(userKey{"user", mechanism256}, &cred)
	s := &scram{users: a.users, mechanism: mechanism256, nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"}
	steps := []struct{ in, out, user string }{
		{"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", ""},
		{"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "user"},
	}
	for _, step := range steps {
		out, user, err := s.step([]byte(step.in))
		if err != nil || string(out) != step.out || user != step.user {
			t.Fatalf("%s\n gives %s as %q, %v\n  want %s as %q", step.in, out, user, err, step.out, step.user)
		}
	}
}

func TestFirstMessages(t *testing.T) {
	for msg, ok := range map[string]bool{
		"n,,n=u,r=x":                true,
		"y,,n=u,r=x":                true,
		"n,a=u,n=u,r=x":             true,
		"n,a=other,n=u,r=x":         false,
		"p=tls-unique,,n=u,r=x":     false,
		"n,,m=ext,n=u,r=x":          false,
		"n,,n=u,r=x,tokenauth=true": true,
		"n,,n=,r=x":                 false,
		"n,,n=u,r=":                 false,
		"n,,n=u":                    false,
		"n,,n=u=2C=3D,r=x":          true,
		"n,,n=u=2c,r=x":             false,
		"n,,n=u=,r=x":               false,
		"n,,n=u,r=x y":              false,
		"n,,n=\xff,r=x":             false,
		"":                          false,
		"n":                         false,
		"n,,n=" + strings.Repeat("x", maxName+1) + ",r=x": false,
		"n,b=u,n=u,r=x":               false,
		"n,,n=u,r=x,a=b,p=dGVzdA==":   true,
		"n,,N=u,r=x":                  false,
		"n,,n=u\x00,r=x":              false,
		"n,,n=u,r=\x00":               false,
		"z,,n=u,r=x":                  false,
		"n,,n=ü,r=x":                  true,
		"n,a=u=2C,n=u=2C,r=x":         true,
		"n,a=u=2X,n=u,r=x":            false,
		"n,,n=u,s=x":                  false,
		"n,,,":                        false,
		"n,,n=u,r=fyko+d2lbbFgONRv9q": true,
	} {
		if _, err := parseFirst(msg); (err == nil) != ok {
			t.Errorf("%.60q: %v", msg, err)
		}
	}
}

func TestPlainTokens(t *testing.T) {
	a := open(t, Config{SASL: true, Users: map[string]string{"u": "p"}})
	for token, ok := range map[string]bool{
		"\x00u\x00p":         true,
		"u\x00u\x00p":        true,
		"v\x00u\x00p":        false,
		"\x00u\x00":          false,
		"\x00\x00p":          false,
		"u\x00p":             false,
		"\x00u\x00p\x00":     false,
		"":                   false,
		"\x00u\x00" + "P":    false,
		"\x00u\x00pp":        false,
		"\x00U\x00p":         false,
		"\x00nobody\x00\x00": false,
	} {
		s := a.Accept(peer(), nil)
		handshake(s, "PLAIN")
		resp := send(s, []byte(token))
		if (resp.ErrorCode == 0) != ok {
			t.Errorf("%q: code %d", token, resp.ErrorCode)
		}
		if !ok && (resp.ErrorMessage == nil || *resp.ErrorMessage != "Authentication failed: Invalid username or password") {
			t.Errorf("%q: the answer tells more than Kafka's: %v", token, resp.ErrorMessage)
		}
	}
}

func TestOrderOfALogin(t *testing.T) {
	users := map[string]string{"u": "p"}
	a := open(t, Config{SASL: true, Users: users})
	good := []byte("\x00u\x00p")

	s := a.Accept(peer(), nil)
	if resp := send(s, good); resp.ErrorCode != kerr.IllegalSaslState.Code {
		t.Errorf("a token before a handshake: code %d", resp.ErrorCode)
	}
	if _, ok, failed := s.Caller(); ok || !failed {
		t.Errorf("after that the session goes on: %v, %v", ok, failed)
	}

	s = a.Accept(peer(), nil)
	resp := handshake(s, "GSSAPI")
	if resp.ErrorCode != kerr.UnsupportedSaslMechanism.Code || len(resp.SupportedMechanisms) != 3 {
		t.Errorf("an unknown mechanism: %+v", resp)
	}
	if send(s, good).ErrorCode != kerr.IllegalSaslState.Code {
		t.Error("a login goes on after its mechanism was refused")
	}

	s = a.Accept(peer(), nil)
	handshake(s, "PLAIN")
	if handshake(s, "PLAIN").ErrorCode != kerr.IllegalSaslState.Code {
		t.Error("a second handshake is taken")
	}
	if send(s, bytes.Repeat([]byte("x"), maxToken+1)).ErrorCode != kerr.SaslAuthenticationFailed.Code {
		t.Error("a token without bound is taken")
	}
	if send(s, good).ErrorCode != kerr.IllegalSaslState.Code {
		t.Error("a second try is taken on the same connection")
	}

	s = a.Accept(peer(), nil)
	s.Client("app")
	handshake(s, "PLAIN")
	if send(s, good).ErrorCode != 0 {
		t.Fatal("the right password is refused")
	}
	if c, _, _ := s.Caller(); c.Client != "app" {
		t.Errorf("the client is %q", c.Client)
	}
	if send(s, good).ErrorCode != kerr.IllegalSaslState.Code || handshake(s, "PLAIN").ErrorCode != kerr.IllegalSaslState.Code {
		t.Error("a login is taken from who is logged in")
	}
	if _, ok, failed := s.Caller(); !ok || failed {
		t.Error("which ends the session")
	}

	open := open(t, Config{})
	s = open.Accept(peer(), nil)
	if c, ok, _ := s.Caller(); !ok || c.User != Anonymous || !c.May(kmsg.ACLOperationAlter, kmsg.ACLResourceTypeCluster, Cluster) {
		t.Errorf("without SASL the caller is %+v, %v", c, ok)
	}
	if handshake(s, "PLAIN").ErrorCode != kerr.IllegalSaslState.Code {
		t.Error("without SASL a handshake is taken")
	}
}

func TestFailedLoginsAreLoggedWithoutWhatWasSent(t *testing.T) {
	var log bytes.Buffer
	a := open(t, Config{SASL: true, Users: map[string]string{"canary-user": "canary-secret"}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for _, name := range mechanisms() {
		if _, err := logIn(t, a, mechanism(name, "canary-user", "canary-wrong")); err == nil {
			t.Fatal("the wrong password is taken")
		}
	}
	if n := strings.Count(log.String(), "refuse a login"); n != 3 {
		t.Errorf("%d lines of 3 failures: %s", n, log.String())
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("the log has what was sent: %s", log.String())
	}
}

func salted(t *testing.T, mechanism, password string, salt []byte, iterations int) []byte {
	t.Helper()
	h := hashOf(mechanism)
	p, err := pbkdf2.Key(h, password, salt, iterations, h().Size())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestUsersOfRequests(t *testing.T) {
	place := newPlace(t)
	a := place.open(Config{SASL: true})
	salt := []byte("some salt")
	alter := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	for n := int8(1); n <= 2; n++ {
		alter.Upsertions = append(alter.Upsertions, kmsg.AlterUserSCRAMCredentialsRequestUpsertion{
			Name: "anna", Mechanism: n, Iterations: 5000, Salt: salt, SaltedPassword: salted(t, mechanismOf(n), "secret", salt, 5000),
		})
	}
	if resp := a.AlterUserSCRAMCredentials(background(), nil, alter); len(resp.Results) != 1 || resp.Results[0].ErrorCode != 0 {
		t.Fatalf("make a user: %+v", resp)
	}
	for _, step := range []string{"made", "restarted"} {
		for _, name := range []string{mechanism256, mechanism512} {
			if _, err := logIn(t, a, mechanism(name, "anna", "secret")); err != nil {
				t.Errorf("%s: %s: %v", step, name, err)
			}
			if _, err := logIn(t, a, mechanism(name, "anna", "Secret")); err != kerr.SaslAuthenticationFailed {
				t.Errorf("%s: %s with the wrong password: %v", step, name, err)
			}
		}
		if _, err := logIn(t, a, mechanism("PLAIN", "anna", "secret")); err != kerr.SaslAuthenticationFailed {
			t.Errorf("%s: PLAIN: %v", step, err)
		}
		a = place.open(Config{SASL: true})
	}
	del := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	del.Deletions = []kmsg.AlterUserSCRAMCredentialsRequestDeletion{{Name: "anna", Mechanism: 1}}
	if resp := a.AlterUserSCRAMCredentials(background(), nil, del); resp.Results[0].ErrorCode != 0 {
		t.Fatalf("delete a credential: %+v", resp)
	}
	if _, err := logIn(t, a, mechanism(mechanism256, "anna", "secret")); err != kerr.SaslAuthenticationFailed {
		t.Errorf("a deleted credential: %v", err)
	}
	a = place.open(Config{SASL: true})
	if _, err := logIn(t, a, mechanism(mechanism512, "anna", "secret")); err != nil {
		t.Errorf("the other credential: %v", err)
	}
}

func TestErrorsOfCredentials(t *testing.T) {
	a := open(t, Config{Authorize: true, Superusers: []string{"root"}})
	salt, key := []byte("salt"), make([]byte, 32)
	up := func(name string, mechanism int8, iterations int32, salt, key []byte) kmsg.AlterUserSCRAMCredentialsRequestUpsertion {
		return kmsg.AlterUserSCRAMCredentialsRequestUpsertion{Name: name, Mechanism: mechanism, Iterations: iterations, Salt: salt, SaltedPassword: key}
	}
	req := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	req.Upsertions = []kmsg.AlterUserSCRAMCredentialsRequestUpsertion{
		up("", 1, 4096, salt, key), up("a", 3, 4096, salt, key), up("b", 1, 4095, salt, key), up("c", 1, 16385, salt, key),
		up("d", 1, 4096, nil, key), up("e", 2, 4096, salt, key), up("f", 1, 4096, salt, key), up("f", 1, 5000, salt, key), up("g", 1, 16384, salt, key),
	}
	req.Deletions = []kmsg.AlterUserSCRAMCredentialsRequestDeletion{{Name: "h", Mechanism: 1}, {Name: "g", Mechanism: 0}}
	want := map[string]*kerr.Error{
		"": kerr.UnacceptableCredential, "a": kerr.UnsupportedSaslMechanism, "b": kerr.UnacceptableCredential, "c": kerr.UnacceptableCredential,
		"d": kerr.UnacceptableCredential, "e": kerr.UnacceptableCredential, "f": kerr.DuplicateResource, "g": kerr.UnsupportedSaslMechanism, "h": kerr.ResourceNotFound,
	}
	resp := a.AlterUserSCRAMCredentials(background(), as(a, "root"), req)
	if len(resp.Results) != len(want) {
		t.Fatalf("%d answers for %d users", len(resp.Results), len(want))
	}
	for _, r := range resp.Results {
		if r.ErrorCode != want[r.User].Code || r.ErrorMessage == nil {
			t.Errorf("user %q: %v, want %v", r.User, kerr.ErrorForCode(r.ErrorCode), want[r.User])
		}
	}
	if names := a.users.list(); len(names) != 0 {
		t.Errorf("refused changes were made: %v", names)
	}
	for _, r := range a.AlterUserSCRAMCredentials(background(), as(a, "anna"), req).Results {
		if r.ErrorCode != kerr.ClusterAuthorizationFailed.Code {
			t.Errorf("user %q without leave: code %d", r.User, r.ErrorCode)
		}
	}
	good := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	good.Upsertions = []kmsg.AlterUserSCRAMCredentialsRequestUpsertion{up("x", 1, 4096, salt, key)}
	a.AlterUserSCRAMCredentials(background(), nil, good)
	describe := kmsg.NewPtrDescribeUserSCRAMCredentialsRequest()
	describe.Users = []kmsg.DescribeUserSCRAMCredentialsRequestUser{{Name: "x"}, {Name: "y"}, {Name: "y"}, {Name: "z"}}
	got := a.DescribeUserSCRAMCredentials(background(), as(a, "root"), describe)
	for i, w := range []int16{0, kerr.DuplicateResource.Code, kerr.ResourceNotFound.Code} {
		if got.Results[i].ErrorCode != w {
			t.Errorf("describe %q: code %d, want %d", got.Results[i].User, got.Results[i].ErrorCode, w)
		}
	}
	if infos := got.Results[0].CredentialInfos; len(infos) != 1 || infos[0].Mechanism != 1 || infos[0].Iterations != 4096 {
		t.Errorf("x is described as %+v", infos)
	}
	all := a.DescribeUserSCRAMCredentials(background(), nil, kmsg.NewPtrDescribeUserSCRAMCredentialsRequest())
	if len(all.Results) != 1 || all.Results[0].User != "x" {
		t.Errorf("all users: %+v", all.Results)
	}
	if resp := a.DescribeUserSCRAMCredentials(background(), as(a, "anna"), describe); resp.ErrorCode != kerr.ClusterAuthorizationFailed.Code {
		t.Errorf("describe without leave: code %d", resp.ErrorCode)
	}
}

// A stranger learns nothing from the salts of names that are not there.
func TestUnknownNamesLookLikeKnownOnes(t *testing.T) {
	a := open(t, Config{SASL: true, Users: map[string]string{"anna": "secret"}})
	first := func(user string) string {
		s := a.Accept(peer(), nil)
		handshake(s, mechanism256)
		resp := send(s, []byte("n,,n="+user+",r=x"))
		_, tail, _ := strings.Cut(string(resp.SASLAuthBytes), ",")
		return tail
	}
	if a, b := first("otto"), first("otto"); a != b || a == "" {
		t.Errorf("the salt of a name that is not there changes: %q, %q", a, b)
	}
	if a, b := first("anna"), first("otto"); len(a) != len(b) || a == b {
		t.Errorf("%q and %q tell who is there", a, b)
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("PLAIN", []byte("\x00u\x00p"), []byte(""))
	f.Add(mechanism256, []byte("n,,n=u,r=x"), []byte("c=biws,r=x,p=AAAA"))
	f.Add(mechanism512, []byte("y,a=u,n=u,r=x,e=f"), []byte("c=eSxhPXUs,r=x,e=f,p="))
	users, err := newUsers(map[string]string{"u": "p"})
	if err != nil {
		f.Fatal(err)
	}
	a := &Access{users: users, cfg: Config{SASL: true, Log: slog.New(slog.DiscardHandler)}, rules: newRules(Config{})}
	f.Fuzz(func(t *testing.T, mechanism string, one, two []byte) {
		s := a.Accept(peer(), nil)
		handshake(s, mechanism)
		for _, token := range [][]byte{one, two} {
			resp := send(s, token)
			c, ok, failed := s.Caller()
			if ok && failed || failed != (resp.ErrorCode != 0) {
				t.Fatalf("code %d, logged in %v, failed %v", resp.ErrorCode, ok, failed)
			}
			if ok {
				if mechanism != "PLAIN" || c.User != "u" {
					t.Fatalf("%s: %q, %q log in as %q", mechanism, one, two, c.User)
				}
				return
			}
		}
	})
}
