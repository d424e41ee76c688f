import { afterEach, describe, expect, it, vi } from 'vitest'
import { clockText, dayText, stampText } from '@/chart/figure'
import { timeMarks } from '@/chart/axis'
import { chooseZone, isZone, offsetOf, recallZone, timeInZone, wallOf, zone } from '@/chart/zone'

afterEach(() => (zone.value = 'local'))
const at = (text: string) => Date.parse(text)

it('shows times in the chosen zone, in 24 hours', () => {
  zone.value = 'Asia/Shanghai'
  expect(stampText(at('2026-11-20T16:05:09Z'))).toBe('2026-11-21 00:05:09')
  zone.value = 'UTC'
  expect(clockText(at('2026-11-20T13:05:09Z'))).toBe('13:05:09')
  expect(dayText(at('2026-01-02T00:00:00Z'))).toBe('2026-01-02')
})

it('finds the time again, also across a change of the clock', () => {
  for (const name of ['UTC', 'Asia/Shanghai', 'America/New_York', 'Australia/Lord_Howe']) {
    for (const text of ['2026-03-08T05:30:00Z', '2026-03-08T08:30:00Z', '2026-07-01T12:00:00Z', '2026-11-01T12:00:00Z']) {
      expect(timeInZone(wallOf(at(text), name), name), `${name} ${text}`).toBe(at(text))
    }
  }
  expect(offsetOf(at('2026-07-01T00:00:00Z'), 'America/New_York')).toBe(-4 * 36e5)
})

it('remembers a zone, and nothing that is none', () => {
  const setItem = vi.fn()
  chooseZone('UTC', { setItem })
  expect(setItem).toHaveBeenCalledWith('millrace.zone', 'UTC')
  recallZone({ getItem: () => 'Mars/Olympus' })
  expect(zone.value).toBe('UTC')
  recallZone({ getItem: () => 'Asia/Tokyo' })
  expect(zone.value).toBe('Asia/Tokyo')
  recallZone({ getItem: () => { throw new Error('forbidden') } })
  expect(isZone('local')).toBe(true)
})

describe('marks of a time axis', () => {
  it('stand at whole steps of the reader\'s clock', () => {
    zone.value = 'Asia/Kolkata'
    const { times, label } = timeMarks(at('2026-11-20T00:00:00Z'), at('2026-11-20T12:00:00Z'), 8)
    expect(times.map(label)).toEqual(['06:00', '08:00', '10:00', '12:00', '14:00', '16:00'])
  })

  it('say the day at midnight, and seconds where they matter', () => {
    zone.value = 'UTC'
    const night = timeMarks(at('2026-11-20T22:00:00Z'), at('2026-11-21T02:00:00Z'), 4)
    expect(night.times.map(night.label)).toEqual(['22:00', '23:00', '11-21', '01:00', '02:00'])
    const short = timeMarks(at('2026-11-20T22:00:01Z'), at('2026-11-20T22:00:31Z'), 4)
    expect(short.times.map(short.label)).toEqual(['22:00:10', '22:00:20', '22:00:30'])
    const month = timeMarks(at('2026-10-20T00:00:00Z'), at('2026-11-20T00:00:00Z'), 6)
    expect(month.times.length).toBeLessThanOrEqual(7)
    expect(month.label(month.times[0]!)).toMatch(/^\d\d-\d\d$/)
  })

  it('are none for a range that is none', () => expect(timeMarks(NaN, 1, 8).times).toEqual([]))
})
