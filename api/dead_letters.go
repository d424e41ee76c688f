package api

import "time"

// DeadLetterTopic is a topic of records that could not be read.
type DeadLetterTopic struct {
	Topic    string             `json:"topic"`
	Origin   string             `json:"origin" doc:"The topic that the records were meant for"`
	Records  int64              `json:"records"`
	Pending  int64              `json:"pending" doc:"How many are newer than the last replay of all"`
	NewestAt *time.Time         `json:"newest_at,omitempty"`
	Reasons  []DeadLetterReason `json:"reasons" nullable:"false" doc:"Of the newest 1000, the most frequent first"`
}

// DeadLetterReason counts dead letters of one reason.
type DeadLetterReason struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Replay says which dead letters to send again: all that are pending, or those named.
type Replay struct {
	All     bool       `json:"all,omitempty" doc:"All that are newer than the last replay of all"`
	Records []RecordAt `json:"records,omitempty" nullable:"false" maxItems:"1000" doc:"Instead of all: these"`
	DryRun  bool       `json:"dry_run,omitempty" doc:"Only count"`
}

// RecordAt names a record of a topic.
type RecordAt struct {
	Partition int32 `json:"partition" minimum:"0" maximum:"1000000"`
	Offset    int64 `json:"offset" minimum:"0" maximum:"9007199254740991"`
}

// Replayed says what became of a replay.
type Replayed struct {
	Replayed int64    `json:"replayed" doc:"Sent again, or to be sent"`
	Skipped  int64    `json:"skipped" doc:"Not there any more, or not known where to send"`
	To       []string `json:"to" nullable:"false" doc:"The topics that they went to"`
}
