// The pipelines and their jobs.

import { call } from './http'
import type { PipelineMove } from './move'

export type PipelineState = 'starting' | 'running' | 'paused' | 'restarting' | 'failed' | 'finished' | 'stopping' | 'unknown'

export type Engine = 'millrace' | 'flink'

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
  engine: Engine
  /** Its id on Flink, and its page there. */
  flink_job?: string
  link?: string
  /** Where Flink goes on from when it is submitted again. */
  savepoint?: string
}

export interface Pipeline {
  name: string
  state: PipelineState
  engine: Engine
  /** The SQL Gateway of the Flink that runs it. */
  gateway?: string
  sql: string
  jobs: Job[]
  /** While it moves to another engine, and when the last move failed. */
  move?: PipelineMove
}

export async function fetchPipelines(signal?: AbortSignal): Promise<Pipeline[]> {
  const answer = await call<{ pipelines: Pipeline[] | null }>('GET', '/api/pipelines', undefined, signal)
  return answer.pipelines ?? []
}

export const pausePipeline = (name: string) =>
  call<unknown>('POST', `/api/pipelines/${encodeURIComponent(name)}/pause`)

export const resumePipeline = (name: string) =>
  call<unknown>('POST', `/api/pipelines/${encodeURIComponent(name)}/resume`)
