package access

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

func TestACertificateNamesTheUser(t *testing.T) {
	rdn := func(id asn1.ObjectIdentifier, v any) pkix.RelativeDistinguishedNameSET {
		return pkix.RelativeDistinguishedNameSET{{Type: id, Value: v}}
	}
	raw, err := asn1.Marshal(pkix.RDNSequence{
		rdn(asn1.ObjectIdentifier{2, 5, 4, 6}, "AT"),
		rdn(asn1.ObjectIdentifier{2, 5, 4, 10}, "Works, Inc."),
		rdn(asn1.ObjectIdentifier{2, 5, 4, 11}, "#one "),
		rdn(asn1.ObjectIdentifier{1, 2, 3}, "x"),
		{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "client"}, {Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, Value: "u1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{RawSubject: raw}
	state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}
	a := open(t, Config{})
	user := func() string {
		c, _, _ := a.Accept(peer(), state).Caller()
		return c.User
	}
	if got := user(); got != Anonymous {
		t.Errorf("a certificate that nobody verified names %q", got)
	}
	state.VerifiedChains = [][]*x509.Certificate{{cert}}
	want := `CN=client+UID=u1,1.2.3=#130178,OU=\#one\ ,O=Works\, Inc.,C=AT`
	if got := user(); got != want {
		t.Errorf("the user is %s, want %s", got, want)
	}
	sasl := open(t, Config{SASL: true})
	if _, ok, _ := sasl.Accept(peer(), state).Caller(); ok {
		t.Error("where SASL is required, a certificate is enough")
	}
}
