// Records that could not be read, and sending them again.

import { call } from './http'
import type { Json } from './values'

export interface LetterTopic {
  topic: string
  /** The topic that the records were meant for. */
  origin: string
  records: number
  /** How many are newer than the last replay of all. */
  pending: number
  newest_at?: string
  /** Of the newest thousand, the most frequent first. */
  reasons: { reason: string; count: number }[]
}

export interface Letter {
  partition: number
  offset: number
  time: string
  error: string
  field: string
  pipeline: string
  topic: string
  source_partition: string
  source_offset: string
  key: string | null
  value: Json
  encoding: 'text' | 'json' | 'base64'
  replayed: boolean
}

export interface LetterPage {
  records: Letter[]
  next?: string
}

/** Which letters to send again. */
export type Chosen = { all: true } | { records: { partition: number; offset: number }[] }

export interface Replayed {
  replayed: number
  skipped: number
  to: string[]
}

const at = (topic: string) => `/api/dead-letters/${encodeURIComponent(topic)}`

export const fetchLetterTopics = async (signal?: AbortSignal) =>
  (await call<{ topics: LetterTopic[] }>('GET', '/api/dead-letters', undefined, signal)).topics

export const fetchLetters = (topic: string, before: string, limit: number, signal?: AbortSignal) =>
  call<LetterPage>('GET', `${at(topic)}/records?limit=${limit}${before && `&before=${encodeURIComponent(before)}`}`, undefined, signal)

export const replayLetters = (topic: string, chosen: Chosen, dryRun: boolean) =>
  call<Replayed>('POST', `${at(topic)}/replay`, { ...chosen, dry_run: dryRun })
