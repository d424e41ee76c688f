package influx

import (
	"net/url"
	"strings"

	"millrace/fault"
	"millrace/telemetry"
)

// server is where an InfluxDB is.
type server struct {
	base     string // http://host:port/path, without a slash at its end
	host     string // for messages
	user     string
	password telemetry.Secret
}

// parseURL reads cfg.URL, and what it says of organisation, bucket and token if cfg does not. Errors do
// not repeat what may be a secret.
func parseURL(cfg *Config) (server, error) {
	text := cfg.URL
	if text != "" && !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return server{}, fault.New(fault.Invalid, "address of InfluxDB: it is no URL").WithHint("http://host:8086?org=…&bucket=…")
	}
	if u.Fragment != "" {
		return server{}, fault.New(fault.Invalid, "address of InfluxDB: there is a # behind it")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return server{}, fault.New(fault.Invalid, "address of InfluxDB: what stands behind the ? cannot be read")
	}
	for name, values := range query {
		value := values[len(values)-1]
		switch name {
		case "org":
			setDefault(&cfg.Org, value)
		case "bucket":
			setDefault(&cfg.Bucket, value)
		case "token":
			setDefault(&cfg.Token, telemetry.Secret(value))
		default:
			return server{}, fault.New(fault.Invalid, "address of InfluxDB: parameter %q is not known", name).WithHint("it knows: org, bucket, token")
		}
	}
	s := server{host: u.Host, user: u.User.Username()}
	if password, ok := u.User.Password(); ok {
		s.password = telemetry.Secret(password)
	}
	if cfg.Token == "" && s.user == "" {
		return server{}, fault.New(fault.Invalid, "InfluxDB at %s: neither a token nor user and password are given", u.Host).
			WithHint("set INFLUXDB_TOKEN, or write http://user:password@%s", u.Host)
	}
	u.User, u.RawQuery = nil, ""
	s.base = strings.TrimRight(u.String(), "/")
	return s, nil
}
