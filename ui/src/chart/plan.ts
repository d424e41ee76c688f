// What a new option means for the chart that stands there.

import type { ChartOption } from './option'

interface SeriesLike {
  id?: string | number
  data?: unknown
}

function seriesOf(option: ChartOption): SeriesLike[] {
  const { series } = option
  if (series === undefined) return []
  return (Array.isArray(series) ? series : [series]) as SeriesLike[]
}

/** planUpdate names the parts to be replaced: a merge alone would keep a line that is gone. */
export function planUpdate(before: ChartOption | null, after: ChartOption): { replaceMerge?: string[] } {
  if (before === null) return {}
  const kept = new Set(seriesOf(after).map((series) => series.id))
  const gone = seriesOf(before).some((series) => !kept.has(series.id))
  return gone ? { replaceMerge: ['series'] } : {}
}

/** summarize says what is drawn, for tests and for those who cannot see it. */
export function summarize(option: ChartOption): { points: number; last: string } {
  let points = 0
  let last = ''
  for (const series of seriesOf(option)) {
    if (!Array.isArray(series.data)) continue
    const real = series.data.filter((item) => item !== '-')
    points += real.length
    if (real.length > 0) last = lastText(real[real.length - 1])
  }
  return { points, last }
}

function lastText(item: unknown): string {
  if (typeof item === 'object' && item !== null && 'value' in item) return lastText(item.value)
  return Array.isArray(item) ? item.join(':') : String(item)
}
