import { afterEach, describe, expect, it } from 'vitest'
import { zone } from '@/chart/zone'
import { boundsOf, intervalsFor, intervalText, parseRange, rangeLabel, rangeText, readStamp, shift, spanMs, zoomOut, zoomTo } from '@/explore/range'

afterEach(() => (zone.value = 'local'))
const at = (text: string) => Date.parse(text)

it.each([['30s', 3e4], ['15m', 9e5], ['1h', 36e5], ['2d', 1728e5], ['1w', 6048e5], ['', NaN], ['m', NaN], ['1y', NaN], ['-1h', NaN], ['1.5h', NaN]])('%s is %d ms', (text, ms) => expect(spanMs(text)).toBe(ms))

it.each(['-15m', '-30d', '2026-11-20T10:00:00.000Z/2026-11-20T11:00:00.000Z'])('%s is read and written alike', (text) => expect(rangeText(parseRange(text)!)).toBe(text))
it.each(['', '-', '-0m', '15m', 'a/b', '2026-11-20T10:00:00Z', '2026-11-20T10:00:00Z/2026-11-20T10:00:00Z'])('%j is no range', (text) => expect(parseRange(text)).toBeNull())

it('a range until now moves, one between two times does not', () => {
  expect(boundsOf({ kind: 'last', span: '1h' }, 36e5)).toEqual({ from: 0, upto: 36e5 })
  expect(boundsOf({ kind: 'between', from: 1, upto: 2 }, 36e5)).toEqual({ from: 1, upto: 2 })
})

describe('zoom', () => {
  it('is in whole seconds, in either direction, and never nothing', () => {
    expect(zoomTo(5400, 1600)).toEqual({ kind: 'between', from: 1000, upto: 6000 })
    expect(zoomTo(1000, 1000)).toEqual({ kind: 'between', from: 1000, upto: 2000 })
  })

  it('out is twice as long, and stays in the past', () => {
    expect(zoomOut({ from: 100_000, upto: 200_000 }, 1e9)).toEqual({ kind: 'between', from: 50_000, upto: 250_000 })
    expect(zoomOut({ from: 100_000, upto: 200_000 }, 200_000)).toEqual({ kind: 'between', from: 0, upto: 200_000 })
  })

  it('shifts by half', () => {
    expect(shift({ from: 100_000, upto: 200_000 }, -1)).toEqual({ kind: 'between', from: 50_000, upto: 150_000 })
    expect(shift({ from: 100_000, upto: 200_000 }, 1)).toEqual({ kind: 'between', from: 150_000, upto: 250_000 })
  })
})

describe('times as people give them', () => {
  it('are of the chosen zone', () => {
    expect(readStamp('2026-11-20', '10:00:00', 'Asia/Shanghai')).toBe(at('2026-11-20T02:00:00Z'))
    expect(readStamp('2026-11-20', '9:05', 'UTC')).toBe(at('2026-11-20T09:05:00Z'))
    zone.value = 'America/New_York'
    expect(readStamp('2026-07-01', '00:00:00')).toBe(at('2026-07-01T04:00:00Z'))
    expect(rangeLabel({ from: at('2026-07-01T04:00:00Z'), upto: at('2026-07-01T05:30:00Z') })).toBe('2026-07-01 00:00:00 – 01:30:00')
    expect(rangeLabel({ from: at('2026-07-01T03:00:00Z'), upto: at('2026-07-01T05:30:00Z') })).toBe('2026-06-30 23:00:00 – 2026-07-01 01:30:00')
  })

  it.each([['2026-11-20', '24:00'], ['2026-11-20', '10:60'], ['20.11.2026', '10:00'], ['2026-02-31', '10:00'], ['', ''], ['2026-11-20', '10 am']])('%j %j is none', (day, clock) =>
    expect(readStamp(day, clock, 'UTC')).toBeNaN(),
  )
})

it('offers intervals that make a chart', () => {
  const hour = intervalsFor({ from: 0, upto: 36e5 })
  expect(hour[0]).toBe('5s')
  expect(hour).toContain('30m')
  expect(hour).not.toContain('1h')
  expect(intervalsFor({ from: 0, upto: 30 * 864e5 })).toContain('1d')
})

it.each([[5, '5s'], [60, '1m'], [90, '90s'], [3600, '1h'], [86_400, '1d'], [7200, '2h']])('%d s is %s', (seconds, text) => expect(intervalText(seconds)).toBe(text))
