import { describe, expect, it } from 'vitest'
import type { Pipeline } from '@/api/pipelines'
import { DEAD_SHOWN, deadLetterOf, deadLetters, deadTopics, lagOf, newestLetters } from '@/wall/health'

describe('dead letters', () => {
  it('are counted over jobs', () => {
    const job = (dead: number) => ({ dead_letters: dead }) as Pipeline['jobs'][number]
    const pipeline = (...jobs: number[]) => ({ jobs: jobs.map(job) }) as Pipeline
    expect(deadLetters([pipeline(1, 2), pipeline(), pipeline(4)])).toBe(7)
    expect(deadLetters(null)).toBeUndefined()
  })

  it('have topics of their own', () => {
    const topics = ['a', 'a.dead', 'deadline', 'b.dead'].map((name) => ({ name, partitions: 1, records: 0, internal: false }))
    expect(deadTopics(topics)).toEqual(['a.dead', 'b.dead'])
  })

  it('say what came in and what is wrong with it', () => {
    const record = { partition: 1, offset: 7, timestamp: '2026-11-20T10:00:01Z', key: null, value: '{"id', headers: { 'millrace.error': 'unexpected end' } }
    expect(deadLetterOf('sensors.raw.dead', record)).toEqual({
      key: 'sensors.raw.dead:1:7',
      time: Date.UTC(2026, 10, 20, 10, 0, 1),
      topic: 'sensors.raw',
      reason: 'unexpected end',
      text: '{"id',
    })
  })

  it('are shown once each, the newest first, and few', () => {
    const letter = (n: number) => ({ key: String(n), time: n, topic: 't', reason: '', text: '' })
    const many = Array.from({ length: 40 }, (_, n) => letter(n))
    const shown = newestLetters(many.slice(0, 30), many.slice(20))
    expect(shown).toHaveLength(DEAD_SHOWN)
    expect(shown[0]!.time).toBe(39)
    expect(new Set(shown.map((it) => it.key)).size).toBe(DEAD_SHOWN)
  })
})

it('lagOf adds what is known', () => {
  expect(lagOf([{ lag: 3 }, { lag: -1 }, { lag: 4 }])).toBe(7)
  expect(lagOf([{ lag: -1 }])).toBeUndefined()
})
