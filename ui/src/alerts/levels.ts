// How bad something is: colours, the ratios of the article, and what is worst.

import { levels, type Alert, type Level } from '@/api/alerts'
import type { Operator } from '@/api/alert-rules'

/** rankOf is higher the worse a level is. */
export const rankOf = (level: Level): number => levels.indexOf(level)

/** The levels, the worst first. */
export const worstFirst: readonly Level[] = ['critical', 'error', 'warning', 'info']

/** Values beyond a threshold by more than these ratios are an error, and critical. */
export const ERROR_RATIO = 1.2
export const CRITICAL_RATIO = 1.5

export interface Bounds {
  warning: number
  error: number
  critical: number
}

/** boundsOf are the values at which a level is reached; null where there is no ratio, and all is a warning. */
export function boundsOf(op: Operator, threshold: number): Bounds | null {
  if (!(threshold > 0)) return null
  const beyond = (ratio: number) => Number((op.startsWith('<') ? threshold / ratio : threshold * ratio).toPrecision(6))
  return { warning: threshold, error: beyond(ERROR_RATIO), critical: beyond(CRITICAL_RATIO) }
}

/** firing are the alerts that are wrong now and that nobody has silenced. */
export const firing = (alerts: readonly Alert[]): Alert[] => alerts.filter((alert) => alert.state === 'firing' && alert.silenced_by.length === 0)

/** countsOf says how many there are of each level, the worst first; levels without one are left out. */
export function countsOf(alerts: readonly Alert[]): { level: Level; count: number }[] {
  return worstFirst
    .map((level) => ({ level, count: alerts.filter((alert) => alert.level === level).length }))
    .filter((one) => one.count > 0)
}

/** newestOf is the alert that fired last. */
export function newestOf(alerts: readonly Alert[]): Alert | undefined {
  const at = (alert: Alert) => Date.parse(alert.fired_at ?? alert.since)
  return alerts.reduce<Alert | undefined>((best, alert) => (best === undefined || at(alert) > at(best) ? alert : best), undefined)
}

/** numberText has as many digits as help: 12,345 and 0.00123. */
export function numberText(value: number): string {
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 1 ? 2 : 4
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}
