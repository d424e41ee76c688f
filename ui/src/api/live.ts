// The one WebSocket of the screen.
//
// Everything that moves comes through here: the message of each second, and the channels that
// somebody subscribed to. Equal subscriptions are counted and shared. Messages wait for the next
// animation frame and are handed over as one batch, so that a burst costs one rendering.
//
// When the connection is lost it comes back by itself after five seconds and a little more: the
// extra is random, so that a room full of screens does not return in the same millisecond.

import { shallowRef, type ShallowRef } from 'vue'
import { parseMessage, type Incoming } from './message'
import { Problem } from './http'
import type { BaseMessage, ChannelMessage, ChannelRequest, MessageOf } from './channels'

/** Five seconds are what the screen promises. */
export const RETRY_MS = 5000
/** At most a fifth more. */
export const RETRY_JITTER_MS = 1000
/** The server speaks each second; ten of silence mean that nobody is at the other end. */
export const SILENCE_MS = 10_000
/** Two minutes of messages at the greatest rate; a hidden tab drops what is older. */
export const QUEUE_LIMIT = 1024

export interface LiveState {
  phase: 'connecting' | 'live' | 'reconnecting'
  /** When the next attempt is due, in ms since the epoch; null while one is under way. */
  retryAt: number | null
}

/** The part of a WebSocket that is used: tests bring their own. */
export interface Socket {
  onopen: ((event: Event) => void) | null
  onmessage: ((event: MessageEvent) => void) | null
  onclose: ((event: CloseEvent) => void) | null
  send(text: string): void
  close(): void
}

export interface LiveOptions {
  url: string
  open: (url: string) => Socket
  /** Runs fn at the next frame. */
  frame: (fn: () => void) => void
  random: () => number
  /** What to say who is there with; the platform wants it as the first message. */
  token?: () => string | null
}

type Listener<T> = (batch: T[]) => void

interface Subscription {
  id: string
  request: ChannelRequest
  listeners: Map<Listener<ChannelMessage>, ((problem: Problem) => void) | undefined>
}

export class Live {
  readonly state: ShallowRef<LiveState> = shallowRef({ phase: 'connecting', retryAt: null })
  /** How often the connection has been made: who draws history fetches it anew when this grows. */
  readonly opened = shallowRef(0)
  /** Messages thrown away because nobody drew for too long, or because they made no sense. */
  dropped = 0

  private socket: Socket | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private running = false
  private nextId = 1
  private queue: Incoming[] = []
  private framed = false
  private readonly base = new Set<Listener<BaseMessage>>()
  private readonly byKey = new Map<string, Subscription>()
  private readonly byId = new Map<string, Subscription>()

  constructor(private readonly options: LiveOptions) {}

  start(): void {
    if (this.running) return
    this.running = true
    this.connect('connecting')
  }

  stop(): void {
    this.running = false
    clearTimeout(this.timer)
    this.abandon()
    this.queue = []
  }

  /** retryNow skips the rest of the wait. */
  retryNow(): void {
    if (this.running && this.socket === null) this.connect('reconnecting')
  }

  /** renew connects anew at once, for another token. */
  renew(): void {
    if (!this.running) return
    this.abandon()
    this.connect('connecting')
  }

  /** onBase hears the message of each second; the answer ends it. */
  onBase(listener: Listener<BaseMessage>): () => void {
    this.base.add(listener)
    return () => this.base.delete(listener)
  }

  /** subscribe hears a channel until the returned function is called. */
  subscribe<R extends ChannelRequest>(
    request: R,
    listener: Listener<MessageOf<R>>,
    onProblem?: (problem: Problem) => void,
  ): () => void {
    const key = JSON.stringify(request)
    let subscription = this.byKey.get(key)
    if (!subscription) {
      subscription = { id: `s${this.nextId++}`, request, listeners: new Map() }
      this.byKey.set(key, subscription)
      this.byId.set(subscription.id, subscription)
      this.ask(subscription)
    }
    const shared = subscription
    const heard = listener as unknown as Listener<ChannelMessage>
    shared.listeners.set(heard, onProblem)
    return () => {
      if (!shared.listeners.delete(heard) || shared.listeners.size > 0) return
      this.byKey.delete(key)
      this.byId.delete(shared.id)
      this.send({ op: 'unsubscribe', id: shared.id })
    }
  }

