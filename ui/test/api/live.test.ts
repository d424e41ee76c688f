import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Live, QUEUE_LIMIT, RETRY_JITTER_MS, RETRY_MS, secondsLeft, SILENCE_MS, urlOf, type Socket } from '@/api/live'
import type { BaseMessage, MetricsMessage, TopicMessage } from '@/api/channels'

class FakeSocket implements Socket {
  onopen: ((event: Event) => void) | null = null
  onmessage: ((event: MessageEvent) => void) | null = null
  onclose: ((event: CloseEvent) => void) | null = null
  sent: { op: string; id: string; channel?: string; topic?: string }[] = []
  closed = false

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  close(): void {
    this.closed = true
  }

  accept(): void {
    this.onopen?.(new Event('open'))
  }

  say(message: object | string): void {
    const data = typeof message === 'string' ? message : JSON.stringify(message)
    this.onmessage?.({ data } as MessageEvent)
  }

  fail(): void {
    this.onclose?.(new Event('close') as CloseEvent)
  }
}

let sockets: FakeSocket[]
let frames: (() => void)[]
let random: number

function newLive(): Live {
  return new Live({
    url: 'ws://mill/ws/realtime',
    open: () => {
      const socket = new FakeSocket()
      sockets.push(socket)
      return socket
    },
    frame: (fn) => frames.push(fn),
    random: () => random,
  })
}

/** draw runs the frames that were asked for. */
function draw(): void {
  const due = frames
  frames = []
  for (const fn of due) fn()
}

const last = () => sockets[sockets.length - 1]!
const base = (cpu: number): BaseMessage => ({
  timestamp: '2026-11-20T10:00:00Z',
  metrics: { cpu, memory: 50, requests_per_second: 10 },
})

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  frames = []
  random = 0
})
afterEach(() => vi.useRealTimers())

