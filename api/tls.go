package api

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"millrace/fault"
)

// certificateCheck is how often the files of a certificate are looked at: a renewed one is in use that soon.
const certificateCheck = 10 * time.Second

// LoadTLS returns settings for HTTPS with the certificate of two PEM files, which are read again when they
// have changed. Files that do not hold then are logged, and the certificate before stays.
func LoadTLS(certFile, keyFile string, log *slog.Logger) (*tls.Config, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.read(); err != nil {
		return nil, fault.New(fault.Invalid, "read TLS certificate: %w", err).
			WithHint("tls.cert_file has the certificate and those between it and the root, tls.key_file its key, both in PEM form")
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, nil
}

// certificate is a pair of files and what was read from them.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex // guards what follows
	pair    *tls.Certificate
	stamp   [2]fileStamp
	checked time.Time
}

// fileStamp tells whether a file has changed.
type fileStamp struct {
	modified time.Time
	size     int64
}

// get returns the certificate for a handshake.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refresh(time.Now())
	return c.pair, nil
}

// refresh reads the files again if it is time and they have changed. The caller holds mu.
func (c *certificate) refresh(now time.Time) {
	if now.Sub(c.checked) < certificateCheck {
		return
	}
	c.checked = now
	before := c.stamp
	if c.stamps() == before {
		return
	}
	if err := c.read(); err != nil {
		c.log.Warn("TLS certificate not read again, the one before stays", "file", c.certFile, "cause", err)
		return
	}
	c.log.Info("TLS certificate read again", "file", c.certFile, "valid_until", c.pair.Leaf.NotAfter)
}

// read takes in both files. The caller holds mu, or nobody else has c yet.
func (c *certificate) read() error {
	stamp := c.stamps()
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.pair, c.stamp = &pair, stamp
	return nil
}

// stamps looks at both files; one that cannot be looked at has the zero stamp.
func (c *certificate) stamps() (s [2]fileStamp) {
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			s[i] = fileStamp{info.ModTime(), info.Size()}
		}
	}
	return s
}
