// The topics of the bus and their records.

import { call } from './http'
import type { Json } from './values'

export interface Topic {
  name: string
  partitions: number
  records: number
  bytes?: number
  internal: boolean
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