  private connect(phase: 'connecting' | 'reconnecting'): void {
    clearTimeout(this.timer)
    this.state.value = { phase, retryAt: null }
    const socket = this.options.open(this.options.url)
    this.socket = socket
    socket.onopen = () => {
      this.state.value = { phase: 'live', retryAt: null }
      this.opened.value++
      const token = this.options.token?.() ?? null
      if (token !== null) this.send({ op: 'auth', token })
      for (const subscription of this.byId.values()) this.ask(subscription)
      this.watch()
    }
    socket.onmessage = (event) => {
      this.watch()
      this.receive(event.data)
    }
    // A close follows every error, so one of them is enough.
    socket.onclose = () => this.lost()
    this.watch()
  }

  /** watch gives the other end SILENCE_MS from now, for the handshake as for each message. */
  private watch(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.lost(), SILENCE_MS)
  }

  private lost(): void {
    this.abandon()
    if (!this.running) return
    clearTimeout(this.timer)
    const wait = RETRY_MS + this.options.random() * RETRY_JITTER_MS
    this.state.value = { phase: 'reconnecting', retryAt: Date.now() + wait }
    this.timer = setTimeout(() => this.connect('reconnecting'), wait)
  }

  private abandon(): void {
    const socket = this.socket
    this.socket = null
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  private ask(subscription: Subscription): void {
    this.send({ op: 'subscribe', id: subscription.id, ...subscription.request })
  }

  private send(message: object): void {
    if (this.state.value.phase === 'live') this.socket?.send(JSON.stringify(message))
  }

  private receive(data: unknown): void {
    const message = parseMessage(data)
    if (message === null) {
      this.dropped++
      return
    }
    this.queue.push(message)
    if (this.queue.length > QUEUE_LIMIT) {
      this.queue.shift()
      this.dropped++
    }
    if (this.framed) return
    this.framed = true
    this.options.frame(() => this.deliver())
  }

  private deliver(): void {
    this.framed = false
    const batch = this.queue
    this.queue = []
    const base: BaseMessage[] = []
    const channels = new Map<Subscription, ChannelMessage[]>()
    for (const message of batch) {
      if (message.kind === 'base') base.push(message.body)
      else if (message.kind === 'error') this.refuse(message.id, message.problem)
      else if (message.kind === 'channel') {
        const subscription = this.byId.get(message.body.id)
        // A last message may still be on its way when a subscription has ended.
        if (!subscription) continue
        const list = channels.get(subscription)
        if (list) list.push(message.body)
        else channels.set(subscription, [message.body])
      }
    }
    if (base.length > 0) for (const listener of this.base) listener(base)
    for (const [subscription, list] of channels) {
      for (const listener of subscription.listeners.keys()) listener(list)
    }
  }

  /** refuse tells the listeners, and asks again later: a topic may come into being meanwhile. */
  private refuse(id: string, problem: Problem): void {
    const subscription = this.byId.get(id)
    if (!subscription) return
    for (const onProblem of subscription.listeners.values()) onProblem?.(problem)
    const socket = this.socket
    setTimeout(() => {
      if (this.socket === socket && this.byId.get(id) === subscription) this.ask(subscription)
    }, RETRY_MS)
  }
}

/**
 * secondsLeft until the next attempt. A clock that ticks once a second is up to a second behind: it
 * must not make the wait look longer than any wait is.
 */
export function secondsLeft(retryAt: number, now: number): number {
  const left = Math.min(retryAt - now, RETRY_MS + RETRY_JITTER_MS)
  return Math.max(0, Math.ceil(left / 1000))
}

/** urlOf is the socket of the server that served the page. */
export function urlOf(location: { protocol: string; host: string }): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/realtime`
}

/** browserFrame draws with the display; a hidden tab has no frames, there a second is near enough. */
export function browserFrame(fn: () => void): void {
  if (document.hidden) setTimeout(fn, 1000)
  else requestAnimationFrame(fn)
}
