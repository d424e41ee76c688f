import { describe, expect, it } from 'vitest'
import type { PlanNode, PlanReason } from '@/api/plan'
import { en } from '@/locale/en'
import { zh } from '@/locale/zh'
import { NODE_HEIGHT, NODE_WIDTH, detailOf, layoutOf, loadOf } from '@/pipelines/plan-layout'
import { isWell, whyText } from '@/pipelines/why'

const node = (id: number, to: number, depth: number, text = 'Filter a > 1'): PlanNode => ({ id, to, depth, text, kind: text.split(' ')[0]!, exchange: false, queue_fill: 0 }) as PlanNode

describe('the plan as a graph', () => {
  it('puts inputs on the left of what they feed, and a join between its sides', () => {
    const { nodes, edges, width } = layoutOf([node(0, -1, 0), node(1, 0, 1), node(2, 1, 2), node(3, 1, 2)])
    const at = (id: number) => nodes.find((one) => one.node.id === id)!
    expect(at(0).x).toBeGreaterThan(at(1).x)
    expect(at(1).x).toBeGreaterThan(at(2).x)
    expect(at(1).y).toBe((at(2).y + at(3).y) / 2)
    expect(edges.map((edge) => [edge.from, edge.to])).toEqual(expect.arrayContaining([[1, 0], [2, 1], [3, 1]]))
    expect(width).toBe(at(0).x + NODE_WIDTH)
  })

  it('puts the sinks of a statement set below each other', () => {
    const { nodes, height } = layoutOf([node(0, -1, 0), node(1, 0, 1), node(2, -1, 0), node(3, 2, 1)])
    const ys = nodes.filter((one) => one.node.to === -1).map((one) => one.y)
    expect(ys[1]! - ys[0]!).toBeGreaterThanOrEqual(NODE_HEIGHT)
    expect(height).toBe(ys[1]! + NODE_HEIGHT)
  })

  it.each([[0, 'ok'], [0.1, 'ok'], [0.11, 'low'], [0.5, 'low'], [0.51, 'high']])('%f of the time is %s', (share, load) => expect(loadOf(share)).toBe(load))

  it('leaves out the kind in the detail', () => {
    expect(detailOf(node(0, -1, 0))).toBe('a > 1')
    expect(detailOf(node(0, -1, 0, 'Union'))).toBe('')
  })
})

describe('why there is no output', () => {
  const known = (key: string) => key.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], zh) !== undefined
  const t = (key: string, named: Record<string, string>) => `${key} ${JSON.stringify(named)}`
  const reason = (code: string, params: Record<string, string> = {}): PlanReason => ({ code, params, text: 'as the platform says it', hint: '', node: -1 })

  it('is said in the language of the screen', () => {
    expect(whyText(reason('watermark', { because: 'quiet', waits_for: '' }), t, known)).toBe(
      `plan.why.watermark ${JSON.stringify({ because: 'plan.because.quiet {}', waits_for: '?' })}`,
    )
    expect(whyText(reason('new_in_a_later_release'), t, known)).toBe('as the platform says it')
  })

  it('knows the same reasons in both languages', () => {
    expect(Object.keys(en.plan.why)).toEqual(Object.keys(zh.plan.why))
    expect(Object.keys(en.plan.because)).toEqual(Object.keys(zh.plan.because))
  })

  it('tells what is well from what is not', () => {
    expect(isWell([reason('flows')])).toBe(true)
    expect(isWell([reason('filter')])).toBe(false)
  })
})
