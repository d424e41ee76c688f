import { describe, expect, it } from 'vitest'
import { fitOf } from '@/use/fit'

describe('fitOf', () => {
  it.each([
    [1366, 768, 'base'],
    [1920, 1080, 'base'],
    [1920, 1200, 'base'],
    [3840, 2160, 'base'],
    [1280, 1024, 'square'],
    [2560, 1080, 'wide'],
    [3440, 1440, 'wide'],
    [6656, 1792, 'ultra'],
    [7680, 1080, 'ultra'],
    [1080, 1920, 'upright'],
    [2160, 3840, 'upright'],
    [390, 844, 'scroll'],
    [844, 390, 'scroll'],
    [820, 1180, 'scroll'],
    [1024, 768, 'scroll'],
  ])('%i × %i is %s', (width, height, layout) => expect(fitOf(width, height).layout).toBe(layout))

  it('leaves nothing black and squashes nothing', () => {
    for (const [width, height] of [[1366, 768], [1920, 1080], [3840, 2160], [6656, 1792], [2560, 1080], [1280, 1024], [1080, 1920]] as const) {
      const fit = fitOf(width, height)
      expect(fit.width * fit.scale).toBeCloseTo(width)
      expect(fit.height * fit.scale).toBeCloseTo(height)
    }
  })

  it('never makes the stage smaller than what is drawn on it', () => {
    for (let width = 1200; width < 8000; width += 97) {
      for (let height = 560; height < 4400; height += 83) {
        const fit = fitOf(width, height)
        if (fit.layout === 'scroll') continue
        expect(fit.height).toBeGreaterThan(1079.9)
        expect(fit.width).toBeGreaterThan(fit.layout === 'upright' ? 1079.9 : 1919.9)
      }
    }
  })
})
