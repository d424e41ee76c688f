// The shapes that the platform answers with. Times are ISO 8601 text unless a name says otherwise.

/** One scalar of the store or of a record. */
export type Cell = string | number | boolean | null

/** A value as JSON carries it. */
export type Json = Cell | Json[] | { [key: string]: Json }

export interface Summary {
  total_events: number
  events_per_second: number
  active_sources: number
  processing_latency_ms: number
}

export interface Status {
  version: string
  started_at: string
  uptime_seconds: number
  host: string
  demo: { running: boolean; topic: string; label: string }
  bus: { embedded: boolean; address: string }
  listen: string
}

export interface QueryRequest {
  measurement: string
  time_range?: string | { start: string; end: string }
  filters?: Record<string, unknown>
  limit?: number
}

export interface QueryRow {
  time: string
  measurement: string
  field: string
  value: Cell
  tags: Record<string, string>
}

export interface Measurement {
  name: string
  tags: string[]
  fields: { name: string; type: string }[]
  rows: number
  from: string | null
  upto: string | null
}

export interface Table {
  columns: { name: string; type: string }[]
  rows: Json[][]
  truncated: boolean
  elapsed_ms: number
}

export interface Topic {
  name: string
  partitions: number
  records: number
  bytes?: number
  internal: boolean
}

export interface TopicRecord {
  partition: number
  offset: number
  timestamp: string
  key: string | null
  value: Json
  /** Dead letters carry here what is wrong with them. */
  headers?: Record<string, string>
}

export type PipelineState = 'starting' | 'running' | 'paused' | 'restarting' | 'failed' | 'finished'

export interface Checkpoint {
  epoch: number
  at: string
  duration_ms: number
  bytes: number
}

export interface Job {
  name: string
  state: PipelineState
  restarts: number
  error?: string
  records_in: number
  records_out: number
  records_per_second: number
  dead_letters: number
  late: number
  /** Records that wait; -1 while nobody knows. */
  lag: number
  watermark: string | null
  last_checkpoint: Checkpoint | null
}

export interface Pipeline {
  name: string
  state: PipelineState
  sql: string
  jobs: Job[]
}

/** What the socket sends each second without being asked; a figure that is not known is null. */
export interface BaseMessage {
  timestamp: string
  metrics: { cpu: number | null; memory: number | null; requests_per_second: number }
}

export interface Point {
  metric: string
  value: number
  tags: Record<string, string>
}

export interface MetricsMessage {
  id: string
  channel: 'metrics'
  seq: number
  timestamp: string
  points: Point[]
}

export interface TopicMessage {
  id: string
  channel: 'topic'
  seq: number
  records: TopicRecord[]
  dropped: number
}

export interface RowsMessage {
  id: string
  channel: 'query'
  seq: number
  columns: { name: string; type: string }[]
  rows: Json[][]
}

export type ChannelMessage = MetricsMessage | TopicMessage | RowsMessage

/** What a subscription asks for; equal requests share one subscription on the server. */
export type ChannelRequest =
  | { channel: 'metrics'; names: string[] }
  | { channel: 'topic'; topic: string }
  | { channel: 'query'; sql: string; interval_ms: number }

/** The message that answers a request. */
export type MessageOf<R extends ChannelRequest> = Extract<ChannelMessage, { channel: R['channel'] }>
