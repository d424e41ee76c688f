package config

import (
	"encoding"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"millrace/fault"
	"millrace/telemetry"
)

// envPrefix begins every variable of ours.
const envPrefix = "MILLRACE_"

// outside are the variables that are ours but no setting of a node: the command line reads them.
var outside = []string{"MILLRACE_URL", "MILLRACE_TOKEN", "MILLRACE_CONFIG"}

// readEnviron lays the environment over c. The names of the article come first, so that MILLRACE_
// ones win.
func (c *Config) readEnviron(environ []string) error {
	vars := map[string]string{}
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok {
			vars[name] = value
		}
	}
	c.readArticle(vars)
	known := slices.Clone(outside)
	for _, l := range leaves(reflect.ValueOf(c).Elem(), nil) {
		name := l.env()
		known = append(known, name)
		text, ok := vars[name]
		if !ok {
			continue
		}
		if err := setText(l.value, text); err != nil {
			return fault.New(fault.Invalid, "read %s: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if strings.HasPrefix(name, envPrefix) && !slices.Contains(known, name) && !fromKubernetes(name) {
			text := name + " is no setting and was ignored"
			if near := fault.Near(name, known); near != "" {
				text += "; did you mean " + near + "?"
			}
			c.Warnings = append(c.Warnings, text)
		}
	}
	return nil
}

// readArticle takes the variables that deployments of the article's system, and of the servers beside it, have.
func (c *Config) readArticle(vars map[string]string) {
	if v := vars["KAFKA_BOOTSTRAP_SERVERS"]; v != "" {
		c.Kafka.Bootstrap = splitList(v)
	}
	if host := vars["REDIS_HOST"]; host != "" {
		if port := vars["REDIS_PORT"]; port != "" && !strings.Contains(host, ":") && !strings.Contains(port, "/") {
			host += ":" + port // Kubernetes sets REDIS_PORT to tcp://… for a service of that name
		}
		if password := vars["REDIS_PASSWORD"]; password != "" && !strings.Contains(host, "://") {
			host = "redis://" + url.UserPassword("", password).String() + "@" + host
		}
		c.Redis.URL = telemetry.Secret(host)
	}
	set := func(to *string, name string) {
		if v := vars[name]; v != "" {
			*to = v
		}
	}
	set(&c.InfluxDB.Org, "INFLUXDB_ORG")
	set(&c.InfluxDB.Bucket, "INFLUXDB_BUCKET")
	secret := func(to *telemetry.Secret, name string) {
		if v := vars[name]; v != "" {
			*to = telemetry.Secret(v)
		}
	}
	secret(&c.InfluxDB.URL, "INFLUXDB_URL")
	secret(&c.InfluxDB.Token, "INFLUXDB_TOKEN")
}

// fromKubernetes recognizes what Kubernetes sets in every container for a service called
// millrace-something: MILLRACE_SERVICE_HOST, MILLRACE_KAFKA_PORT_9092_TCP_ADDR.
func fromKubernetes(name string) bool {
	return strings.Contains(name, "_SERVICE_HOST") || strings.Contains(name, "_SERVICE_PORT") ||
		strings.HasSuffix(name, "_PORT") || strings.Contains(name, "_PORT_")
}

// setText sets a setting from text: as it is, as numbers are written, as a comma-separated list, or,
// for lists of structs and mappings, as YAML.
func setText(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Bool:
		b, err := strconv.ParseBool(strings.ToLower(text))
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(b)
		return nil
	case reflect.Int:
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
		v.SetInt(int64(n))
		return nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String && !strings.HasPrefix(strings.TrimSpace(text), "[") {
			v.Set(reflect.ValueOf(splitList(text)).Convert(v.Type()))
			return nil
		}
		v.SetZero()
	}
	return plainYAML(yaml.UnmarshalWithOptions([]byte(text), v.Addr().Interface(), yaml.Strict()))
}

func splitList(text string) []string {
	var out []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}
