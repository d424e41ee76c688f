package connector

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"millrace/fault"
	"millrace/option"
)

// TLSOptions are the settings of encrypted connections, the same for all collectors that make some.
func TLSOptions() []option.Option {
	return []option.Option{
		{Name: "tls", Kind: option.Bool, Default: "false", Doc: "Encrypt the connection, also where the address does not say so."},
		{Name: "ca_file", Doc: "A PEM file with the certificates to trust instead of the machine's."},
		{Name: "cert_file", Doc: "A PEM file with the certificate by which this client is known."},
		{Name: "key_file", Doc: "The PEM file with the key of cert_file."},
		{Name: "insecure_skip_verify", Kind: option.Bool, Default: "false", Doc: "Trust any certificate of the server: for tries only."},
	}
}

// TLSConfig reads the files of TLSOptions. wanted says whether the settings ask for encryption, whatever the
// address says.
func TLSConfig(v option.Values) (cfg *tls.Config, wanted bool, err error) {
	ca, cert, key := v.String("ca_file"), v.String("cert_file"), v.String("key_file")
	cfg = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: v.Bool("insecure_skip_verify")}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, false, fault.New(fault.Invalid, "option %q: %w", "ca_file", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, false, fault.New(fault.Invalid, "option %q: %s has no certificate in PEM form", "ca_file", ca)
		}
	}
	if (cert == "") != (key == "") {
		return nil, false, fault.New(fault.Invalid, "options %q and %q are only of use together", "cert_file", "key_file")
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, false, fault.New(fault.Invalid, "options %q and %q: %w", "cert_file", "key_file", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, v.Bool("tls") || ca != "" || cert != "" || cfg.InsecureSkipVerify, nil
}

// ServersOption is the setting that Servers reads.
func ServersOption(byDefault, doc string) option.Option {
	return option.Option{Name: "servers", Default: byDefault, Required: byDefault == "", Doc: doc}
}

// Servers reads the addresses of ServersOption, separated by commas: HOST, HOST:PORT or SCHEME://HOST:PORT. ports has
// the schemes that are known with their ports; scheme is that of an address without one. An address with a
// user in it is refused, since addresses are shown.
func Servers(v option.Values, scheme string, ports map[string]string) ([]*url.URL, error) {
	var all []*url.URL
	for i, text := range strings.Split(v.String("servers"), ",") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		if strings.Contains(text, "@") {
			return nil, fault.New(fault.Invalid, "option %q: address %d has a user in it", "servers", i+1).
				WithHint("set the options that are made for it: they are kept secret")
		}
		if !strings.Contains(text, "://") {
			text = scheme + "://" + text
		}
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" {
			return nil, fault.New(fault.Invalid, "option %q: %q is no address", "servers", text).WithHint("write HOST:PORT")
		}
		port, known := ports[u.Scheme]
		if !known {
			return nil, fault.New(fault.Invalid, "option %q: scheme %q is not known", "servers", u.Scheme).
				WithHint("it is one of %s", strings.Join(names(ports), ", "))
		}
		if u.Port() == "" {
			u.Host = net.JoinHostPort(u.Hostname(), port)
		}
		all = append(all, u)
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Invalid, "option %q is empty", "servers").WithHint("write HOST:PORT")
	}
	return all, nil
}

func names(m map[string]string) []string {
	var all []string
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
