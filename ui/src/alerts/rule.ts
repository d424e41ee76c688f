// A rule while it is written: texts, until it is sent.

import { aggregations, type Aggregation } from '@/api/analysis'
import { operators, type AlertRule, type NoData, type Operator, type RuleAggregate } from '@/api/alert-rules'
import type { Labels, Level } from '@/api/alerts'
import type { AddressQuery } from '@/explore/view'
import { aggregateSql, literal, name as quoted } from '@/explore/sql'
import { spanText } from '@/forms/span'

export interface RuleDraft {
  name: string
  enabled: boolean
  doc: string
  kind: 'metric' | 'sql'
  metric: string
  aggregate: RuleAggregate
  sql: string
  op: Operator
  threshold: string
  for: string
  keepFor: string
  recover: string
  interval: string
  /** "": by how far the value is beyond the threshold. */
  level: Level | ''
  /** key=value, with commas. */
  labels: string
  /** Names, with commas. */
  groupBy: string
  channels: string[]
  noData: NoData
  staleAfter: string
  summary: string
}

export const blankRule: RuleDraft = {
  name: '', enabled: true, doc: '', kind: 'metric', metric: '', aggregate: '', sql: '', op: '>', threshold: '', for: '0s', keepFor: '0s', recover: '',
  interval: '10s', level: '', labels: '', groupBy: 'rule', channels: [], noData: 'keep', staleAfter: '', summary: '',
}

/** draftOf begins with a rule that is there. */
export function draftOf(rule: AlertRule): RuleDraft {
  return {
    ...blankRule,
    name: rule.name,
    enabled: rule.enabled ?? true,
    doc: rule.doc ?? '',
    kind: rule.sql ? 'sql' : 'metric',
    metric: rule.metric ?? '',
    aggregate: rule.aggregate ?? '',
    sql: rule.sql ?? '',
    op: rule.op ?? '>',
    threshold: rule.threshold === undefined ? '' : String(rule.threshold),
    for: rule.for ?? '0s',
    keepFor: rule.keep_firing_for ?? '0s',
    recover: rule.recover === undefined ? '' : String(rule.recover),
    interval: rule.interval ?? '10s',
    level: rule.level ?? '',
    labels: Object.entries(rule.labels ?? {}).map(([key, value]) => `${key}=${value}`).join(', '),
    groupBy: (rule.group_by ?? []).join(', '),
    channels: rule.channels ?? [],
    noData: rule.no_data ?? 'keep',
    staleAfter: rule.stale_after ?? '',
    summary: rule.summary ?? '',
  }
}

const listOf = (text: string) => text.split(',').map((one) => one.trim()).filter(Boolean)

/** labelsOf reads key=value, with commas; null when a part is neither. */
export function labelsOf(text: string): Labels | null {
  const labels: Labels = {}
  for (const part of listOf(text)) {
    const at = part.indexOf('=')
    if (at < 1) return null
    labels[part.slice(0, at).trim()] = part.slice(at + 1).trim()
  }
  return labels
}

/** ruleOf is what is sent; what is as usual is left out. */
export function ruleOf(draft: RuleDraft): AlertRule {
  const rule: AlertRule = { name: draft.name.trim(), enabled: draft.enabled, op: draft.op, for: draft.for.trim() || '0s', keep_firing_for: draft.keepFor.trim() || '0s', interval: draft.interval.trim() || '10s', no_data: draft.noData }
  if (draft.kind === 'metric') {
    rule.metric = draft.metric.trim()
    if (draft.aggregate !== '') rule.aggregate = draft.aggregate
  } else rule.sql = draft.sql.trim()
  if (draft.threshold.trim() !== '') rule.threshold = Number(draft.threshold)
  if (draft.recover.trim() !== '') rule.recover = Number(draft.recover)
  if (draft.level !== '') rule.level = draft.level
  if (draft.doc.trim() !== '') rule.doc = draft.doc.trim()
  if (draft.summary.trim() !== '') rule.summary = draft.summary.trim()
  if (draft.staleAfter.trim() !== '') rule.stale_after = draft.staleAfter.trim()
  const labels = labelsOf(draft.labels)
  if (labels && Object.keys(labels).length > 0) rule.labels = labels
  const groups = listOf(draft.groupBy)
  if (groups.length > 0) rule.group_by = groups
  if (draft.channels.length > 0) rule.channels = draft.channels
  return rule
}

export type RuleFault = 'required' | 'name' | 'taken' | 'number' | 'duration' | 'labels' | 'recover'

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/

