package influx

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// v1 is the API of InfluxDB 1: POST /write.
type v1 struct{}

func (v1) unit(precision string) (unit, bool) { return unitOf(precision, true) }

func (v1) refuse(w http.ResponseWriter, e *refusal) {
	w.Header().Set("X-Influxdb-Version", version)
	writeJSON(w, e.status, map[string]string{"error": e.text})
}

// v2 is the API of InfluxDB 2: POST /api/v2/write.
type v2 struct{}

func (v2) unit(precision string) (unit, bool) { return unitOf(precision, false) }

func (v2) refuse(w http.ResponseWriter, e *refusal) {
	code := "internal error"
	switch e.status {
	case http.StatusBadRequest:
		code = "invalid"
	case http.StatusRequestEntityTooLarge:
		code = "request too large"
	case http.StatusUnsupportedMediaType:
		code = "unsupported media type"
	case http.StatusServiceUnavailable:
		code = "unavailable"
	case http.StatusNotImplemented:
		code = "not implemented"
	}
	writeJSON(w, e.status, map[string]string{"code": code, "message": e.text})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic("encode an answer of plain fields: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client has gone; the server notices by itself
}
