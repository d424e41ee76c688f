// The topics of the bus and their records.

import { call } from './http'
import type { Json } from './values'

export interface Topic {
  name: string
  partitions: number
  records: number
  bytes?: number
  internal: boolean
  /** Rates are there once the platform has looked twice. */
  records_in_per_second?: number
  records_out_per_second?: number
  bytes_in_per_second?: number
  bytes_out_per_second?: number
}

export interface TopicPartition {
  partition: number
  start: number
  end: number
  stable: number
  bytes?: number
  /** A broker's number; -1: none. */
  leader: number
  replicas: number[]
  in_sync: number[]
}

export interface TopicConfig {
  name: string
  value: string | null
  /** topic: set for this one. */
  source: string
  read_only: boolean
  sensitive: boolean
  documentation?: string
}

export interface TopicReader {
  group: string
  state: string
  members: number
  lag: number
}

export interface TopicDetail extends Topic {
  /** The platform keeps its own state in it. */
  protected: boolean
  layout: TopicPartition[]
  configs: TopicConfig[]
  readers: TopicReader[]
}

export interface TopicDraft {
  name: string
  partitions?: number
  configs?: Record<string, string>
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

/** What was found, and whether all that might match was looked at. */
export interface Found {
  records: TopicRecord[]
  scanned: number
  complete: boolean
}

/** Which records are wanted. */
export interface Seek {
  /** An offset in each partition, or one of its ends. */
  offset?: string
  from?: string
  partition?: number
  filter?: string
}

const pathOf = (topic: string) => `/api/topics/${encodeURIComponent(topic)}`

export async function fetchTopics(signal?: AbortSignal): Promise<Topic[]> {
  return (await call<{ topics: Topic[] | null }>('GET', '/api/topics', undefined, signal)).topics ?? []
}

export const fetchTopic = (topic: string, signal?: AbortSignal): Promise<TopicDetail> => call('GET', pathOf(topic), undefined, signal)

export const createTopic = (draft: TopicDraft): Promise<TopicDetail> => call('POST', '/api/topics', draft)

/** changeTopic sets settings (null: as for all topics again) and how many partitions there are to be. */
export const changeTopic = (topic: string, change: { partitions?: number; configs?: Record<string, string | null> }): Promise<TopicDetail> =>
  call('PATCH', pathOf(topic), change)

export const deleteTopic = (topic: string): Promise<null> => call('DELETE', pathOf(topic))

/** findRecords looks for records of a topic. */
export function findRecords(topic: string, seek: Seek, limit: number, signal?: AbortSignal): Promise<Found> {
  const query = new URLSearchParams({ limit: String(limit) })
  for (const [name, value] of Object.entries(seek)) if (value !== undefined && value !== '') query.set(name, String(value))
  return call('GET', `${pathOf(topic)}/records?${query}`, undefined, signal)
}

export async function fetchRecords(topic: string, offset: 'latest' | 'earliest', limit: number, signal?: AbortSignal): Promise<TopicRecord[]> {
  return (await findRecords(topic, { offset }, limit, signal)).records
}
