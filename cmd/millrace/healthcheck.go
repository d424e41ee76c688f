package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"millrace/config"
	"millrace/fault"
)

// healthcheckCommand is for containers, whose images have no curl. It needs no token.
type healthcheckCommand struct {
	URL     string        `default:"http://127.0.0.1:8000" env:"MILLRACE_URL" help:"Address of the running platform."`
	Ready   bool          `help:"Ask whether everything that it needs works, not only whether the process answers."`
	Timeout time.Duration `default:"3s" help:"How long it may take."`
}

// maxHealth bounds what is read of an answer.
const maxHealth = 64 << 10

// Run asks and returns an error, which is exit code 1, unless the platform is well.
func (c *healthcheckCommand) Run(w *world) error {
	base, err := url.Parse(c.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return fault.New(fault.Invalid, "check health: --url is no URL like http://127.0.0.1:8000")
	}
	path := "/healthz"
	if c.Ready {
		path = "/readyz"
	}
	ctx, cancel := context.WithTimeout(w.ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(base.String(), "/")+path, nil)
	if err != nil {
		return fmt.Errorf("check health: %w", err)
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		// The certificate names the platform, not the loopback address, and that connection leaves no machine.
		InsecureSkipVerify: config.Loopback(net.JoinHostPort(base.Hostname(), "0")),
	}}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fault.New(fault.Unavailable, "check health: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxHealth))
	if err != nil {
		return fmt.Errorf("check health: read the answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return refusal(resp.StatusCode, body)
	}
	var health struct{ Status string }
	if json.Unmarshal(body, &health) != nil || health.Status == "" {
		return fault.New(fault.Invalid, "check health: what answers at %s is not this platform", base.Host)
	}
	_, err = fmt.Fprintln(w.out, health.Status)
	return err
}
