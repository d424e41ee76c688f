// What brings records in by itself.

import { call } from './http'
import type { Settings, Trial } from './kinds'
import type { TopicRecord } from './topics'

export const sourceStates = ['running', 'retrying', 'paused', 'elsewhere', 'failed'] as const
export type SourceState = (typeof sourceStates)[number]

export interface Source {
  name: string
  connector: string
  options: Settings
  /** Only a source of the API can be changed here. */
  origin: 'config' | 'api'
  state: SourceState
  /** Which replica runs it; "" if none does. */
  replica: string
  records_total: number
  records_per_second: number
  refused_total: number
  /** Records known to wait outside; -1 while nobody knows. */
  lag: number
  last_record_at?: string
  last_error?: string
  last_error_at?: string
  restarts: number
}

export interface SourceDraft {
  name: string
  connector: string
  options: Settings
}

export interface Preview {
  records: TopicRecord[]
  refused: { value: string; error: string }[]
  /** Why there are no more. */
  error?: string
  hint?: string
}

const at = (name: string) => `/api/sources/${encodeURIComponent(name)}`

export const fetchSources = async (signal?: AbortSignal) =>
  (await call<{ sources: Source[] }>('GET', '/api/sources', undefined, signal)).sources

export const applySource = (draft: SourceDraft) => call<Source>('POST', '/api/sources', draft)

export const testSource = (draft: SourceDraft) => call<Trial>('POST', '/api/sources/test', named(draft))

export const previewSource = (draft: SourceDraft, limit: number, seconds: number) =>
  call<Preview>('POST', '/api/sources/preview', { ...named(draft), limit, seconds })

export const pauseSource = (name: string) => call<Source>('POST', `${at(name)}/pause`)

export const resumeSource = (name: string) => call<Source>('POST', `${at(name)}/resume`)

export const dropSource = (name: string) => call<null>('DELETE', at(name))

/** A trial of something that has no name yet says none. */
function named(draft: SourceDraft): Partial<SourceDraft> {
  const { name, ...rest } = draft
  return name === '' ? rest : draft
}
