import { expect, it } from 'vitest'
import type { Job, Pipeline } from '@/api/pipelines'
import { checkpointOf, durationText, jobName, mayPause, mayResume, problemsOf, watermarkText } from '@/pipelines/progress'

it.each([
  [0, '0.0 s'],
  [5200, '5.2 s'],
  [90_000, '1.5 min'],
  [2 * 3600_000, '2.0 h'],
  [5 * 86_400_000, '5 d'],
  [-5, '0.0 s'],
])('durationText %i', (ms, want) => expect(durationText(ms)).toBe(want))

it('says how far the watermark is behind', () => {
  const now = new Date(2026, 10, 20, 10, 0, 10).getTime()
  const mark = new Date(2026, 10, 20, 10, 0, 5).toISOString()
  expect(watermarkText(mark, now)).toEqual({ text: '10:00:05', behind: '5.0 s' })
  expect(watermarkText(new Date(2026, 10, 18, 10, 0, 0).toISOString(), now).text).toBe('2026-11-18 10:00:00')
  expect(watermarkText(new Date(now + 1000).toISOString(), now).behind).toBe('')
})

it.each([null, undefined, '', 'never'])('has nothing to say without a watermark: %s', (mark) => {
  expect(watermarkText(mark, 0)).toEqual({ text: '–', behind: '' })
})

it('offers only what would not be refused', () => {
  const states = ['starting', 'running', 'paused', 'restarting', 'failed', 'finished', 'stopping', 'unknown'] as const
  const which = (may: (pipeline: Pipeline) => boolean) => states.filter((state) => may({ state } as Pipeline))
  expect(which(mayPause)).toEqual(['running', 'restarting', 'unknown'])
  expect(which(mayResume)).toEqual(['paused', 'failed', 'stopping'])
})

it('calls jobs by what is their own', () => {
  expect(jobName('sensors', 'sensors.insert-into_sensors_clean')).toBe('sensors_clean')
  expect(jobName('sensors', 'clean')).toBe('clean')
  expect(jobName('a', 'a.insert-into_')).toBe('insert-into_')
})

it('names each problem once', () => {
  const jobs = [{ error: 'read: refused' }, { error: 'read: refused' }, {}, { error: '' }] as Job[]
  expect(problemsOf({ jobs } as Pipeline)).toEqual(['read: refused'])
})

it('has no checkpoint before the first', () => {
  const checkpoint = { epoch: 0, at: '0001-01-01T00:00:00Z', duration_ms: 0, bytes: 0 }
  expect(checkpointOf({ last_checkpoint: checkpoint } as Job)).toBeNull()
  expect(checkpointOf({ last_checkpoint: { ...checkpoint, epoch: 1 } } as Job)).not.toBeNull()
  expect(checkpointOf({ last_checkpoint: null } as Job)).toBeNull()
})
