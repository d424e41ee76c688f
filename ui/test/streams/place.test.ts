import { describe, expect, it } from 'vitest'
import { badTopic, readable } from '@/streams/names'
import { faultOf, isLive, newPlace, seekOf, timeOfStamp, type Place } from '@/streams/place'
import { targetOf } from '@/streams/reset'

const now = Date.UTC(2026, 10, 20, 10)
const place = (change: Partial<Place>): Place => ({ ...newPlace(now), ...change })

describe('a place', () => {
  it('is live only where nothing else than the newest is asked for', () => {
    expect(isLive(place({}))).toBe(true)
    expect(isLive(place({ search: '  ' }))).toBe(true)
    for (const change of [{ search: 'x' }, { partition: '0' }, { from: 'earliest' }, { from: 'offset' }] as Partial<Place>[]) expect(isLive(place(change))).toBe(false)
  })

  it('becomes a question', () => {
    expect(seekOf(place({}))).toEqual({ offset: 'latest' })
    expect(seekOf(place({ from: 'earliest', partition: '2', search: ' hot ' }))).toEqual({ offset: 'earliest', partition: 2, filter: 'hot' })
    expect(seekOf(place({ from: 'offset', offset: ' 77 ' }))).toEqual({ offset: '77' })
    const stamp = newPlace(now).stamp
    expect(seekOf(place({ from: 'time' }))).toEqual({ from: new Date(now - 3_600_000).toISOString() })
    expect(timeOfStamp(stamp)).toBe(now - 3_600_000)
  })

  it.each([
    [{ from: 'offset', offset: '-1' }, 'offset'],
    [{ from: 'offset', offset: '' }, 'offset'],
    [{ from: 'offset', offset: '1e3' }, 'offset'],
    [{ from: 'time', stamp: 'soon' }, 'stamp'],
    [{ from: 'time', stamp: '2026-02-30 10:00' }, 'stamp'],
    [{ from: 'time', stamp: '2026-11-20 10:00 or so' }, 'stamp'],
    [{ from: 'latest', offset: 'x', stamp: 'y' }, null],
    [{ from: 'time', stamp: '2026-11-20' }, null],
  ] as [Partial<Place>, string | null][])('%j has the fault %s', (change, want) => {
    expect(faultOf(place(change))).toBe(want)
    expect(seekOf(place(change)) === null).toBe(want !== null)
  })
})

it.each([
  ['earliest', '', 'earliest'],
  ['latest', 'ignored', 'latest'],
  ['offset', ' 12 ', '12'],
  ['offset', '-12', null],
  ['shift', '-100', '-100'],
  ['shift', '50', '+50'],
  ['shift', '+50', '+50'],
  ['shift', '0', null],
  ['shift', 'x', null],
  ['time', 'noon', null],
] as const)('moved to %s %j is %s', (where, text, want) => {
  expect(targetOf(where, text)).toBe(want)
})

it('a time to move to is told in UTC', () => {
  expect(targetOf('time', newPlace(now).stamp)).toBe('2026-11-20T09:00:00.000Z')
})

it.each([
  ['', 'required'],
  ['a b', 'name'],
  ['..', 'name'],
  ['x'.repeat(250), 'name'],
  ['taken', 'taken'],
  ['sensors.raw-2_b', null],
])('the name %j: %s', (name, want) => {
  expect(badTopic(name, ['taken'])).toBe(want)
})

it.each([
  ['retention.ms', '604800000', '7 d'],
  ['retention.ms', '5400000', '90 min'],
  ['retention.ms', '-1', ''],
  ['retention.ms', '500', ''],
  ['segment.bytes', '1073741824', '1 GiB'],
  ['max.message.bytes', '1048588', '1 MiB'],
  ['cleanup.policy', 'delete', ''],
  ['retention.ms', null, ''],
])('%s = %s is %j', (name, value, want) => {
  expect(readable(name, value)).toBe(want)
})
