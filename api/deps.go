package api

import (
	"context"
	"crypto/tls"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"millrace/alert"
	"millrace/option"
	"millrace/telemetry"
)

// Deps are what a Server shows and whom it lets in. All functions and methods are called from many
// goroutines at once. What may be nil says so; its resources then answer 404, saying that this node does
// not have them.
type Deps struct {
	Version   string
	Log       *slog.Logger
	Metrics   *telemetry.Metrics
	Latest    Latest
	Store     Store
	Bus       Bus
	Pipelines Pipelines
	// Moves puts pipelines elsewhere; may be nil.
	Moves Moves
	// Transfers moves pipelines between engines; may be nil.
	Transfers Transfers
	Summary   func() Summary
	Status    func() Status

	// Connectors are the collectors that a source can be made of; Sources are those that there are.
	Connectors []Kind
	Sources    Sources // may be nil
	// Admin changes topics and knows who reads them; may be nil.
	Admin BusAdmin
	// DeadLetters gives access to the records that could not be read; may be nil.
	DeadLetters DeadLetters
	// Analysis answers with figures instead of points; may be nil.
	Analysis Analysis
	// Views keeps the saved views of the screen, a key each that begins with "view/"; may be nil.
	Views KeyTable

	// Alerts watches, and tells people; nil where nothing is watched.
	Alerts *alert.Evaluator

	// LogLevel is the least level logged, which may be changed; may be nil.
	LogLevel *slog.LevelVar
	// Config returns the settings that are in force, as YAML, secrets as ******; may be nil.
	Config func() ([]byte, error)
	// Storage describes the tiers, the cache and the stores behind them. What cannot be reached is
	// said in its part of the answer, not by an error; may be nil.
	Storage func(ctx context.Context) (Storage, error)
	// Replicas lists the nodes that share the work, this one among them; may be nil.
	Replicas func(ctx context.Context) ([]Replica, error)

	// Ready are what must work before the node takes requests.
	Ready []Check
	// Ingest are the routes of push protocols by net/http pattern ("POST /api/write").
	Ingest map[string]http.Handler
	// MetricsEndpoint answers /metrics.
	MetricsEndpoint http.Handler
	// Screen are the files of the screen, index.html at the root.
	Screen   fs.FS
	Security Security
}

// Security says who may ask.
type Security struct {
	// Loopback: the address can be reached from this machine only. Requests must then be for a
	// name of this machine or one of Hosts, since any web page could point a name of its own here.
	Loopback bool
	Hosts    []string
	// Tokens let their bearers in. Without any, everyone is an admin.
	Tokens []Token
	// Origins are those whose pages may call the API, as "https://example.org"; "*" is everyone.
	Origins []string
	// RequestsPerSecond bounds the requests of one token, and of one address for those who bring none;
	// 0 is no bound. Twice as many may come at once.
	RequestsPerSecond float64
	// LiveClients bounds the WebSocket connections of one token; 0 is DefaultLiveClients.
	LiveClients int
	// TLS makes Serve speak HTTPS, see LoadTLS; may be nil.
	TLS *tls.Config
}

// DefaultLiveClients is how many WebSocket connections one token has at most, if nothing else is said:
// a tenth of all.
const DefaultLiveClients = maxClients / 10

// Token lets its bearer in with a role.
type Token struct {
	Name   string
	Role   Role
	Secret telemetry.Secret
}

// Check is one thing that must work before the node is ready.
type Check struct {
	Name  string
	Ready func(ctx context.Context) error
}

// Latest knows the newest point of every series.
type Latest interface {
	// Points returns the newest point of each series of the named metrics, in any order.
	Points(metrics ...string) []Point
}

// Point is one value of one metric. Tags must not be written to.
type Point struct {
	Metric string
	Time   time.Time
	Value  float64
	Tags   map[string]string
}

// Store answers for what is stored. A measurement that does not exist is a fault.NotFound; what a
// query does wrong is a fault.Invalid; a query beyond its bounds is a fault.Limit.
type Store interface {
	Measurements(ctx context.Context) ([]Measurement, error)
	// Select returns the points that q asks for, ascending by time.
	Select(ctx context.Context, q Selection) (Selected, error)
	// SQL answers one SELECT with at most limit rows.
	SQL(ctx context.Context, text string, limit int) (Table, error)
}

