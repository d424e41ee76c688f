// What a person who runs the platform looks at: settings, storage, replicas.

import { call } from './http'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export interface Tier {
  tier: 'head' | 'disk' | 'bucket'
  rows: number
  bytes: number
  parts: number
  from?: string
  upto?: string
}

export interface StoredMeasurement {
  name: string
  rows: number
  bytes: number
  /** How long it is kept; "" for ever. */
  retention: string
  rollups: string[]
}

export interface StorageState {
  tiers: Tier[]
  measurements: StoredMeasurement[]
  cache: { bytes: number; limit: number; hits: number; misses: number }
  bucket?: { url: string; reachable: boolean; error?: string }
  hot: { kind: 'memory' | 'redis'; reachable: boolean; error?: string; series: number }
  warm: { kind: 'local' | 'influxdb'; reachable: boolean; error?: string; pending: number }
}

export interface Replica {
  name: string
  address: string
  started_at: string
  shares: string[]
  self: boolean
}

export const fetchLogLevel = async (signal?: AbortSignal) =>
  (await call<{ level: LogLevel }>('GET', '/api/log-level', undefined, signal)).level

export const setLogLevel = (level: LogLevel) => call<unknown>('PUT', '/api/log-level', { level })

export const fetchConfig = async (signal?: AbortSignal) =>
  (await call<{ yaml: string }>('GET', '/api/config', undefined, signal)).yaml

export const fetchStorage = (signal?: AbortSignal) => call<StorageState>('GET', '/api/storage', undefined, signal)

export const fetchReplicas = async (signal?: AbortSignal) =>
  (await call<{ replicas: Replica[] | null }>('GET', '/api/replicas', undefined, signal)).replicas ?? []
