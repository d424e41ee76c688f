import { afterEach, describe, expect, it, vi } from 'vitest'
import { call, Problem, problemOf } from '@/api/http'

afterEach(() => vi.unstubAllGlobals())

function answer(status: number, text: string) {
  const fetch = vi.fn(async () => new Response(text, { status, statusText: 'Some Status' }))
  vi.stubGlobal('fetch', fetch)
  return fetch
}

describe('problemOf', () => {
  it('reads the detail, the fields and the hint', () => {
    const text = JSON.stringify({
      title: 'Unprocessable Entity',
      status: 422,
      detail: 'validation failed',
      errors: [{ location: 'body.measurement', message: 'expected string' }],
      hint: 'name a measurement',
    })
    const problem = problemOf(422, '', text)
    expect(problem.message).toBe('validation failed (body.measurement: expected string)')
    expect(problem.hint).toBe('name a measurement')
    expect(problem.status).toBe(422)
  })

  it('makes do with a page that is not JSON', () => {
    expect(problemOf(502, 'Bad Gateway', '<html>').message).toBe('Bad Gateway')
    expect(problemOf(502, '', '').message).toBe('HTTP 502')
    expect(problemOf(500, 'Oops', '"text"').message).toBe('Oops')
  })
})

describe('call', () => {
  it('sends JSON and returns JSON', async () => {
    const fetch = answer(200, '{"data":[]}')
    expect(await call('POST', '/api/query', { measurement: 'cpu_usage' })).toEqual({ data: [] })
    const [path, init] = fetch.mock.calls[0] as unknown as [string, RequestInit]
    expect(path).toBe('/api/query')
    expect(init.body).toBe('{"measurement":"cpu_usage"}')
  })

  it('throws a problem', async () => {
    answer(404, '{"detail":"no such topic","hint":"see /api/topics"}')
    await expect(call('GET', '/api/topics/x/records')).rejects.toMatchObject({ status: 404, hint: 'see /api/topics' })
  })

  it('takes an empty answer', async () => {
    answer(200, '')
    expect(await call('POST', '/api/pipelines/a/pause')).toBeNull()
  })
})

it('tells a refusal from a breakdown', () => {
  expect([0, 400, 404, 422, 500, 503].map((status) => new Problem(status, '').refusal)).toEqual([false, true, true, true, false, false])
})

it('Problem.from keeps what is one', () => {
  const problem = new Problem(400, 'bad')
  expect(Problem.from(problem)).toBe(problem)
  expect(Problem.from(new TypeError('fetch failed'))).toMatchObject({ status: 0, message: 'fetch failed' })
  expect(Problem.from('odd')).toMatchObject({ status: 0, message: 'odd' })
})
