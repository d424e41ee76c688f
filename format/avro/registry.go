package avro

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"millrace/fault"
	"millrace/option"
)

// registryTimeout bounds one request.
const registryTimeout = 10 * time.Second

// registry is a schema registry by Confluent's API.
type registry struct {
	client *sr.Client
	url    string
}

func openRegistry(v option.Values) (*registry, error) {
	opts := []sr.ClientOpt{sr.URLs(strings.Split(v.String("url"), ",")...), sr.UserAgent("millrace")}
	if user := v.String("basic-auth.user-info"); user != "" && v.String("basic-auth.credentials-source") != "URL" {
		name, password, _ := strings.Cut(user, ":")
		opts = append(opts, sr.BasicAuth(name, password))
	}
	if token := v.String("bearer-auth.token"); token != "" {
		opts = append(opts, sr.BearerToken(token))
	}
	conf, err := tlsConfig(v)
	if err != nil {
		return nil, err
	}
	// Requests are few: a connection is not kept, so that there is nothing to close.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: conf, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	opts = append(opts, sr.HTTPClient(&http.Client{Transport: transport, Timeout: registryTimeout}))
	client, err := sr.NewClient(opts...)
	if err != nil {
		return nil, fault.New(fault.Invalid, "format avro-confluent: schema registry %q: %w", v.String("url"), err)
	}
	return &registry{client, v.String("url")}, nil
}

func tlsConfig(v option.Values) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if file := v.String("ssl.truststore.location"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fault.New(fault.Invalid, "format avro-confluent: read ssl.truststore.location: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(text) {
			return nil, notPEM("ssl.truststore.location", file)
		}
	}
	if file := v.String("ssl.keystore.location"); file != "" {
		pair, err := tls.LoadX509KeyPair(file, file)
		if err != nil {
			if errors.Is(err, os.ErrNotExist) {
				return nil, fault.New(fault.Invalid, "format avro-confluent: read ssl.keystore.location: %w", err)
			}
			return nil, notPEM("ssl.keystore.location", file)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}

func notPEM(option, file string) error {
	return fault.New(fault.Invalid, "format avro-confluent: %s: %s is no PEM file", option, file).
		WithHint("convert the store: keytool -importkeystore to PKCS12, then openssl pkcs12")
}

// errUnknownSchema says that the registry does not have a schema.
var errUnknownSchema = errors.New("it is not in the registry")

// schema fetches the schema with an id.
func (r *registry) schema(id int) (*parsed, error) {
	ctx, cancel := context.WithTimeout(context.Background(), registryTimeout)
	defer cancel()
	s, err := r.client.SchemaByID(ctx, id)
	if err != nil {
		return nil, r.failed("fetch a schema from", err)
	}
	if s.Type != sr.TypeAvro {
		return nil, errors.New("it is of type " + s.Type.String())
	}
	texts, err := r.references(ctx, s.References, map[string]bool{})
	if err != nil {
		return nil, err
	}
	return parse(s.Schema, texts...)
}

// references fetches the schemas that one refers to, each behind those that it refers to itself.
func (r *registry) references(ctx context.Context, refs []sr.SchemaReference, seen map[string]bool) ([]string, error) {
	var texts []string
	for _, ref := range refs {
		if seen[ref.Name] {
			continue
		}
		seen[ref.Name] = true
		s, err := r.client.SchemaByVersion(ctx, ref.Subject, ref.Version)
		if err != nil {
			return nil, r.failed("fetch a schema from", err)
		}
		inner, err := r.references(ctx, s.References, seen)
		if err != nil {
			return nil, err
		}
		texts = append(append(texts, inner...), s.Schema.Schema)
	}
	return texts, nil
}

// register makes a schema the newest of a subject, if it is not there yet, and returns its id.
func (r *registry) register(subject, text string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), registryTimeout)
	defer cancel()
	id, err := r.client.RegisterSchema(ctx, subject, sr.Schema{Schema: text}, -1, -1)
	if err != nil {
		if err = r.failed("register a schema with", err); errors.Is(err, errUnknownSchema) { // there is no such path
			err = fault.New(fault.Invalid, "register a schema with schema registry %s: the address is not that of a registry", r.url)
		}
		return 0, err
	}
	return id, nil
}

// failed turns an answer of the registry into a fault, by what can be done about it.
func (r *registry) failed(what string, err error) error {
	var answer *sr.ResponseError
	if !errors.As(err, &answer) {
		return fault.New(fault.Unavailable, "%s schema registry %s: %w", what, r.url, err)
	}
	switch code := answer.StatusCode; {
	case code == http.StatusNotFound:
		return errUnknownSchema
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return fault.New(fault.Denied, "%s schema registry %s: %w", what, r.url, err).WithHint("set basic-auth.user-info or bearer-auth.token, with the format's prefix")
	case code == http.StatusConflict:
		return fault.New(fault.Conflict, "%s schema registry %s: %w", what, r.url, err).
			WithHint("the subject has schemas that the table's is not compatible with: change the table, the subject, or the subject's compatibility")
	case code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout:
		return fault.New(fault.Unavailable, "%s schema registry %s: %w", what, r.url, err)
	}
	return fault.New(fault.Invalid, "%s schema registry %s: %w", what, r.url, err)
}