// Selection asks for the points of one measurement.
type Selection struct {
	Measurement string
	From, Upto  time.Time // From inclusive, Upto exclusive; zero: unbounded
	Filters     []Filter  // all must hold
	Fields      []string  // empty: all
	Limit       int       // how many points at most, the newest
}

// Filter compares a tag or field with values.
type Filter struct {
	Column string
	Op     string // in, eq, ne, gt, gte, lt, lte
	Values []any  // string, float64, bool or json.Number; one unless Op is in
}

// Selected are the points that were found.
type Selected struct {
	Rows      []QueryRow
	Truncated bool // the limit left older ones out
	// Warnings say what is missing because a tier could not be reached, one each; none: nothing is.
	Warnings []string
}

// Table is an answer to SQL. Values are what JSON can tell.
type Table struct {
	Columns   []Column
	Rows      [][]any
	Truncated bool
	Warnings  []string // as those of Selected
}

// Analysis answers with figures instead of points. Its errors are those of Store.
type Analysis interface {
	// Aggregate returns a series for each field and each combination of the tags of q.GroupBy, those
	// with the largest mean first.
	Aggregate(ctx context.Context, q Aggregation) (Aggregated, error)
	// TagValues returns the values that each tag of a measurement has between two times (zero: unbounded),
	// sorted, at most limit of each, and which tags have more.
	TagValues(ctx context.Context, measurement string, from, upto time.Time, limit int) (values map[string][]string, more map[string]bool, err error)
}

// Aggregation asks for figures of one measurement.
type Aggregation struct {
	Measurement string
	Fields      []string
	// Function is avg, min, max, sum, count, first, last, p50, p95, p99, stddev or rate (the increase in
	// a second of a counter that may begin anew).
	Function string
	GroupBy  []string // tags; the others are put together
	From     time.Time
	Upto     time.Time     // exclusive, never zero
	Interval time.Duration // of a bucket; buckets begin at its multiples since 1970
	Filters  []Filter
	Limit    int // how many series at most
}

// Aggregated is the answer to an Aggregation.
type Aggregated struct {
	Series      []AggregatedSeries
	SeriesTotal int    // how many there are without the limit
	Rollup      string // the rollup that answered ("1m", "1h"), if one did
	Partial     bool   // a tier could not be reached
	Warnings    []string
}

// AggregatedSeries is one line of a chart. Tags has the tags of GroupBy, "" where a row has none.
type AggregatedSeries struct {
	Field  string
	Tags   map[string]string
	Points []Bucket // ascending by time; buckets without a row may be left out
	Total  float64  // the function over the whole range; NaN: none
}

// Bucket is the value of an interval that begins at Time; NaN is none.
type Bucket struct {
	Time  time.Time
	Value float64
}

// KeyTable is a small table that replicas share, as bus.OpenTable gives. A nil value deletes a key.
// Put returns once a Get sees the value.
type KeyTable interface {
	Get(key string) ([]byte, bool)
	List(prefix string) map[string][]byte
	Put(ctx context.Context, key string, value []byte) error
}

// Kind is something that is made by its options: a connector.
type Kind struct {
	Name    string
	Doc     string
	Options []option.Option
}

// Sources run collectors. A name that does not exist is a fault.NotFound; a change of a source that the
// configuration made is a fault.Conflict. The options are checked against their Kind already; a
// source is given and returned with its secrets, which the API hides.
type Sources interface {
	List(ctx context.Context) ([]Source, error)
	// Apply makes a source, or replaces the one of that name, and runs it on some replica.
	Apply(ctx context.Context, s SourceDraft) error
	// Test tries settings without collecting: nil if a source of them would work.
	Test(ctx context.Context, s SourceDraft) error
	// Preview collects without acknowledging anything, until there are limit records or ctx ends; both
	// are success. With an error it returns what there was before.
	Preview(ctx context.Context, s SourceDraft, limit int) (Preview, error)
	Pause(ctx context.Context, name string) error
	Resume(ctx context.Context, name string) error
	Drop(ctx context.Context, name string) error
}

// SourceDraft is a source as it is asked for. Name may be empty when it is only tried.
type SourceDraft struct {
	Name      string
	Connector string
	Options   option.Values
}

// Preview is what a source would bring.
type Preview struct {
	Records []Record
	Refused []Unreadable
}

