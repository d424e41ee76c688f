import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { palette, withAlpha } from '@/chart/palette'

const tokens = readFileSync(new URL('../../src/theme/tokens.css', import.meta.url), 'utf8')

it.each(Object.entries(palette))('%s is the same colour in the style sheet', (name, color) => {
  expect(tokens).toContain(`--${name}: ${color};`)
})

it('has the colours of the article', () => {
  expect(palette).toMatchObject({ page: '#0a0e27', box: '#151932', figure: '#00d4ff', label: '#8b9dc3' })
})

it('withAlpha', () => {
  expect(withAlpha('#00d4ff', 0.5)).toBe('rgba(0,212,255,0.5)')
})
