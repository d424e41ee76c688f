// How the wall screen fills a display.
//
// It is drawn on a stage of 1080 units' height (or of 1080 units' width where a display stands
// upright), which is enlarged as a whole. The stage has the display's proportions, so nothing is
// left black and nothing is squashed: a wider display is given more columns.

export interface Fit {
  /** scroll: a phone or a tablet, where the page is as long as it needs to be. */
  layout: 'scroll' | 'upright' | 'square' | 'base' | 'wide' | 'ultra'
  scale: number
  width: number
  height: number
}

/** Below this a stage of 1920 would be too small to read. */
const STAGE_FROM_WIDTH = 1200
const STAGE_FROM_HEIGHT = 560

/** fitOf chooses a layout for a viewport in CSS pixels. */
export function fitOf(width: number, height: number): Fit {
  const aspect = width / Math.max(height, 1)
  if (aspect < 0.8 && width >= 1000 && height >= 1500) return stage('upright', width, height, width / 1080)
  if (width < STAGE_FROM_WIDTH || height < STAGE_FROM_HEIGHT) {
    return { layout: 'scroll', scale: 1, width, height }
  }
  if (aspect >= 2.9) return stage('ultra', width, height, height / 1080)
  if (aspect >= 2.15) return stage('wide', width, height, height / 1080)
  if (aspect >= 1.6) return stage('base', width, height, Math.min(width / 1920, height / 1080))
  return stage('square', width, height, width / 1920)
}

function stage(layout: Fit['layout'], width: number, height: number, scale: number): Fit {
  return { layout, scale, width: width / scale, height: height / scale }
}
