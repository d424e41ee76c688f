// What is stored, and points of it.

import { call } from './http'
import type { Cell } from './values'

export interface Measurement {
  name: string
  tags: string[]
  fields: { name: string; type: string }[]
  rows: number
  from: string | null
  upto: string | null
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

export async function fetchMeasurements(signal?: AbortSignal): Promise<Measurement[]> {
  const answer = await call<{ measurements: Measurement[] | null }>(
    'GET',
    '/api/measurements',
    undefined,
    signal,
  )
  return answer.measurements ?? []
}

export async function queryPoints(request: QueryRequest, signal?: AbortSignal): Promise<QueryRow[]> {
  return (await call<{ data: QueryRow[] | null }>('POST', '/api/query', request, signal)).data ?? []
}
