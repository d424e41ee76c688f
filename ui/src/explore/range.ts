// Which time is looked at: until now, or between two times.

import { stampText } from '@/chart/figure'
import { timeInZone, wallOf, type Zone } from '@/chart/zone'

export type Range = { kind: 'last'; span: string } | { kind: 'between'; from: number; upto: number }

/** Bounds in ms since the epoch. */
export interface Span {
  from: number
  upto: number
}

export const presets = ['5m', '15m', '1h', '3h', '6h', '12h', '1d', '2d', '7d', '30d'] as const

const UNITS: Record<string, number> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 }

/** spanMs reads a length such as 15m or 7d; NaN when it is none. */
export function spanMs(span: string): number {
  const match = /^(\d{1,6})([smhdw])$/.exec(span)
  return match ? Number(match[1]) * UNITS[match[2]!]! : NaN
}

/** boundsOf is what a range means at a time. */
export function boundsOf(range: Range, now: number): Span {
  if (range.kind === 'between') return { from: range.from, upto: range.upto }
  return { from: now - spanMs(range.span), upto: now }
}

/** parseRange reads what rangeText writes; null when it is neither form. */
export function parseRange(text: string): Range | null {
  if (text.startsWith('-')) return spanMs(text.slice(1)) > 0 ? { kind: 'last', span: text.slice(1) } : null
  const [start, end] = text.split('/')
  const from = Date.parse(start ?? '')
  const upto = Date.parse(end ?? '')
  return from < upto ? { kind: 'between', from, upto } : null
}

/** rangeText is a range as an address and the API write it. */
export function rangeText(range: Range): string {
  if (range.kind === 'last') return `-${range.span}`
  return `${new Date(range.from).toISOString()}/${new Date(range.upto).toISOString()}`
}

const LEAST_MS = 1000

/** zoomTo is the range between two times, in whole seconds and at least one. */
export function zoomTo(one: number, other: number): Range {
  const from = Math.floor(Math.min(one, other) / 1000) * 1000
  const upto = Math.ceil(Math.max(one, other) / 1000) * 1000
  return { kind: 'between', from, upto: Math.max(upto, from + LEAST_MS) }
}

/** zoomOut is twice as long around the same middle, and does not look into the future. */
export function zoomOut(span: Span, now: number): Range {
  const half = (span.upto - span.from) / 2
  const upto = Math.min(span.upto + half, Math.max(now, span.upto))
  return zoomTo(upto - 4 * half, upto)
}

/** shift moves by half of the length, back (-1) or forth (1). */
export function shift(span: Span, direction: -1 | 1): Range {
  const half = ((span.upto - span.from) / 2) * direction
  return zoomTo(span.from + half, span.upto + half)
}

/** rangeLabel names an absolute range as short as it can be told. */
export function rangeLabel(span: Span): string {
  const from = stampText(span.from)
  const upto = stampText(span.upto)
  return `${from} – ${from.slice(0, 10) === upto.slice(0, 10) ? upto.slice(11) : upto}`
}

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/
const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/

/** readStamp is the time at which a clock of the zone shows a day and a time of day; else NaN. */
export function readStamp(day: string, clock: string, zone?: Zone): number {
  const date = DAY.exec(day.trim())
  const time = CLOCK.exec(clock.trim())
  if (!date || !time) return NaN
  const wall = {
    year: Number(date[1]),
    month: Number(date[2]),
    day: Number(date[3]),
    hour: Number(time[1]),
    minute: Number(time[2]),
    second: Number(time[3] ?? 0),
  }
  const found = timeInZone(wall, zone)
  return wallOf(found, zone).day === wall.day ? found : NaN
}

const INTERVALS = ['1s', '5s', '10s', '30s', '1m', '5m', '15m', '30m', '1h', '6h', '1d']
const MOST_POINTS = 2000

/** intervalsFor are those that leave a range neither a single point nor more than anyone can see. */
export function intervalsFor(span: Span): string[] {
  const length = span.upto - span.from
  return INTERVALS.filter((interval) => length / spanMs(interval) <= MOST_POINTS && length / spanMs(interval) >= 2)
}

/** intervalText is a number of seconds in the unit that makes it shortest. */
export function intervalText(seconds: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    const size = UNITS[unit]! / 1000
    if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`
  }
  return `${seconds}s`
}
