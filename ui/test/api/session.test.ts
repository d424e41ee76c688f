import { afterEach, describe, expect, it, vi } from 'vitest'
import { call, callWith } from '@/api/http'
import { Live, type Socket } from '@/api/live'
import { Session, session, type Role } from '@/api/session'

class Store {
  readonly items = new Map<string, string>()
  getItem = (key: string) => this.items.get(key) ?? null
  setItem = (key: string, value: string) => void this.items.set(key, value)
  removeItem = (key: string) => void this.items.delete(key)
}
const who = (role: Role) => ({ name: 'lin', role, open: false })

afterEach(() => {
  session.leave()
  session.wanted.value = false
  vi.unstubAllGlobals()
})

describe('a token', () => {
  it('lasts as long as the tab, or longer if asked', () => {
    const stores = { session: new Store(), local: new Store() }
    const one = new Session(stores)
    one.enter('t1', who('viewer'), false)
    expect([stores.session.items.size, stores.local.items.size]).toEqual([1, 0])
    expect(new Session(stores).token).toBe('t1')
    one.enter('t2', who('viewer'), true)
    expect([stores.session.items.size, stores.local.items.size]).toEqual([0, 1])
    one.leave()
    expect(new Session(stores).token).toBeNull()
    expect(one.turn.value).toBe(3)
  })

  it('works where the browser forbids storage', () => {
    const one = new Session({ session: null, local: null })
    one.enter('t', who('editor'), true)
    expect(one.token).toBe('t')
  })

  it('a refusal of an older token asks nobody', () => {
    const one = new Session({ session: null, local: null })
    one.enter('new', who('admin'), false)
    one.refused('old')
    expect(one.wanted.value).toBe(false)
    one.refused('new')
    expect([one.wanted.value, one.who.value]).toEqual([true, null])
  })
})

it.each([
  ['viewer', [true, false, false]], ['editor', [true, true, false]], ['admin', [true, true, true]], ['ingest', [false, false, false]],
] as const)('%s may look, edit, administer: %j', (role, want) => {
  const one = new Session({ session: null, local: null })
  expect((['viewer', 'editor', 'admin'] as const).map((need) => one.may(need))).toEqual([true, true, true])
  one.enter('t', who(role), false)
  expect((['viewer', 'editor', 'admin'] as const).map((need) => one.may(need))).toEqual(want)
})

describe('requests', () => {
  const answers = (status: number) => {
    const fetch = vi.fn(async () => new Response('{}', { status }))
    vi.stubGlobal('fetch', fetch)
    return () => (fetch.mock.calls.at(-1) as unknown as [string, { headers: Record<string, string> }])[1].headers.authorization
  }

  it('bear the token once there is one', async () => {
    const sent = answers(200)
    await call('GET', '/api/status')
    expect(sent()).toBeUndefined()
    session.enter('t1', who('viewer'), false)
    await call('GET', '/api/status')
    expect(sent()).toBe('Bearer t1')
  })

  it('that are refused ask for one; trying one does not', async () => {
    answers(401)
    await expect(callWith('guess', 'GET', '/api/whoami')).rejects.toMatchObject({ status: 401 })
    expect(session.wanted.value).toBe(false)
    await expect(call('GET', '/api/status')).rejects.toMatchObject({ status: 401 })
    expect(session.wanted.value).toBe(true)
  })
})

it('the socket says who is there before anything else, and anew after a login', () => {
  let token: string | null = null
  const sockets: (Socket & { sent: string[] })[] = []
  const open = () => {
    const socket = { onopen: null, onmessage: null, onclose: null, sent: [] as string[], send(text: string) { this.sent.push(text) }, close() {} }
    sockets.push(socket)
    return socket
  }
  const live = new Live({ url: '', open, frame: (fn) => fn(), random: () => 0, token: () => token })
  live.start()
  live.subscribe({ channel: 'topic', topic: 'a' }, () => {})
  sockets[0]!.onopen!(new Event('open'))
  expect(sockets[0]!.sent[0]).toContain('subscribe')
  token = 't1'
  live.renew()
  sockets[1]!.onopen!(new Event('open'))
  expect(JSON.parse(sockets[1]!.sent[0]!)).toEqual({ op: 'auth', token: 't1' })
  expect(sockets[1]!.sent[1]).toContain('subscribe')
  live.stop()
})
