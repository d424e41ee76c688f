package influx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"millrace/fault"
)

// statement is InfluxQL with its parameters: texts, which stand in it as $name.
type statement struct {
	text   string
	params map[string]string
}

// result is the answer to one statement.
type result struct {
	Series []series
	Error  string
}

type series struct {
	Name    string
	Columns []string
	Values  [][]any // json.Number, string, bool, nil
	Partial bool
}

// maxAnswer bounds the bytes of an answer.
const maxAnswer = 512 << 20

// ask sends statements and returns their results. Text in them that a user gave is quoted or a parameter.
func (db *DB) ask(ctx context.Context, s statement) ([]result, error) {
	ctx, cancel := context.WithTimeout(ctx, db.cfg.QueryTimeout)
	defer cancel()
	h := db.where()
	if h.bucket == "" || h.token == "" {
		return nil, fault.New(fault.Unavailable, "influxdb: %w", db.Reachable())
	}
	// InfluxDB 2 finds a bucket under the names that InfluxQL has for databases.
	database, policy, _ := strings.Cut(h.bucket, "/")
	form := url.Values{"q": {s.text}, "db": {database}, "epoch": {"ns"}}
	if policy != "" {
		form.Set("rp", policy)
	}
	if h.orgID != "" {
		form.Set("orgID", h.orgID)
	}
	if len(s.params) > 0 {
		params, err := json.Marshal(s.params)
		if err != nil {
			return nil, err
		}
		form.Set("params", string(params))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, db.server.base+"/query", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	db.queries.Add(1)
	answer, err := db.do(req, h.token)
	if err != nil {
		return nil, db.queryFault(ctx, err)
	}
	defer func() { _ = answer.Close() }() // only read
	results, err := decode(io.LimitReader(answer, maxAnswer))
	if err != nil && policy != "" && strings.Contains(err.Error(), "default retention policy not set") {
		return nil, fault.New(fault.Unavailable, "influxdb: %w", err).
			WithHint("InfluxQL takes the bucket %q for a retention policy that is not the default one: give the bucket a name without a slash", h.bucket)
	}
	if err != nil {
		return nil, db.queryFault(ctx, err)
	}
	return results, nil
}

// queryFault tells why there is no answer.
func (db *DB) queryFault(ctx context.Context, err error) error {
	var r *refusal
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.New(fault.Limit, "influxdb: no answer within %s", db.cfg.QueryTimeout).WithHint("ask for a shorter time or less")
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &r):
		return fmt.Errorf("influxdb: %w", explain(err))
	case fault.KindOf(err) != 0:
		return fmt.Errorf("influxdb: %w", err)
	}
	return fault.New(fault.Unavailable, "influxdb: read answer: %w", err)
}

// decode reads an answer. It must be whole: an answer that breaks off, or that InfluxDB cut short, is an
// error.
func decode(r io.Reader) ([]result, error) {
	dec := json.NewDecoder(r)
	dec.UseNumber()
	var body struct {
		Results []result
		Error   string
	}
	if err := dec.Decode(&body); err != nil {
		return nil, fault.New(fault.Unavailable, "read answer: %w", err)
	}
	if body.Error != "" {
		return nil, fault.New(fault.Unavailable, "%s", shortened(body.Error))
	}
	for _, res := range body.Results {
		if res.Error != "" {
			return nil, fault.New(fault.Unavailable, "%s", shortened(res.Error))
		}
		for _, s := range res.Series {
			if s.Partial {
				return nil, fault.New(fault.Limit, "the answer is cut short: InfluxDB is set to give fewer rows")
			}
			for _, row := range s.Values {
				if len(row) != len(s.Columns) {
					return nil, fault.New(fault.Unavailable, "read answer: a row has %d values for %d columns", len(row), len(s.Columns))
				}
			}
		}
	}
	return body.Results, nil
}

// text is a text in a row.
func text(row []any, i int) (string, bool) {
	if i >= len(row) {
		return "", false
	}
	s, ok := row[i].(string)
	return s, ok
}

// quoteName writes a name of InfluxQL.
func quoteName(name string) string {
	return `"` + strings.NewReplacer("\n", `\n`, `\`, `\\`, `"`, `\"`).Replace(name) + `"`
}
