// Numbers as people read them: a short text and its unit, apart, so that they can be set apart.

import { wallOf } from './zone'

export interface Figure {
  text: string
  unit: string
}

/** What is not known yet. */
export const UNKNOWN = '–'

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** fixed keeps the number of digits near three, so that figures do not change their width. */
export function fixed(value: number): string {
  const size = Math.abs(value)
  if (size >= 100) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  return value.toFixed(2)
}

/** percentText has one digit after the point. */
export function percentText(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? UNKNOWN : value.toFixed(1)
}

/** countText groups thousands; from a hundred million on it shortens. */
export function countText(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN
  if (Math.abs(value) < 1e8) return grouped.format(value)
  if (Math.abs(value) < 1e10) return `${(value / 1e6).toFixed(1)}M`
  return `${(value / 1e9).toFixed(2)}G`
}

/** rateText is for records per second, which may well be less than one. */
export function rateText(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN
  if (value !== 0 && Math.abs(value) < 10) return value.toFixed(1)
  return countText(value)
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** bytesFigure counts in thousands, as disks and networks do. */
export function bytesFigure(value: number | undefined): Figure {
  if (value === undefined || !Number.isFinite(value)) return { text: UNKNOWN, unit: 'B' }
  let rest = value
  let unit = 0
  while (Math.abs(rest) >= 999.5 && unit < BYTE_UNITS.length - 1) {
    rest /= 1000
    unit++
  }
  return { text: unit === 0 ? rest.toFixed(0) : fixed(rest), unit: BYTE_UNITS[unit]! }
}

/** bytesText is a figure in one piece. */
export function bytesText(value: number | undefined): string {
  const figure = bytesFigure(value)
  return figure.text === UNKNOWN ? UNKNOWN : `${figure.text} ${figure.unit}`
}

/** megabytes is what the traffic chart draws. */
export const megabytes = (bytesPerSecond: number): number => bytesPerSecond / 1e6

/** msText keeps small latencies honest: 0.4 is not 0. */
export function msText(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN
  return value > 0 && value < 10 ? value.toFixed(1) : grouped.format(value)
}

const pad = (value: number): string => String(value).padStart(2, '0')

/** clockText is the time of day in the reader's zone, in 24 hours. */
export function clockText(time: number): string {
  const wall = wallOf(time)
  return `${pad(wall.hour)}:${pad(wall.minute)}:${pad(wall.second)}`
}

/** dayText is the date in the reader's zone, in the order that sorts. */
export function dayText(time: number): string {
  const wall = wallOf(time)
  return `${wall.year}-${pad(wall.month)}-${pad(wall.day)}`
}

/** stampText is the date and the time of day. */
export const stampText = (time: number): string => `${dayText(time)} ${clockText(time)}`

/**
 * timeOf reads ISO 8601, and the SQL form "2026-11-20 10:00:00.123", which streams write without a
 * zone and mean as UTC. NaN when it is neither.
 */
export function timeOf(text: string): number {
  const sql = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)$/.exec(text)
  return Date.parse(sql ? `${sql[1]}T${sql[2]}Z` : text)
}

/** Ends of an axis whose quarters are short numbers. */
const ENDS = [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 4.8, 6, 8, 10]
/** Distances between the lines of an axis. */
const STEPS = [1, 2, 2.5, 5, 10]

/** niceEnd is the least end of an axis in quarters that value fits under. */
export const niceEnd = (value: number): number => roundUp(value, ENDS)

/** niceStep is the least distance of lines that is not below value. */
export const niceStep = (value: number): number => roundUp(value, STEPS)

function roundUp(value: number, mantissas: number[]): number {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  // Powers of ten below one are not exact: a value that is an end must not be pushed to the next.
  const mantissa = mantissas.find((candidate) => value <= candidate * power * 1.0000001) ?? 10
  return Number((mantissa * power).toPrecision(12))
}
