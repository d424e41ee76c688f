// A view as SQL, for those who want to go on from there by hand.

import type { Aggregation } from '@/api/analysis'
import { spanMs, type Range } from './range'
import type { View } from './view'

const FUNCTIONS: Record<Aggregation, (column: string) => string> = {
  avg: (c) => `avg(${c})`,
  min: (c) => `min(${c})`,
  max: (c) => `max(${c})`,
  sum: (c) => `sum(${c})`,
  count: (c) => `count(${c})`,
  first: (c) => `arg_min(${c}, time)`,
  last: (c) => `arg_max(${c}, time)`,
  p50: (c) => `quantile_cont(${c}, 0.5)`,
  p95: (c) => `quantile_cont(${c}, 0.95)`,
  p99: (c) => `quantile_cont(${c}, 0.99)`,
  stddev: (c) => `stddev_samp(${c})`,
  rate: (c) => `(arg_max(${c}, time) - arg_min(${c}, time)) / nullif(epoch(max(time)) - epoch(min(time)), 0)`,
}

/** aggregateSql is an aggregate of a column. */
export const aggregateSql = (aggregation: Aggregation, column: string): string => FUNCTIONS[aggregation](column)

/** name quotes the name of a table or a column. */
export const name = (text: string) => `"${text.replaceAll('"', '""')}"`

/** literal quotes a text. */
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

function conditions(range: Range, filters: View['filters']): string[] {
  const list =
    range.kind === 'last'
      ? [`time >= now() - INTERVAL ${spanMs(range.span) / 1000} SECOND`]
      : [
          `time >= TIMESTAMPTZ ${literal(new Date(range.from).toISOString())}`,
          `time < TIMESTAMPTZ ${literal(new Date(range.upto).toISOString())}`,
        ]
  for (const [tag, values] of Object.entries(filters)) list.push(`${name(tag)} IN (${values.map(literal).join(', ')})`)
  return list
}

/** sqlOf asks for the same as a view does, in the store's dialect. */
export function sqlOf(view: View, intervalSeconds: number): string {
  const columns = [
    `time_bucket(INTERVAL ${intervalSeconds} SECOND, time) AS bucket`,
    ...view.groupBy.map(name),
    ...view.fields.map((field) => `${FUNCTIONS[view.aggregation](name(field))} AS ${name(view.fields.length > 1 ? `${view.aggregation}_${field}` : view.aggregation)}`),
  ]
  return `SELECT ${columns.join(',\n       ')}
FROM ${name(view.measurement)}
WHERE ${conditions(view.range, view.filters).join('\n  AND ')}
GROUP BY ALL
ORDER BY bucket`
}
