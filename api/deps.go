package api

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"millrace/telemetry"
)

// Deps are what a Server shows and whom it lets in. All functions and methods are called from many
// goroutines at once.
type Deps struct {
	Version   string
	Log       *slog.Logger
	Metrics   *telemetry.Metrics
	Latest    Latest
	Store     Store
	Bus       Bus
	Pipelines Pipelines
	Summary   func() Summary
	Status    func() Status
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
}

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
	// Select returns the points that q asks for, ascending by time, and whether the limit left
	// older ones out.
	Select(ctx context.Context, q Selection) (rows []QueryRow, truncated bool, err error)
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

// Table is an answer to SQL. Values are what JSON can tell.
type Table struct {
	Columns   []Column
	Rows      [][]any
	Truncated bool
}

// Bus gives access to records. A topic that does not exist is a fault.NotFound.
type Bus interface {
	Topics(ctx context.Context) ([]Topic, error)
	// Records returns up to limit records of a topic, the oldest or the newest, in the order of
	// their times.
	Records(ctx context.Context, topic string, earliest bool, limit int) ([]Record, error)
	// Tail calls fn with what arrives from now on until ctx ends, then it returns nil. The record
	// is valid during the call.
	Tail(ctx context.Context, topic string, fn func(Record)) error
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
	// Apply runs a pipeline, whose bad records go to the topics that the pattern deadLetters names.
	// The same pipeline again changes nothing; another under a name that is taken is a
	// fault.Conflict.
	Apply(ctx context.Context, name, sql, deadLetters string) error
	Pause(ctx context.Context, name string) error
	Resume(ctx context.Context, name string) error
	Drop(ctx context.Context, name string) error
}
