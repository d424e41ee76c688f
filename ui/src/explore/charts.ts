// A chart for each field: values of different kinds do not share an axis.

import type { Trace } from '@/chart/history'
import type { Row } from './series'

export interface FieldChart {
  field: string
  traces: Trace[]
}

/** chartsOf leaves out what is hidden, but keeps the chart of a field that has nothing left. */
export function chartsOf(rows: readonly Row[], fields: readonly string[], hidden: readonly string[]): FieldChart[] {
  return fields.map((field) => ({
    field,
    traces: rows
      .filter((row) => row.field === field && !hidden.includes(row.key))
      .map((row) => ({ id: row.key, name: row.name, color: row.color, dots: row.points, previous: row.previous })),
  }))
}
