package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

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

func (s *Server) addStorage(api huma.API) {
	type storageOutput struct{ Body Storage }
	registerPart(part{s, api, s.deps.Storage != nil, "figures of its storage"}, huma.Operation{
		OperationID: "storage", Method: http.MethodGet, Path: "/api/storage", Tags: []string{"node"}, Summary: "Where data is, and how much of it",
	}, func(ctx context.Context, _ *struct{}) (*storageOutput, error) {
		st, err := s.deps.Storage(ctx)
		if err != nil {
			return nil, err
		}
		st.Tiers, st.Measurements = orEmpty(st.Tiers), orEmpty(st.Measurements)
		for i := range st.Measurements {
			st.Measurements[i].Rollups = orEmpty(st.Measurements[i].Rollups)
		}
		if st.Bucket != nil {
			st.Bucket.URL = withoutPassword(st.Bucket.URL)
			st.Bucket.Error = withoutPassword(st.Bucket.Error)
		}
		st.Hot.Error, st.Warm.Error = withoutPassword(st.Hot.Error), withoutPassword(st.Warm.Error)
		return &storageOutput{st}, nil
	})
}
