// Bars for names: as many groups as there are names, a bar in each for each series.

import { shortText } from './amount'
import { valueAxis, type ChartOption } from './option'
import { boundsOf } from './history'
import { fontFamily, palette, withAlpha } from './palette'

export interface BarsOptions {
  names: string[]
  series: { name: string; color: string; values: (number | null)[] }[]
}

/** barsOption draws from zero, whatever the values are: the length of a bar is what is compared. */
export function barsOption({ names, series }: BarsOptions): ChartOption {
  const bounds = boundsOf(
    series.map((one) => ({ dots: one.values.map((value, at): [number, number | null] => [at, value]), previous: [] })),
    true,
  )
  return {
    animation: false,
    textStyle: { fontFamily },
    grid: { left: 68, right: 18, top: 14, bottom: names.length > 12 ? 70 : 34 },
    tooltip: {
      trigger: 'axis',
      transitionDuration: 0,
      confine: true,
      renderMode: 'richText',
      backgroundColor: withAlpha(palette.page, 0.96),
      borderColor: withAlpha(palette.figure, 0.35),
      textStyle: { color: palette.text, fontSize: 14, fontFamily },
      axisPointer: { type: 'shadow', shadowStyle: { color: withAlpha(palette.figure, 0.06) } },
    },
    xAxis: {
      type: 'category',
      data: names,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: withAlpha(palette.label, 0.28) } },
      axisLabel: { color: palette.label, fontSize: 13, interval: names.length > 30 ? 'auto' : 0, rotate: names.length > 12 ? 40 : 0, width: 110, overflow: 'truncate', hideOverlap: true },
    },
    yAxis: valueAxis(bounds, (value) => shortText(value, 'plain')),
    series: series.map((one) => ({
      id: one.name,
      name: one.name,
      type: 'bar',
      barMaxWidth: 46,
      silent: true,
      emphasis: { disabled: true },
      itemStyle: { color: withAlpha(one.color, 0.85), borderRadius: [3, 3, 0, 0] },
      data: one.values,
    })),
  }
}