// Unreadable is a record that a source could not read.
type Unreadable struct {
	Value  []byte
	Reason string
}

// DeadLetters are the records that could not be read. A topic that has none is a fault.NotFound.
type DeadLetters interface {
	Topics(ctx context.Context) ([]DeadLetterTopic, error)
	// Records returns up to limit dead letters, the newest first, that are older than the position
	// before ("": all are), and the position to go on from, "" if there are no more. A position that
	// is none is a fault.Invalid.
	Records(ctx context.Context, topic, before string, limit int) (list []DeadLetter, next string, err error)
	// Replay sends dead letters to the topics that they came from; with DryRun it only counts.
	Replay(ctx context.Context, topic string, r Replay) (Replayed, error)
}

// DeadLetter is a record of a dead-letter topic; its headers are connector.HeaderError and the like.
type DeadLetter struct {
	Record
	Replayed bool
}

// Bus gives access to records. A topic that does not exist is a fault.NotFound.
type Bus interface {
	Topics(ctx context.Context) ([]Topic, error)
	// Records looks for records of a topic and returns them in the order of their times.
	Records(ctx context.Context, topic string, q RecordQuery) (RecordsFound, error)
	// Tail calls fn with what arrives from now on until ctx ends, then it returns nil. The record
	// is valid during the call.
	Tail(ctx context.Context, topic string, fn func(Record)) error
}

// RecordQuery says which records of a topic are wanted.
type RecordQuery struct {
	Limit     int
	Newest    bool   // those at the end; else those from a beginning on
	Offset    int64  // to begin at in each partition, where From is empty; 0 is the oldest there is
	From      string // a time to begin at: RFC 3339, or how long ago
	Upto      string // a time to end before, as From; empty: now
	Partition int32  // -1: all
	// Text, Key and Regex are those of bus.Pattern.
	Text, Key string
	Regex     bool
}

// RecordsFound are records that were looked for.
type RecordsFound struct {
	Records []Record
	Scanned int64 // how many were looked at
	// Complete: all that might match were looked at, as far as the limit asks. Else the search was ended by its bounds.
	Complete bool
}

// BusAdmin changes topics and groups of the bus. What does not exist is a fault.NotFound; what belongs to the platform
// itself is not changed, which is a fault.Denied, and neither is a group with members, which is a fault.Conflict.
type BusAdmin interface {
	Topic(ctx context.Context, name string) (TopicDetail, error)
	CreateTopic(ctx context.Context, t TopicRequest) error
	ChangeTopic(ctx context.Context, name string, c TopicChange) error
	DeleteTopic(ctx context.Context, name string) error
	// DeleteRecords forgets what is before an offset of a partition; -1 stands for the end and for all partitions.
	DeleteRecords(ctx context.Context, name string, partition int32, before int64) error

	Groups(ctx context.Context) ([]Group, error)
	Group(ctx context.Context, name string) (GroupDetail, error)
	ResetGroup(ctx context.Context, name string, r GroupReset) ([]MovedOffset, error)
	DeleteGroup(ctx context.Context, name string) error
	// DeleteGroupOffsets forgets what a group has committed in a topic, and returns in how many partitions.
	DeleteGroupOffsets(ctx context.Context, name, topic string) (int, error)
}

// Record is one record of a topic. A nil Key or Value is none.
type Record struct {
	Partition  int32
	Offset     int64
	Time       time.Time
	Key, Value []byte
	Headers    []Header
}

// Header is a name and a value beside a record.
type Header struct {
	Name  string
	Value []byte
}

// Pipelines runs SQL pipelines. A name that does not exist is a fault.NotFound; SQL that does not
// hold a fault.Invalid.
type Pipelines interface {
	List(ctx context.Context) ([]Pipeline, error)
	// Plan returns how a pipeline does what it does.
	Plan(ctx context.Context, name string) (PipelinePlan, error)
	// Apply runs a pipeline. The same pipeline again changes nothing; another under a name that is
	// taken is a fault.Conflict.
	Apply(ctx context.Context, p PipelineRequest) error
	// Pause, Resume and Drop return when that is done, or when it is clear why it is not yet.
	Pause(ctx context.Context, name string) error
	Resume(ctx context.Context, name string) error
	Drop(ctx context.Context, name string) error
}
