package access

import (
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"strings"
)

// userOf returns the name of a verified certificate's subject, else Anonymous.
func userOf(state *tls.ConnectionState) string {
	if state == nil || len(state.VerifiedChains) == 0 || len(state.PeerCertificates) == 0 {
		return Anonymous
	}
	name, err := subject(state.PeerCertificates[0].RawSubject)
	if err != nil || name == "" {
		return Anonymous
	}
	return name
}

// subject writes a name as RFC 2253 and Java's X500Principal.getName do: the last part first.
func subject(raw []byte) (string, error) {
	var seq pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &seq); err != nil {
		return "", err
	} else if len(rest) > 0 {
		return "", fmt.Errorf("%d bytes after the name", len(rest))
	}
	var b strings.Builder
	for i := len(seq) - 1; i >= 0; i-- {
		for j, part := range seq[i] {
			switch {
			case j > 0:
				b.WriteByte('+')
			case b.Len() > 0:
				b.WriteByte(',')
			}
			if err := writePart(&b, part); err != nil {
				return "", err
			}
		}
	}
	return b.String(), nil
}

func writePart(b *strings.Builder, part pkix.AttributeTypeAndValue) error {
	id := part.Type.String()
	keyword := keywordOf(id)
	value, isText := part.Value.(string)
	if keyword != "" && isText {
		b.WriteString(keyword + "=")
		escape(b, value)
		return nil
	}
	der, err := asn1.Marshal(part.Value)
	if err != nil {
		return err
	}
	b.WriteString(id + "=#" + hex.EncodeToString(der))
	return nil
}

// keywordOf returns the keyword that RFC 2253 has for a type of attribute.
func keywordOf(id string) string {
	switch id {
	case "2.5.4.3":
		return "CN"
	case "2.5.4.6":
		return "C"
	case "2.5.4.7":
		return "L"
	case "2.5.4.8":
		return "ST"
	case "2.5.4.9":
		return "STREET"
	case "2.5.4.10":
		return "O"
	case "2.5.4.11":
		return "OU"
	case "0.9.2342.19200300.100.1.25":
		return "DC"
	case "0.9.2342.19200300.100.1.1":
		return "UID"
	}
	return ""
}

func escape(b *strings.Builder, value string) {
	for i, r := range value {
		edge := r == ' ' && (i == 0 || i == len(value)-1) || r == '#' && i == 0
		if edge || strings.ContainsRune(`,+"\<>;`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
}
