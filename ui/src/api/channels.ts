// What travels through the socket.

import type { TopicRecord } from './topics'
import type { Json } from './values'

/** What the socket sends each second without being asked; a figure that is not known is null. */
export interface BaseMessage {
  timestamp: string
  metrics: { cpu: number | null; memory: number | null; requests_per_second: number }
}

export interface Point {
  metric: string
  value: number
  tags: Record<string, string>
}

export interface MetricsMessage {
  id: string
  channel: 'metrics'
  seq: number
  timestamp: string
  points: Point[]
}

export interface TopicMessage {
  id: string
  channel: 'topic'
  seq: number
  records: TopicRecord[]
  dropped: number
}

export interface RowsMessage {
  id: string
  channel: 'query'
  seq: number
  columns: { name: string; type: string }[]
  rows: Json[][]
}

export type ChannelMessage = MetricsMessage | TopicMessage | RowsMessage

/** What a subscription asks for; equal requests share one subscription on the server. */
export type ChannelRequest =
  | { channel: 'metrics'; names: string[] }
  | { channel: 'topic'; topic: string }
  | { channel: 'query'; sql: string; interval_ms: number }

/** The message that answers a request. */
export type MessageOf<R extends ChannelRequest> = Extract<ChannelMessage, { channel: R['channel'] }>
