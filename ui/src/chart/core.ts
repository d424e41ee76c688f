// ECharts with only what the screen draws; the rest stays out of the bundle.

import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { init, use, type EChartsType } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import type { ChartOption } from './option'
import { planUpdate } from './plan'

use([BarChart, LineChart, GridComponent, MarkLineComponent, TooltipComponent, CanvasRenderer])

let alive = 0

/** Plot is one canvas: it draws options until it is disposed of. */
export class Plot {
  private readonly chart: EChartsType
  private shown: ChartOption | null = null

  constructor(
    element: HTMLElement,
    readonly pixelRatio: number,
  ) {
    this.chart = init(element, null, { renderer: 'canvas', devicePixelRatio: pixelRatio })
    count(1)
  }

  draw(option: ChartOption): void {
    this.chart.setOption(option, { lazyUpdate: true, ...planUpdate(this.shown, option) })
    this.shown = option
  }

  resize(width: number, height: number): void {
    this.chart.resize({ width, height })
  }

  dispose(): void {
    this.chart.dispose()
    count(-1)
  }
}

/** count keeps the number of living charts where the end-to-end test can read it. */
function count(change: number): void {
  alive += change
  document.documentElement.dataset.charts = String(alive)
}
