import { expect, it } from 'vitest'
import { amountText, changeText, shortText, unitOf } from '@/chart/amount'

it.each([
  ['cpu_core_usage', 'value', 'percent'], ['filesystem_used_bytes', 'value', 'bytes'], ['network_traffic', 'value', 'bytes'],
  ['http', 'duration_ms', 'plain'], ['usage_report', 'rows', 'plain'], ['disk', 'used_percent', 'percent'],
])('%s %s is %s', (measurement, field, unit) => expect(unitOf(measurement, field)).toBe(unit))

it('is short on an axis', () => {
  expect([0, 0.25, 1234.5, 12_000, 2.5e6, 3e9, -4e6].map((value) => shortText(value, 'plain'))).toEqual(['0', '0.25', '1235', '12k', '2.5M', '3G', '-4M'])
  expect([shortText(25, 'percent'), shortText(2e6, 'bytes')]).toEqual(['25%', '2.00 MB'])
})

it('is exact enough in a table', () => {
  expect([null, undefined, NaN, 0, 7, 1234567, 2.34567, 0.000123456].map((value) => amountText(value, 'plain'))).toEqual(['–', '–', '–', '0', '7', '1,234,567', '2.35', '0.0001235'])
  expect([amountText(31.7, 'percent'), amountText(1e9, 'bytes')]).toEqual(['31.70 %', '1.00 GB'])
})

it('tells a change with its sign', () => expect([0.123, -0.5, 0, -0.0001, 12, null].map(changeText)).toEqual(['+12.3 %', '−50.0 %', '0.0 %', '0.0 %', '+1200 %', '–']))
