package influx

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"millrace/fault"
	"millrace/telemetry"
)

// defaultBucket is made where there is none.
const defaultBucket = "millrace"

type bucketView struct {
	ID, OrgID, Name, Type string
}

type orgView struct{ ID, Name string }

// Ensure signs in, finds the organisation and the bucket, and makes the bucket if there is none and the
// token may. Run calls it.
func (db *DB) Ensure(ctx context.Context) error {
	h := db.where()
	if h.token == "" {
		token, err := db.signIn(ctx)
		if err != nil {
			return err
		}
		h.token = token
	}
	b, err := db.findBucket(ctx, h)
	if err != nil {
		return err
	}
	h.bucket, h.orgID = b.Name, b.OrgID
	db.mu.Lock()
	db.home = h
	db.mu.Unlock()
	return nil
}

func (db *DB) findBucket(ctx context.Context, h home) (bucketView, error) {
	query := url.Values{"limit": {"100"}}
	if h.org != "" {
		query.Set("org", h.org)
	}
	if h.bucket != "" {
		query.Set("name", h.bucket)
	}
	var list struct{ Buckets []bucketView }
	err := db.call(ctx, http.MethodGet, "/api/v2/buckets", query, nil, &list, h.token)
	var r *refusal
	if errors.As(err, &r) && r.status == http.StatusNotFound {
		err = nil // no such bucket, or no such organisation, which is found out next
	}
	if err != nil {
		return bucketView{}, explain(err)
	}
	own := slices.DeleteFunc(list.Buckets, func(b bucketView) bool { return b.Type == "system" || h.bucket != "" && b.Name != h.bucket })
	switch {
	case len(own) == 1:
		return own[0], nil
	case len(own) > 1 && h.bucket != "":
		return bucketView{}, fault.New(fault.Invalid, "bucket %q is in several organisations", h.bucket).WithHint("set INFLUXDB_ORG")
	case len(own) > 1:
		return bucketView{}, fault.New(fault.Invalid, "there are several buckets").WithHint("set INFLUXDB_BUCKET")
	}
	return db.makeBucket(ctx, h)
}

func (db *DB) makeBucket(ctx context.Context, h home) (bucketView, error) {
	name := cmp.Or(h.bucket, defaultBucket)
	org, err := db.findOrg(ctx, h.org, h.token)
	if err != nil {
		return bucketView{}, err
	}
	var made bucketView
	err = db.call(ctx, http.MethodPost, "/api/v2/buckets", nil, map[string]any{"orgID": org.ID, "name": name, "retentionRules": []any{}}, &made, h.token)
	var r *refusal
	if errors.As(err, &r) && (r.status == http.StatusUnauthorized || r.status == http.StatusForbidden) {
		return bucketView{}, fault.New(fault.NotFound, "bucket %q does not exist and the token may not make it: %w", name, err).
			WithHint("influx bucket create --name %s", name)
	}
	if err != nil {
		return bucketView{}, explain(err) // another replica may have made it: it is found the next time
	}
	db.cfg.Log.Info("influxdb bucket made", "bucket", name)
	return made, nil
}

func (db *DB) findOrg(ctx context.Context, name string, token telemetry.Secret) (orgView, error) {
	var list struct{ Orgs []orgView }
	query := url.Values{}
	if name != "" {
		query.Set("org", name)
	}
	if err := db.call(ctx, http.MethodGet, "/api/v2/orgs", query, nil, &list, token); err != nil {
		return orgView{}, explain(err)
	}
	if len(list.Orgs) != 1 {
		return orgView{}, fault.New(fault.NotFound, "the token sees %d organisations", len(list.Orgs)).WithHint("set INFLUXDB_ORG and INFLUXDB_BUCKET")
	}
	return list.Orgs[0], nil
}

// explain adds what to do about it.
func explain(err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	switch r.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.New(fault.Unavailable, "%w", err).WithHint("INFLUXDB_TOKEN must be a token that may read and write the bucket")
	case http.StatusNotFound:
		return fault.New(fault.Unavailable, "%w", err).WithHint("check INFLUXDB_ORG and INFLUXDB_BUCKET")
	}
	return fault.New(fault.Unavailable, "%w", err)
}

// tokenName is what the token is called that signIn makes.
const tokenName = "millrace"

// signIn makes a token by user and password, or finds the one that was made before: InfluxQL is only
// answered to tokens.
func (db *DB) signIn(ctx context.Context) (telemetry.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, db.cfg.WriteTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, db.server.base+"/api/v2/signin", nil)
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(db.server.user, db.server.password.Reveal())
	resp, err := db.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the URL
		}
		return "", fault.New(fault.Unavailable, "sign in: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode != http.StatusNoContent {
		return "", fault.New(fault.Unavailable, "sign in: %w", complaint(resp)).WithHint("check user and password of INFLUXDB_URL, or set INFLUXDB_TOKEN")
	}
	session := &session{db: db, cookies: resp.Cookies()}
	return session.token(ctx)
}

// session is what one has after signing in.
type session struct {
	db      *DB
	cookies []*http.Cookie
}

func (s *session) token(ctx context.Context) (telemetry.Secret, error) {
	org, err := s.org(ctx)
	if err != nil {
		return "", err
	}
	type authorization struct{ Description, Token, Status string }
	var list struct{ Authorizations []authorization }
	if err := s.call(ctx, http.MethodGet, "/api/v2/authorizations?orgID="+url.QueryEscape(org.ID), nil, &list); err != nil {
		return "", err
	}
	for _, a := range list.Authorizations {
		if a.Description == tokenName && a.Status == "active" && a.Token != "" {
			return telemetry.Secret(a.Token), nil
		}
	}
	type resource struct {
		Type  string `json:"type"`
		OrgID string `json:"orgID,omitempty"`
		ID    string `json:"id,omitempty"`
	}
	type permission struct {
		Action   string   `json:"action"`
		Resource resource `json:"resource"`
	}
	var made authorization
	err = s.call(ctx, http.MethodPost, "/api/v2/authorizations", map[string]any{
		"orgID": org.ID, "description": tokenName, "permissions": []permission{
			{"read", resource{Type: "buckets", OrgID: org.ID}},
			{"write", resource{Type: "buckets", OrgID: org.ID}},
			{"read", resource{Type: "orgs", ID: org.ID}},
		},
	}, &made)
	return telemetry.Secret(made.Token), err
}

func (s *session) org(ctx context.Context) (orgView, error) {
	var list struct{ Orgs []orgView }
	path := "/api/v2/orgs"
	if s.db.cfg.Org != "" {
		path += "?org=" + url.QueryEscape(s.db.cfg.Org)
	}
	if err := s.call(ctx, http.MethodGet, path, nil, &list); err != nil {
		return orgView{}, err
	}
	if len(list.Orgs) != 1 {
		return orgView{}, fault.New(fault.NotFound, "user %q sees %d organisations", s.db.server.user, len(list.Orgs)).WithHint("set INFLUXDB_ORG")
	}
	return list.Orgs[0], nil
}
