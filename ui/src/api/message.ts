// What comes out of the socket, checked just far enough that nobody downstream has to doubt it.

import { problemOf, type Problem } from './http'
import type { BaseMessage, ChannelMessage } from './channels'

export type Incoming =
  | { kind: 'base'; body: BaseMessage }
  | { kind: 'channel'; body: ChannelMessage }
  | { kind: 'error'; id: string; problem: Problem }
  | { kind: 'subscribed'; id: string }

/** parseMessage returns null for anything that the protocol does not know. */
export function parseMessage(data: unknown): Incoming | null {
  if (typeof data !== 'string') return null
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    return null
  }
  if (!isObject(value)) return null
  if ('op' in value) return parseAnswer(value)
  if ('channel' in value) return isChannel(value) ? { kind: 'channel', body: value } : null
  return isBase(value) ? { kind: 'base', body: value } : null
}

function parseAnswer(value: Record<string, unknown>): Incoming | null {
  const id = typeof value.id === 'string' ? value.id : ''
  if (value.op === 'subscribed') return { kind: 'subscribed', id }
  if (value.op !== 'error') return null
  return { kind: 'error', id, problem: problemOf(400, 'subscription refused', JSON.stringify(value.error ?? {})) }
}

function isBase(value: object): value is BaseMessage {
  const { timestamp, metrics } = value as Partial<BaseMessage>
  return (
    typeof timestamp === 'string' &&
    isObject(metrics) &&
    isFigure(metrics.cpu) &&
    isFigure(metrics.memory) &&
    typeof metrics.requests_per_second === 'number'
  )
}

function isFigure(value: unknown): value is number | null {
  return value === null || typeof value === 'number'
}

function isChannel(value: object): value is ChannelMessage {
  const message = value as Partial<Record<string, unknown>>
  if (typeof message.id !== 'string') return false
  switch (message.channel) {
    case 'metrics':
      return typeof message.timestamp === 'string' && Array.isArray(message.points)
    case 'topic':
      return Array.isArray(message.records)
    case 'query':
      return Array.isArray(message.columns) && Array.isArray(message.rows)
    default:
      return false
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
