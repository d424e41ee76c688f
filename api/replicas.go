package api

import "time"

// Replica is a node that shares the work.
type Replica struct {
	Name      string    `json:"name"`
	Address   string    `json:"address"`
	StartedAt time.Time `json:"started_at"`
	Shares    []string  `json:"shares" nullable:"false" doc:"What it does, as pipeline/sensors or source/meters"`
	Self      bool      `json:"self" doc:"It is the one that answers"`
}
