// The platform's API, one function per operation. Pages call these; parts are given the answers.

import { call } from './http'
import type {
  Measurement,
  Pipeline,
  QueryRequest,
  QueryRow,
  Status,
  Summary,
  Table,
  Topic,
  TopicRecord,
} from './types'

export const fetchSummary = (signal?: AbortSignal) =>
  call<Summary>('GET', '/api/statistics/summary', undefined, signal)

export const fetchStatus = (signal?: AbortSignal) =>
  call<Status>('GET', '/api/status', undefined, signal)

export async function fetchTopics(signal?: AbortSignal): Promise<Topic[]> {
  return (await call<{ topics: Topic[] | null }>('GET', '/api/topics', undefined, signal)).topics ?? []
}

export async function fetchRecords(
  topic: string,
  from: 'latest' | 'earliest',
  limit: number,
  signal?: AbortSignal,
): Promise<TopicRecord[]> {
  const path = `/api/topics/${encodeURIComponent(topic)}/records?limit=${limit}&offset=${from}`
  return (await call<{ records: TopicRecord[] | null }>('GET', path, undefined, signal)).records ?? []
}

export async function fetchPipelines(signal?: AbortSignal): Promise<Pipeline[]> {
  const answer = await call<{ pipelines: Pipeline[] | null }>('GET', '/api/pipelines', undefined, signal)
  return answer.pipelines ?? []
}

export const pausePipeline = (name: string) =>
  call<unknown>('POST', `/api/pipelines/${encodeURIComponent(name)}/pause`)

export const resumePipeline = (name: string) =>
  call<unknown>('POST', `/api/pipelines/${encodeURIComponent(name)}/resume`)

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

export const runSql = (sql: string, limit: number, signal?: AbortSignal) =>
  call<Table>('POST', '/api/sql', { sql, limit }, signal)
