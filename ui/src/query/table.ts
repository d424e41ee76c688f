// Results as text, and statements to begin with.

import type { Measurement } from '@/api/measurements'
import type { Json } from '@/api/values'

/** cellText is what a cell shows; null is told apart from empty text by its class. */
export function cellText(value: Json | undefined): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'number') return numberText(value)
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
}

/** numberText cuts the noise of binary fractions, never digits of whole numbers. */
export function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(12)))
}

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|REAL|DECIMAL|NUMERIC)\b/i

/** isNumeric says which columns stand to the right. */
export const isNumeric = (type: string): boolean => NUMERIC.test(type)

/** nameOf is a measurement as SQL wants it. */
export function nameOf(measurement: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(measurement) ? measurement : `"${measurement.replaceAll('"', '""')}"`
}

/** latestOf reads the newest rows of a measurement. */
export function latestOf(measurement: Pick<Measurement, 'name'>): string {
  return `SELECT *\nFROM ${nameOf(measurement.name)}\nORDER BY time DESC\nLIMIT 100`
}

export interface Example {
  key: 'exampleLatest' | 'exampleMinute' | 'exampleSensors'
  sql: string
}

/** examples run on a platform that was started without any settings. */
export const examples: Example[] = [
  { key: 'exampleLatest', sql: latestOf({ name: 'cpu_usage' }) },
  {
    key: 'exampleMinute',
    sql: `SELECT date_trunc('minute', time) AS minute,
       round(avg(value), 2) AS average,
       round(max(value), 2) AS highest
FROM cpu_usage
WHERE time > now() - INTERVAL 1 HOUR
GROUP BY minute
ORDER BY minute DESC`,
  },
  {
    key: 'exampleSensors',
    sql: `SELECT id,
       round(avg(avg_celsius), 2) AS celsius,
       sum(cnt) AS records
FROM "sensors.stats"
GROUP BY id
ORDER BY id`,
  },
]
