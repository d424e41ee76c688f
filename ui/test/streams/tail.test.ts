import { describe, expect, it } from 'vitest'
import type { TopicRecord } from '@/api/topics'
import type { Json } from '@/api/values'
import { blockOf, lineOf, matching, Tail, TAIL_LIMIT } from '@/streams/tail'

const record = (offset: number, value: Json = { n: offset }, key: string | null = null): TopicRecord => ({
  partition: 0,
  offset,
  timestamp: new Date(Date.UTC(2026, 10, 20) + offset * 1000).toISOString(),
  key,
  value,
})
const offsets = (tail: Tail) => tail.rows.map((row) => row.record.offset)
const message = (dropped: number, ...records: TopicRecord[]) => ({ id: 'a', channel: 'topic' as const, seq: 1, records, dropped })

describe('Tail', () => {
  it('has the newest first, each record once, whatever the order they come in', () => {
    const tail = new Tail()
    tail.add([message(0, record(5), record(6))])
    tail.addRecords([record(3), record(4), record(5)])
    tail.add([message(0, record(7))])
    expect(offsets(tail)).toEqual([7, 6, 5, 4, 3])
  })

  it('tells partitions apart', () => {
    const tail = new Tail()
    tail.addRecords([record(1), { ...record(1), partition: 1 }])
    expect(tail.rows).toHaveLength(2)
  })

  it('is bounded', () => {
    const tail = new Tail()
    for (let offset = 0; offset < TAIL_LIMIT * 3; offset++) tail.addRecords([record(offset)])
    expect(tail.rows).toHaveLength(TAIL_LIMIT)
    expect(tail.rows[0]!.record.offset).toBe(TAIL_LIMIT * 3 - 1)
  })

  it('stands still while paused and catches up', () => {
    const tail = new Tail()
    tail.addRecords([record(1)])
    tail.paused = true
    tail.addRecords([record(2), record(3)])
    expect(offsets(tail)).toEqual([1])
    expect(tail.waitingCount).toBe(2)
    tail.resume()
    expect(offsets(tail)).toEqual([3, 2, 1])
    expect(tail.waitingCount).toBe(0)
  })

  it('is bounded while paused as well', () => {
    const tail = new Tail()
    tail.paused = true
    for (let offset = 0; offset < TAIL_LIMIT * 2; offset++) tail.addRecords([record(offset)])
    expect(tail.waitingCount).toBe(TAIL_LIMIT)
  })

  it('counts what was left out, and forgets on clear', () => {
    const tail = new Tail()
    tail.add([message(3, record(1)), message(4)])
    expect(tail.dropped).toBe(7)
    tail.clear()
    expect([tail.rows.length, tail.dropped]).toEqual([0, 0])
  })
})

it('matching looks into key and value, whatever the case', () => {
  const tail = new Tail()
  tail.addRecords([record(1, { city: 'Berlin' }, 'K1'), record(2, { city: 'Oslo' }, 'k2')])
  const found = (text: string) => matching(tail.rows, text).map((row) => row.record.offset)
  expect(found('berlin')).toEqual([1])
  expect(found('K')).toEqual([2, 1])
  expect(found(' ')).toEqual([2, 1])
  expect(found('rome')).toEqual([])
})

it('shows values as they are', () => {
  expect(lineOf({ a: [1, null] })).toBe('{"a":[1,null]}')
  expect(lineOf('{"broken')).toBe('{"broken')
  expect(lineOf(null)).toBe('null')
  expect(blockOf({ a: 1 })).toBe('{\n  "a": 1\n}')
})
