import { expect, it } from 'vitest'
import {
  bytesText,
  countText,
  fixed,
  msText,
  niceEnd,
  niceStep,
  percentText,
  rateText,
  timeOf,
  UNKNOWN,
} from '@/chart/figure'

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [12_345, '12.3 kB'],
  [999_499, '999 kB'],
  [999_999, '1.00 MB'],
  [20_120_000, '20.1 MB'],
  [3.2e15, '3.20 PB'],
  [3.2e19, '32000 PB'],
  [undefined, UNKNOWN],
  [NaN, UNKNOWN],
])('bytesText %s', (value, want) => expect(bytesText(value)).toBe(want))

it.each([
  [0, '0'],
  [1204, '1,204'],
  [16_234_567, '16,234,567'],
  [123_456_789, '123.5M'],
  [12_345_678_901, '12.35G'],
  [undefined, UNKNOWN],
])('countText %s', (value, want) => expect(countText(value)).toBe(want))

it.each([
  [0, '0'],
  [0.25, '0.3'],
  [9.94, '9.9'],
  [11_204, '11,204'],
])('rateText %s', (value, want) => expect(rateText(value)).toBe(want))

it.each([
  [0, '0'],
  [0.42, '0.4'],
  [45.3, '45'],
  [1500, '1,500'],
])('msText %s', (value, want) => expect(msText(value)).toBe(want))

it('keeps the width of figures', () => {
  expect([1.234, 12.34, 123.4].map(fixed)).toEqual(['1.23', '12.3', '123'])
  expect(percentText(68.2)).toBe('68.2')
  expect(percentText(undefined)).toBe(UNKNOWN)
})

it.each([
  [0, 1],
  [-3, 1],
  [0.07, 0.08],
  [1, 1],
  [1.01, 1.2],
  [21, 24],
  [30, 32],
  [40, 40],
  [99, 100],
  [101, 120],
])('niceEnd %s', (value, want) => expect(niceEnd(value)).toBe(want))

it('niceEnd never lies below its value', () => {
  for (let exponent = -6; exponent < 9; exponent++) {
    for (let mantissa = 1; mantissa < 10; mantissa += 0.37) {
      const value = mantissa * 10 ** exponent
      expect(niceEnd(value)).toBeGreaterThanOrEqual(value * 0.999999)
      expect(niceStep(value)).toBeGreaterThanOrEqual(value * 0.999999)
    }
  }
})

it('reads times with and without a zone, the latter as UTC', () => {
  const want = Date.UTC(2026, 10, 20, 10, 0, 0)
  expect(timeOf('2026-11-20T10:00:00Z')).toBe(want)
  expect(timeOf('2026-11-20 10:00:00')).toBe(want)
  expect(timeOf('2026-11-20 10:00:00.123')).toBe(want + 123)
  expect(timeOf('2026-11-20T18:00:00+08:00')).toBe(want)
  expect(timeOf('yesterday')).toBeNaN()
})
