// Why a job gives no output, in the language of the screen.

import type { PlanReason } from '@/api/plan'

type Translate = (key: string, named: Record<string, string>) => string

/** whyText is the reason in words; one that the screen does not know is said in the platform's own. */
export function whyText(reason: PlanReason, t: Translate, known: (key: string) => boolean): string {
  const key = `plan.why.${reason.code}`
  if (!known(key)) return reason.text
  const named = Object.fromEntries(Object.entries(reason.params).map(([name, value]) => [name, value === '' ? '?' : value]))
  const because = `plan.because.${reason.params.because ?? ''}`
  if (known(because)) named.because = t(because, {})
  const side = `plan.side.${reason.params.side ?? ''}`
  if (known(side)) named.side = t(side, {})
  return t(key, named)
}

/** isWell says that there is nothing to explain. */
export const isWell = (reasons: readonly PlanReason[]): boolean => reasons.every((reason) => reason.code === 'flows' || reason.code === 'no_new')