describe('reconnecting', () => {
  it('waits five seconds and says until when', () => {
    const live = newLive()
    live.start()
    expect(live.state.value).toEqual({ phase: 'connecting', retryAt: null })
    last().accept()
    expect(live.state.value.phase).toBe('live')

    last().fail()
    expect(live.state.value).toEqual({ phase: 'reconnecting', retryAt: Date.now() + RETRY_MS })
    vi.advanceTimersByTime(RETRY_MS - 1)
    expect(sockets).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(sockets).toHaveLength(2)
    expect(live.state.value).toEqual({ phase: 'reconnecting', retryAt: null })
    last().accept()
    expect(live.state.value.phase).toBe('live')
    expect(live.opened.value).toBe(2)
  })

  it('adds a random part', () => {
    random = 0.5
    const live = newLive()
    live.start()
    last().fail()
    vi.advanceTimersByTime(RETRY_MS + RETRY_JITTER_MS / 2 - 1)
    expect(sockets).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(sockets).toHaveLength(2)
  })

  it('goes on as long as it takes, one socket at a time', () => {
    const live = newLive()
    live.start()
    for (let attempt = 1; attempt <= 20; attempt++) {
      expect(sockets).toHaveLength(attempt)
      last().fail()
      vi.advanceTimersByTime(RETRY_MS)
    }
    expect(sockets.slice(0, -1).every((socket) => socket.closed)).toBe(true)
  })

  it('gives up on a connection that says nothing', () => {
    const live = newLive()
    live.start()
    last().accept()
    vi.advanceTimersByTime(SILENCE_MS - 1)
    last().say(base(1))
    vi.advanceTimersByTime(SILENCE_MS - 1)
    expect(live.state.value.phase).toBe('live')
    vi.advanceTimersByTime(1)
    expect(live.state.value.phase).toBe('reconnecting')
    expect(last().closed).toBe(true)
  })

  it('gives up on a handshake that never ends', () => {
    const live = newLive()
    live.start()
    vi.advanceTimersByTime(SILENCE_MS)
    expect(live.state.value.phase).toBe('reconnecting')
  })

  it('does not wait when told so', () => {
    const live = newLive()
    live.start()
    last().fail()
    live.retryNow()
    expect(sockets).toHaveLength(2)
    vi.advanceTimersByTime(RETRY_MS)
    expect(sockets).toHaveLength(2)
  })

  it('ends with stop', () => {
    const live = newLive()
    live.start()
    last().accept()
    live.stop()
    expect(last().closed).toBe(true)
    vi.advanceTimersByTime(60_000)
    expect(sockets).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('subscriptions', () => {
  const stats = { channel: 'topic', topic: 'sensors.stats' } as const

  it('are shared and counted', () => {
    const live = newLive()
    live.start()
    last().accept()
    const endFirst = live.subscribe(stats, () => {})
    const endSecond = live.subscribe({ ...stats }, () => {})
    expect(last().sent).toEqual([{ op: 'subscribe', id: 's1', ...stats }])
    endFirst()
    expect(last().sent).toHaveLength(1)
    endSecond()
    expect(last().sent[1]).toEqual({ op: 'unsubscribe', id: 's1' })
    endSecond()
    expect(last().sent).toHaveLength(2)
  })

  it('wait for the connection and are renewed after it was lost', () => {
    const live = newLive()
    const end = live.subscribe(stats, () => {})
    live.start()
    expect(last().sent).toEqual([])
    last().accept()
    expect(last().sent).toHaveLength(1)
    last().fail()
    vi.advanceTimersByTime(RETRY_MS)
    last().accept()
    expect(last().sent).toEqual([{ op: 'subscribe', id: 's1', ...stats }])
    last().fail()
    end()
    vi.advanceTimersByTime(RETRY_MS)
    last().accept()
    expect(last().sent).toEqual([])
  })

  it('hear only what is theirs', () => {
    const live = newLive()
    live.start()
    last().accept()
    const topics: TopicMessage[] = []
    const metrics: MetricsMessage[] = []
    live.subscribe(stats, (batch) => topics.push(...batch))
    const end = live.subscribe({ channel: 'metrics', names: ['load1'] }, (batch) => metrics.push(...batch))
    last().say({ id: 's1', channel: 'topic', seq: 1, records: [], dropped: 0 })
    last().say({ id: 's2', channel: 'metrics', seq: 1, timestamp: '2026-11-20T10:00:00Z', points: [] })
    draw()
    end()
    last().say({ id: 's2', channel: 'metrics', seq: 2, timestamp: '2026-11-20T10:00:01Z', points: [] })
    draw()
    expect(topics.map((message) => message.seq)).toEqual([1])
    expect(metrics.map((message) => message.seq)).toEqual([1])
  })

  it('hear why they were refused', () => {
    const live = newLive()
    live.start()
    last().accept()
    const problems: string[] = []
    live.subscribe(stats, () => {}, (problem) => problems.push(`${problem.message} / ${problem.hint}`))
    last().say({ op: 'error', id: 's1', error: { status: 404, detail: 'no topic', hint: 'see /api/topics' } })
    draw()
    expect(problems).toEqual(['no topic / see /api/topics'])
  })
})

it('a refused subscription is asked for again while somebody waits for it', () => {
  const live = newLive()
  live.start()
  last().accept()
  const end = live.subscribe({ channel: 'topic', topic: 'later' }, () => {})
  const refuse = () => {
    last().say({ op: 'error', id: 's1', error: { status: 404, detail: 'no topic' } })
    draw()
  }
  refuse()
  vi.advanceTimersByTime(RETRY_MS)
  expect(last().sent).toHaveLength(2)
  refuse()
  end()
  vi.advanceTimersByTime(RETRY_MS)
  expect(last().sent.filter((message) => message.op === 'subscribe')).toHaveLength(2)
})

describe('batches', () => {
  it('are handed over once a frame', () => {
    const live = newLive()
    live.start()
    last().accept()
    const batches: (number | null)[][] = []
    const end = live.onBase((batch) => batches.push(batch.map((message) => message.metrics.cpu)))
    last().say(base(1))
    last().say(base(2))
    expect(batches).toEqual([])
    expect(frames).toHaveLength(1)
    draw()
    last().say(base(3))
    draw()
    expect(batches).toEqual([[1, 2], [3]])
    end()
    last().say(base(4))
    draw()
    expect(batches).toHaveLength(2)
  })

  it('are bounded while nobody draws, and keep the newest', () => {
    const live = newLive()
    live.start()
    last().accept()
    let seen: BaseMessage[] = []
    live.onBase((batch) => (seen = batch))
    for (let at = 0; at < QUEUE_LIMIT + 10; at++) last().say(base(at))
    draw()
    expect(seen).toHaveLength(QUEUE_LIMIT)
    expect(seen[0]!.metrics.cpu).toBe(10)
    expect(live.dropped).toBe(10)
  })

  it('leave out what makes no sense', () => {
    const live = newLive()
    live.start()
    last().accept()
    for (const nonsense of ['', '{', 'null', '[]', '42', '{"channel":"x"}', '{"timestamp":1}']) last().say(nonsense)
    expect(frames).toHaveLength(0)
    expect(live.dropped).toBe(7)
  })
})

it('secondsLeft counts down from six at most, to zero', () => {
  expect([6999, 6000, 5001, 5000, 1, 0, -500].map((left) => secondsLeft(left, 0))).toEqual([6, 6, 6, 5, 1, 0, 0])
})

it('urlOf follows the page', () => {
  expect(urlOf({ protocol: 'http:', host: 'mill:8000' })).toBe('ws://mill:8000/ws/realtime')
  expect(urlOf({ protocol: 'https:', host: 'mill' })).toBe('wss://mill/ws/realtime')
})
