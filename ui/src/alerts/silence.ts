// Silences while they are written, and whether they are in force.

import type { Alert, Labels, Silence, SilenceDraft } from '@/api/alerts'
import { labelsOf } from './rule'

export type SilenceState = 'active' | 'coming' | 'ended'

export function silenceState(silence: Pick<Silence, 'starts_at' | 'ends_at'>, now: number): SilenceState {
  if (Date.parse(silence.ends_at) <= now) return 'ended'
  return Date.parse(silence.starts_at) > now ? 'coming' : 'active'
}

/** silenceOf keeps one alert quiet, and no other. */
export function silenceOf(alert: Pick<Alert, 'rule' | 'labels'>, duration: string, comment: string): SilenceDraft {
  return { matchers: { ...alert.labels, rule: alert.rule }, duration, comment }
}

/** matchersOf reads rule=cpu*, host=a; null when it says nothing or is neither. */
export function matchersOf(text: string): Labels | null {
  const matchers = labelsOf(text)
  return matchers && Object.keys(matchers).length > 0 ? matchers : null
}

/** matchedBy are the alerts that a silence would keep quiet. */
export function matchedBy(matchers: Labels, alerts: readonly Alert[]): Alert[] {
  return alerts.filter((alert) => {
    const labels: Labels = { ...alert.labels, rule: alert.rule, level: alert.level }
    return Object.entries(matchers).every(([key, pattern]) => wildcard(pattern).test(labels[key] ?? ''))
  })
}

/** In a pattern * stands for any text. */
function wildcard(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^]*')}$`)
}
