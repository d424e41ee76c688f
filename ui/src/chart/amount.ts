// Values of any measurement as people read them: short on an axis, exact enough in a table.

import { bytesText, UNKNOWN } from './figure'

/** What a value counts: it is told from names, since points carry no unit. */
export type Unit = 'plain' | 'percent' | 'bytes'

/** unitOf tells the unit by the names that the platform's own sources give. */
export function unitOf(measurement: string, field: string): Unit {
  const names = [measurement, field].map((name) => name.toLowerCase())
  if (names.some((name) => /(^|[_.])bytes($|[_.])/.test(name))) return 'bytes'
  if (/^(disk_(io|read|write)|net_(received|sent)|network_traffic)$/.test(names[0]!)) return 'bytes'
  if (names.some((name) => /(^|[_.])(usage|percent)$/.test(name))) return 'percent'
  return 'plain'
}

const SHORT: [least: number, suffix: string][] = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e4, 'k']]

/** shortText has three or four digits, for an axis. */
export function shortText(value: number, unit: Unit): string {
  if (unit === 'bytes') return bytesText(value)
  const suffix = unit === 'percent' ? '%' : ''
  for (const [least, letter] of SHORT) {
    if (Math.abs(value) >= least) {
      const size = letter === 'k' ? 1e3 : least
      return `${Number((value / size).toPrecision(4))}${letter}${suffix}`
    }
  }
  return `${Number(value.toPrecision(4))}${suffix}`
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
// As many digits in each row of a column, so that the points stand above each other.
const exact = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const fine = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 })

/** amountText is for tables and tooltips. */
export function amountText(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN
  if (unit === 'bytes') return bytesText(value)
  if (unit === 'percent') return `${exact.format(value)} %`
  if (Number.isInteger(value)) return whole.format(value)
  return Math.abs(value) >= 1 ? exact.format(value) : fine.format(value)
}

/** changeText is a share with its sign, in percent. */
export function changeText(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return UNKNOWN
  const percent = share * 100
  const text = Math.abs(percent) >= 1000 ? percent.toFixed(0) : percent.toFixed(1)
  // What rounds to nothing has no sign.
  if (Number(text) === 0) return '0.0 %'
  return `${percent > 0 ? '+' : '−'}${text.replace('-', '')} %`
}