/** ruleFaults says what is wrong, by field; taken are the names of other rules. */
export function ruleFaults(draft: RuleDraft, taken: readonly string[]): Partial<Record<keyof RuleDraft, RuleFault>> {
  const faults: Partial<Record<keyof RuleDraft, RuleFault>> = {}
  const name = draft.name.trim()
  if (name === '') faults.name = 'required'
  else if (!NAME.test(name)) faults.name = 'name'
  else if (taken.includes(name)) faults.name = 'taken'
  if (draft.kind === 'metric' && draft.metric.trim() === '') faults.metric = 'required'
  if (draft.kind === 'metric' && draft.threshold.trim() === '') faults.threshold = 'required'
  if (draft.kind === 'sql' && draft.sql.trim() === '') faults.sql = 'required'
  for (const field of ['threshold', 'recover'] as const) {
    if (draft[field].trim() !== '' && !Number.isFinite(Number(draft[field]))) faults[field] = 'number'
  }
  if (!faults.recover && !faults.threshold && draft.recover.trim() !== '' && draft.threshold.trim() !== '' && holds(draft.op, Number(draft.recover), Number(draft.threshold))) {
    faults.recover = 'recover'
  }
  for (const field of ['for', 'keepFor', 'interval', 'staleAfter'] as const) {
    if (draft[field].trim() !== '' && !spanText(draft[field])) faults[field] = 'duration'
  }
  if (labelsOf(draft.labels) === null) faults.labels = 'labels'
  return faults
}

/** holds says whether a value is on the wrong side of a threshold. */
export function holds(op: Operator, value: number, threshold: number): boolean {
  return { '>': value > threshold, '>=': value >= threshold, '<': value < threshold, '<=': value <= threshold }[op]
}

/** What our own statements end with; one that was rewritten by hand ends with something else. */
const HAVING = /\bHAVING value (>=|<=|>|<) -?[\d.e+-]+\s*$/i

/** withThreshold keeps the end of a statement of ours in step with the form. */
export function withThreshold(sql: string, op: Operator, threshold: string): string {
  const number = Number(threshold)
  return threshold.trim() !== '' && Number.isFinite(number) ? sql.replace(HAVING, `HAVING value ${op} ${number}`) : sql
}

/** Time that a rule over the store looks back. */
const WINDOW_SECONDS = 300

interface Question {
  measurement: string
  field: string
  aggregation: Aggregation
  filters: Record<string, string[]>
  groupBy: string[]
}

/** sqlOf asks the store for what was looked at, of the last minutes, and keeps what is beyond the threshold. */
export function sqlOf(question: Question, op: Operator, threshold: string): string {
  const value = `${aggregateSql(question.aggregation, quoted(question.field))} AS value`
  const where = [`time >= now() - INTERVAL ${WINDOW_SECONDS} SECOND`]
  for (const [tag, values] of Object.entries(question.filters)) if (values.length > 0) where.push(`${quoted(tag)} IN (${values.map(literal).join(', ')})`)
  const groups = question.groupBy.map(quoted)
  return [
    `SELECT ${[...groups, value].join(', ')}`,
    `FROM ${quoted(question.measurement)}`,
    `WHERE ${where.join('\n  AND ')}`,
    ...(groups.length > 0 ? [`GROUP BY ${groups.join(', ')}`] : []),
    `HAVING value ${op} ${Number(threshold) || 0}`,
  ].join('\n')
}

const textOf = (value: AddressQuery[string]): string => (typeof value === 'string' ? value : Array.isArray(value) ? (value[0] ?? '') : '')

/** filtersOf reads what the analysis screen puts into an address; what makes no sense is none. */
function filtersOf(text: string): Record<string, string[]> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return {}
    const filters: Record<string, string[]> = {}
    for (const [tag, values] of Object.entries(value)) filters[tag] = (Array.isArray(values) ? values : [values]).map(String)
    return filters
  } catch {
    return {}
  }
}

const nameOf = (text: string) => text.replace(/[^a-zA-Z0-9.-]+/g, '_').replace(/^[^a-zA-Z0-9]+/, '').slice(0, 80)

/** draftOfAddress begins a rule about what a link names: a metric, or what was looked at on the analysis screen. */
export function draftOfAddress(query: AddressQuery): RuleDraft {
  const measurement = textOf(query.measurement)
  const threshold = Number.isFinite(Number(textOf(query.threshold))) ? textOf(query.threshold) : ''
  const op = operators.find((one) => one === textOf(query.op)) ?? '>'
  if (measurement === '') {
    const metric = textOf(query.metric)
    return { ...blankRule, metric, op, threshold, name: metric === '' ? '' : nameOf(`${metric}_alert`) }
  }
  const aggregation = aggregations.find((one) => one === textOf(query.aggregation)) ?? 'avg'
  const question = {
    measurement,
    field: textOf(query.field) || 'value',
    aggregation,
    filters: filtersOf(textOf(query.filters)),
    groupBy: (Array.isArray(query.by) ? query.by : [query.by]).filter((tag): tag is string => typeof tag === 'string' && tag !== ''),
  }
  return {
    ...blankRule,
    kind: 'sql',
    name: nameOf(`${measurement}_${question.field === 'value' ? '' : `${question.field}_`}${aggregation}`),
    op,
    threshold,
    sql: sqlOf(question, op, threshold),
  }
}

/** conditionText is what a rule watches, on one line. */
export function conditionText(rule: AlertRule): string {
  if (rule.sql) return rule.sql.replace(/\s+/g, ' ')
  const metric = rule.aggregate ? `${rule.aggregate}(${rule.metric})` : rule.metric
  return `${metric} ${rule.op ?? '>'} ${rule.threshold ?? ''}`
}
