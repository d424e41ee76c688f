// What is watched.

import type { Labels, Level } from './alerts'
import { call } from './http'

export const operators = ['>', '>=', '<', '<='] as const
export type Operator = (typeof operators)[number]

/** What of a metric's series is compared; "": each by itself. */
export const ruleAggregates = ['', 'avg', 'max', 'min', 'last'] as const
export type RuleAggregate = (typeof ruleAggregates)[number]

export const noDataChoices = ['keep', 'alert', 'ok'] as const
export type NoData = (typeof noDataChoices)[number]

/** A rule as it is sent and as it is answered; what is left out has its usual value. */
export interface AlertRule {
  name: string
  enabled?: boolean
  doc?: string
  metric?: string
  aggregate?: Exclude<RuleAggregate, ''>
  sql?: string
  op?: Operator
  threshold?: number
  for?: string
  keep_firing_for?: string
  recover?: number
  interval?: string
  level?: Level
  labels?: Labels
  group_by?: string[]
  channels?: string[]
  no_data?: NoData
  stale_after?: string
  summary?: string
  origin?: 'default' | 'config' | 'api'
}

export interface AlertRuleState extends AlertRule {
  state: { last_evaluated_at: string | null; took_ms: number; error?: string; firing: number; pending: number }
}

export interface Condition {
  labels: Labels
  value: number
  threshold: number
  level: Level
}

/** What a rule finds at this moment. */
export interface RuleTrial {
  conditions: Condition[]
  error?: string
  hint?: string
}

export const fetchRules = async (signal?: AbortSignal) =>
  (await call<{ rules: AlertRuleState[] }>('GET', '/api/alerts/rules', undefined, signal)).rules

export const applyRule = (rule: AlertRule) => call<AlertRuleState>('POST', '/api/alerts/rules', rule)

export const testRule = (rule: AlertRule, signal?: AbortSignal) => call<RuleTrial>('POST', '/api/alerts/rules/test', rule, signal)

export const dropRule = (name: string) => call<null>('DELETE', `/api/alerts/rules/${encodeURIComponent(name)}`)
