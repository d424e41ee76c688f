// Questions of several dimensions.

import { call } from './http'

export const aggregations = ['avg', 'min', 'max', 'sum', 'count', 'first', 'last', 'p50', 'p95', 'p99', 'stddev', 'rate'] as const
export type Aggregation = (typeof aggregations)[number]

export interface AnalyzeRequest {
  measurement: string
  fields: string[]
  aggregation: Aggregation
  group_by: string[]
  time_range: string | { start: string; end: string }
  interval: string
  filters: Record<string, string[]>
  limit: number
  /** Left out: with nothing. */
  compare?: string
}

/** [ms since the epoch, value]; null where the interval has none. */
export type AnalyzePoint = [time: number, value: number | null]

export interface AnalyzeSeries {
  field: string
  tags: Record<string, string>
  points: AnalyzePoint[]
  /** The range that is compared with, its times shifted onto this one. */
  previous?: AnalyzePoint[]
  /** The aggregation over the whole range. */
  total: number | null
}

export interface Analysis {
  interval_seconds: number
  from: string
  upto: string
  series: AnalyzeSeries[]
  /** How many there are; limit leaves the smaller ones out. */
  series_total: number
  truncated: boolean
  /** The rollup that answered, or "". */
  rollup: string
  /** A tier could not be reached: something is missing. */
  partial: boolean
  warnings: string[] | null
  took_ms: number
}

export interface TagValues {
  tags: Record<string, string[]>
  truncated: Record<string, boolean>
}

export const analyze = (request: AnalyzeRequest, signal?: AbortSignal) =>
  call<Analysis>('POST', '/api/analyze', request, signal)

export function fetchTagValues(measurement: string, from: string, upto: string, signal?: AbortSignal): Promise<TagValues> {
  const query = new URLSearchParams({ from, upto, limit: '200' })
  return call<TagValues>('GET', `/api/measurements/${encodeURIComponent(measurement)}/tags?${query}`, undefined, signal)
}
