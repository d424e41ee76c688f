// How the platform as a whole is doing.

import { call } from './http'

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

export const fetchSummary = (signal?: AbortSignal) =>
  call<Summary>('GET', '/api/statistics/summary', undefined, signal)

export const fetchStatus = (signal?: AbortSignal) =>
  call<Status>('GET', '/api/status', undefined, signal)
