package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"millrace/bus"
	"millrace/fault"
)

// remote is where a running platform is reached. The token may also be in MILLRACE_TOKEN, which keeps
// it out of process lists.
type remote struct {
	URL   string `default:"http://127.0.0.1:8000" env:"MILLRACE_URL" help:"Address of the running platform."`
	Token string `env:"MILLRACE_TOKEN" help:"Token to show to it; better given as MILLRACE_TOKEN." hidden:""`
}

// callTimeout bounds one call; a query may take as long as the platform allows.
const callTimeout = 5 * time.Minute

// maxAnswer bounds what a call reads.
const maxAnswer = 1 << 30

// call sends body, if there is one, as JSON and reads the answer into it.
func (r remote) call(ctx context.Context, method, path string, body, answer any) error {
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("call %s: %w", path, err)
		}
		payload = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(r.URL, "/")+path, payload)
	if err != nil {
		return fmt.Errorf("call %s: %w", path, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.Token != "" {
		req.Header.Set("Authorization", "Bearer "+r.Token)
	}
	client := http.Client{Timeout: callTimeout}
	resp, err := client.Do(req)
	if err != nil {
		return fault.New(fault.Unavailable, "reach the platform: %w", err).WithHint("is it running? start it with `millrace up`, or name its address with --url")
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("call %s: %w", path, err)
	}
	if resp.StatusCode >= 300 {
		return refusal(resp.StatusCode, data)
	}
	if answer == nil || len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

// refusal is the platform's problem as an error.
func refusal(status int, data []byte) error {
	var p struct {
		Title, Detail, Hint string
		Errors              []struct{ Message, Location string }
	}
	if json.Unmarshal(data, &p) != nil || p.Title == "" {
		return fault.New(fault.Invalid, "the platform answers %d: %s", status, strings.TrimSpace(string(data)))
	}
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, e := range p.Errors {
		text += "; " + strings.TrimSpace(e.Location+" "+e.Message)
	}
	return fault.New(fault.Invalid, "%s", text).WithHint("%s", p.Hint)
}

// bus connects to the bus of the platform, wherever that is.
func (r remote) bus(ctx context.Context, kafka string) (*bus.Bus, error) {
	if kafka == "" {
		var status struct {
			Bus struct {
				Address string `json:"address"`
			} `json:"bus"`
		}
		if err := r.call(ctx, http.MethodGet, "/api/status", nil, &status); err != nil {
			return nil, err
		}
		kafka = status.Bus.Address
	}
	return bus.Open(ctx, bus.Config{Seeds: strings.Split(kafka, ","), ClientID: "millrace-cli"})
}

func readFile(name string, w *world) ([]byte, error) {
	if name == "-" {
		return readAll(w.in, maxScript)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}
