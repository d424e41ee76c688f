package influx

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// maxQueryBytes bounds a form with statements.
const maxQueryBytes = 64 << 10

const askElsewhere = "ask by POST /api/query, or in SQL by POST /api/sql"

// createDatabase is the one statement that is answered: what clients send before they write. There is
// nothing to create, as measurements come with their first point.
var createDatabase = regexp.MustCompile(`(?is)^\s*CREATE\s+DATABASE\s+("(\\.|[^"\\])+"|[\pL_][\pL\pN_]*)(\s+WITH\s.*)?\s*$`)

// answerQuery answers the statements of InfluxDB 1, parted by semicolons.
func answerQuery(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxQueryBytes)
	q := r.FormValue("q")
	if strings.TrimSpace(q) == "" {
		(v1{}).refuse(w, &refusal{http.StatusBadRequest, `missing required parameter "q"`})
		return
	}
	type result struct {
		ID int `json:"statement_id"`
	}
	results := []result{}
	for _, statement := range strings.Split(q, ";") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if !createDatabase.MatchString(statement) {
			(v1{}).refuse(w, &refusal{http.StatusBadRequest, fmt.Sprintf(
				"error parsing query: %.100q is not answered here, only CREATE DATABASE is; %s", strings.TrimSpace(statement), askElsewhere)})
			return
		}
		results = append(results, result{len(results)})
	}
	w.Header().Set("X-Influxdb-Version", version)
	writeJSON(w, http.StatusOK, map[string]any{"results": results})
}

// answerFlux says where questions are answered instead.
func answerFlux(w http.ResponseWriter, _ *http.Request) {
	(v2{}).refuse(w, &refusal{http.StatusNotImplemented, "Flux is not answered here; " + askElsewhere})
}

// answerPing says that someone is there.
func answerPing(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Influxdb-Version", version)
	w.Header().Set("X-Influxdb-Build", "millrace")
	if v := r.URL.Query().Get("verbose"); v != "" && v != "0" && v != "false" {
		writeJSON(w, http.StatusOK, map[string]string{"version": version})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// life tells clients that this process takes requests. Whether the platform is well is for /readyz.
type life struct{ began time.Time }

func (l *life) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"name": "influxdb", "message": "ready for writes", "status": "pass", "checks": []string{}, "version": version, "commit": "",
	})
}

func (l *life) ready(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{
		"status": "ready", "started": l.began.UTC().Format(time.RFC3339Nano), "up": time.Since(l.began).Round(time.Millisecond).String(),
	})
}
