// ECharts with only what the screen draws; the rest stays out of the bundle.

import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { connect, init, use, type EChartsType } from 'echarts/core'
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

  /** join shows its tooltip together with those of all charts of the group. */
  join(group: string): void {
    this.chart.group = group
    connect(group)
  }

  /** placeOf is the time and the value at a pixel, and how much of the value a pixel is. */
  placeOf(x: number, y: number): { time: number; value: number; perPixel: number } | null {
    const here = this.chart.convertFromPixel({ gridIndex: 0 }, [x, y]) as number[] | undefined
    const below = this.chart.convertFromPixel({ gridIndex: 0 }, [x, y + 1]) as number[] | undefined
    if (!here || !below) return null
    return { time: here[0]!, value: here[1]!, perPixel: Math.abs(below[1]! - here[1]!) }
  }

  /** plotBox is where the lines are, in pixels of the canvas. */
  plotBox(width: number, height: number): { left: number; right: number; top: number; bottom: number } {
    const { left, right, top, bottom } = (this.shown?.grid ?? {}) as Record<string, number | undefined>
    return { left: left ?? 0, right: width - (right ?? 0), top: top ?? 0, bottom: height - (bottom ?? 0) }
  }

  hideTip(): void {
    this.chart.dispatchAction({ type: 'hideTip' })
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
