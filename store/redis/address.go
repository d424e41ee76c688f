package redis

import (
	"crypto/tls"
	"net"
	"net/url"
	"strconv"
	"strings"

	"millrace/fault"
	"millrace/telemetry"
)

// address is where a Redis is and how to sign in.
type address struct {
	host     string // host:port
	user     string
	password telemetry.Secret
	db       int
	tls      *tls.Config
}

const defaultPort = "6379"

// parseAddress reads redis://[user][:password]@host:port/db, rediss:// for TLS, host:port, or host. Its
// errors do not repeat what may be a password.
func parseAddress(text string) (address, error) {
	if text == "" {
		return address{}, fault.New(fault.Invalid, "address of Redis: it is empty")
	}
	if !strings.Contains(text, "://") {
		host, err := hostPort(text)
		return address{host: host}, err
	}
	u, err := url.Parse(text)
	if err != nil {
		return address{}, fault.New(fault.Invalid, "address of Redis: it is no URL").
			WithHint("redis://:password@host:6379/0; characters like / @ : of a password are written %%2F %%40 %%3A")
	}
	a := address{user: u.User.Username()}
	if password, ok := u.User.Password(); ok {
		a.password = telemetry.Secret(password)
	}
	if a.host, err = hostPort(u.Host); err != nil {
		return address{}, err
	}
	switch u.Scheme {
	case "redis":
	case "rediss":
		a.tls = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	default:
		return address{}, fault.New(fault.Invalid, "address of Redis: scheme %q is not known", u.Scheme).WithHint("redis:// or rediss://, which is with TLS")
	}
	if db := strings.Trim(u.Path, "/"); db != "" {
		if a.db, err = strconv.Atoi(db); err != nil || a.db < 0 {
			return address{}, fault.New(fault.Invalid, "address of Redis: database %q is no number", db)
		}
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return address{}, fault.New(fault.Invalid, "address of Redis: there is something behind the database")
	}
	return a, nil
}

func hostPort(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.Trim(text, "[]"), defaultPort
		if strings.Contains(host, ":") && net.ParseIP(host) == nil {
			return "", fault.New(fault.Invalid, "address of Redis: it is no host:port")
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fault.New(fault.Invalid, "address of Redis: it has no port from 1 to 65535")
	}
	if host == "" || strings.ContainsAny(host, " /@?#\t\n") {
		return "", fault.New(fault.Invalid, "address of Redis: it has no host")
	}
	return net.JoinHostPort(host, port), nil
}
