// The plan of a pipeline with live figures, and previews of its steps.

import { call } from './http'

export interface PlanNode {
  id: number
  /** The node that its rows go to; -1 for a sink. */
  to: number
  port: number
  depth: number
  kind: string
  text: string
  table?: string
  measured: boolean
  tasks: number
  records_in: number
  records_out: number
  bytes_in: number
  bytes_out: number
  records_in_per_second: number
  records_out_per_second: number
  bytes_in_per_second: number
  bytes_out_per_second: number
  /** Shares of time, between 0 and 1. */
  busy: number
  task_busy: number
  backpressured: number
  exchange: boolean
  queue_fill: number
  keys: number
  state_bytes: number
  watermark: string | null
  behind_seconds: number
  waits_for: string | null
  late: number
  dropped: number
}

export interface PlanSplit {
  split: string
  node: number
  table: string
  records: number
  refused: number
  lag: number
  lag_seconds: number
  watermark: string | null
  timed: boolean
  idle: boolean
  waiting: boolean
  done: boolean
  holds: boolean
  because: string
}

export interface PlanCheckpoint {
  epoch: number
  at: string
  duration_ms: number
  wait_ms: number
  drain_ms: number
  snapshot_ms: number
  flush_ms: number
  commit_ms: number
  bytes: number
  state_bytes: number
  error: string
}

export interface PlanReason {
  code: string
  params: Record<string, string>
  text: string
  hint: string
  node: number
}

export interface JobPlan {
  name: string
  state: string
  measured: boolean
  text: string
  over_seconds: number
  bottleneck: number
  nodes: PlanNode[]
  splits: PlanSplit[]
  checkpoints: PlanCheckpoint[]
  why: PlanReason[]
}

export async function fetchPlan(name: string, signal?: AbortSignal): Promise<JobPlan[]> {
  return (await call<{ jobs: JobPlan[] }>('GET', `/api/pipelines/${encodeURIComponent(name)}/plan`, undefined, signal)).jobs
}

export interface PreviewQuestion {
  sql?: string
  pipeline?: string
  job?: string
  node?: number
  from: 'latest' | 'earliest'
  rows: number
  seconds: number
}

export interface PreviewRows {
  columns: { name: string; type: string }[]
  rows: { op: string; values: (string | null)[] }[]
  truncated: boolean
  records_in: number
  refused: number
  refusal?: string
  why: PlanReason[]
  elapsed_ms: number
}

export const preview = (question: PreviewQuestion, signal?: AbortSignal) => call<PreviewRows>('POST', '/api/preview', question, signal)
