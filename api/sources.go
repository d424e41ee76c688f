package api

import (
	"time"

	"millrace/option"
)

// Source is something that brings records in by itself.
type Source struct {
	Name             string        `json:"name"`
	Connector        string        `json:"connector"`
	Options          option.Values `json:"options" nullable:"false" doc:"As configured; secrets are ******"`
	Origin           string        `json:"origin" enum:"config,api" doc:"Where it is configured; only one of the API can be changed here"`
	State            string        `json:"state" enum:"running,retrying,paused,elsewhere,failed" doc:"elsewhere: another replica runs it and does not tell more"`
	Replica          string        `json:"replica" doc:"Which replica runs it; empty if none does"`
	RecordsTotal     int64         `json:"records_total" doc:"Records brought in since it was started"`
	RecordsPerSecond float64       `json:"records_per_second"`
	RefusedTotal     int64         `json:"refused_total" doc:"Records that could not be read, which are dead letters"`
	Lag              int64         `json:"lag" doc:"Records known to wait outside; -1 if unknown"`
	LastRecordAt     *time.Time    `json:"last_record_at,omitempty"`
	LastError        string        `json:"last_error,omitempty"`
	LastErrorAt      *time.Time    `json:"last_error_at,omitempty"`
	Restarts         int64         `json:"restarts" doc:"How often it broke and was started again"`
}
