import { expect, it } from 'vitest'
import { parseMessage } from '@/api/message'

const parse = (value: unknown) => parseMessage(JSON.stringify(value))

it('knows the message of each second by its shape', () => {
  const body = { timestamp: '2026-11-20T10:00:00Z', metrics: { cpu: 1, memory: 2, requests_per_second: 3 } }
  expect(parse(body)).toEqual({ kind: 'base', body })
  const unknown = { ...body, metrics: { cpu: null, memory: null, requests_per_second: 0 } }
  expect(parse(unknown)).toEqual({ kind: 'base', body: unknown })
})

it.each([
  [{ id: 'a', channel: 'metrics', seq: 1, timestamp: 't', points: [] }],
  [{ id: 'a', channel: 'topic', seq: 1, records: [], dropped: 0 }],
  [{ id: 'a', channel: 'query', seq: 1, columns: [], rows: [] }],
])('knows channels: %j', (body) => expect(parse(body)).toEqual({ kind: 'channel', body }))

it('knows answers', () => {
  expect(parse({ op: 'subscribed', id: 'a' })).toEqual({ kind: 'subscribed', id: 'a' })
  expect(parse({ op: 'error', id: 'a', error: { title: 'Not Found', status: 404 } })).toMatchObject({
    kind: 'error',
    id: 'a',
    problem: { message: 'Not Found' },
  })
})

it.each([
  [{ metrics: { cpu: 1, memory: 2, requests_per_second: 3 } }],
  [{ timestamp: 't', metrics: { cpu: '1', memory: 2, requests_per_second: 3 } }],
  [{ timestamp: 't', metrics: null }],
  [{ channel: 'metrics', points: [], timestamp: 't' }],
  [{ id: 'a', channel: 'metrics', timestamp: 't' }],
  [{ id: 'a', channel: 'topic', records: {} }],
  [{ id: 'a', channel: 'video' }],
  [{ op: 'sing' }],
  [[]],
  [null],
])('refuses %j', (value) => expect(parse(value)).toBeNull())

it('refuses what is not text, or not JSON', () => {
  expect(parseMessage(new ArrayBuffer(4))).toBeNull()
  expect(parseMessage('{"timestamp"')).toBeNull()
})
