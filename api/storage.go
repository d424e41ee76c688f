package api

import "time"

// Storage says where data is and how much of it.
type Storage struct {
	Tiers        []Tier              `json:"tiers" nullable:"false"`
	Measurements []StoredMeasurement `json:"measurements" nullable:"false"`
	Cache        CacheState          `json:"cache" doc:"Of parts fetched from the bucket"`
	Bucket       *BucketState        `json:"bucket,omitempty" doc:"Left out if there is none"`
	Hot          HotState            `json:"hot" doc:"Latest values"`
	Warm         WarmState           `json:"warm"`
}

// Tier is one place where rows are; a row is in one of them.
type Tier struct {
	Tier  string     `json:"tier" enum:"head,disk,bucket"`
	Rows  int64      `json:"rows"`
	Bytes int64      `json:"bytes"`
	Parts int64      `json:"parts"`
	From  *time.Time `json:"from,omitempty" doc:"The time of its oldest row"`
	Upto  *time.Time `json:"upto,omitempty" doc:"The time of its newest row"`
}

// StoredMeasurement says what one measurement takes.
type StoredMeasurement struct {
	Name      string   `json:"name"`
	Rows      int64    `json:"rows"`
	Bytes     int64    `json:"bytes"`
	Retention string   `json:"retention" doc:"How long it is kept, as 30d; empty: for ever"`
	Rollups   []string `json:"rollups" nullable:"false" doc:"The intervals that are kept ready"`
}

// CacheState describes the cache of parts of the bucket.
type CacheState struct {
	Bytes  int64 `json:"bytes"`
	Limit  int64 `json:"limit"`
	Hits   int64 `json:"hits"`
	Misses int64 `json:"misses"`
}

// BucketState describes the bucket.
type BucketState struct {
	URL       string `json:"url" doc:"Without secrets"`
	Reachable bool   `json:"reachable"`
	Error     string `json:"error,omitempty"`
}

// HotState describes where the latest values are.
type HotState struct {
	Kind      string `json:"kind" enum:"memory,redis"`
	Reachable bool   `json:"reachable"`
	Error     string `json:"error,omitempty"`
	Series    int64  `json:"series"`
}

// WarmState describes the store of rows that are not so new.
type WarmState struct {
	Kind      string `json:"kind" enum:"local,influxdb"`
	Reachable bool   `json:"reachable"`
	Error     string `json:"error,omitempty"`
	Pending   int64  `json:"pending" doc:"Rows that wait to be written to it"`
}
