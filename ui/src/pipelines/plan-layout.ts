// Where the nodes of a plan are drawn: inputs on the left, sinks on the right, each node beside those that feed it.

import type { PlanNode } from '@/api/plan'

export const NODE_WIDTH = 196
export const NODE_HEIGHT = 116
const GAP_X = 44
const GAP_Y = 18

export interface Placed {
  node: PlanNode
  x: number
  y: number
}

export interface Edge {
  from: number
  to: number
  path: string
  /** Rows go through queues, by key. */
  exchange: boolean
  fill: number
}

export interface Layout {
  nodes: Placed[]
  edges: Edge[]
  width: number
  height: number
}

/** layoutOf places the trees of all sinks below each other. */
export function layoutOf(nodes: readonly PlanNode[]): Layout {
  const inputs = new Map<number, PlanNode[]>()
  for (const node of nodes) inputs.set(node.to, [...(inputs.get(node.to) ?? []), node])
  const deepest = Math.max(0, ...nodes.map((node) => node.depth))
  const placed = new Map<number, Placed>()
  let rows = 0

  function place(node: PlanNode): number {
    const below = (inputs.get(node.id) ?? []).map(place)
    const row = below.length === 0 ? rows++ : (below[0]! + below.at(-1)!) / 2
    placed.set(node.id, { node, x: (deepest - node.depth) * (NODE_WIDTH + GAP_X), y: row * (NODE_HEIGHT + GAP_Y) })
    return row
  }
  for (const sink of inputs.get(-1) ?? []) place(sink)

  const edges: Edge[] = []
  for (const { node, x, y } of placed.values()) {
    const to = placed.get(node.to)
    if (!to) continue
    const [x1, y1, x2, y2] = [x + NODE_WIDTH, y + NODE_HEIGHT / 2, to.x, to.y + NODE_HEIGHT / 2]
    const middle = (x1 + x2) / 2
    edges.push({ from: node.id, to: node.to, path: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`, exchange: to.node.exchange, fill: to.node.queue_fill })
  }
  return {
    nodes: [...placed.values()],
    edges,
    width: (deepest + 1) * (NODE_WIDTH + GAP_X) - GAP_X,
    height: Math.max(1, rows) * (NODE_HEIGHT + GAP_Y) - GAP_Y,
  }
}

export type Load = 'none' | 'ok' | 'low' | 'high'

/** loadOf has the thresholds of Flink's screen: up to 10 % is nothing, from half of the time on it is much. */
export function loadOf(share: number): Load {
  if (share <= 0.1) return 'ok'
  return share <= 0.5 ? 'low' : 'high'
}

/** detailOf is the text of a node without the kind that it begins with. */
export const detailOf = (node: PlanNode): string => node.text.replace(/^\S+\s*/, '')
