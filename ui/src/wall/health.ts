// How the pipelines are doing: what waits, what was refused, and the newest of it.

import type { Job, Pipeline } from '@/api/pipelines'
import type { Topic, TopicRecord } from '@/api/topics'
import { timeOf } from '@/chart/figure'

/** deadLetters of all pipelines together. */
export function deadLetters(pipelines: Pipeline[] | null): number | undefined {
  if (pipelines === null) return undefined
  let count = 0
  for (const pipeline of pipelines) for (const job of pipeline.jobs ?? []) count += job.dead_letters
  return count
}

/** lagOf adds up what is known; a job that does not know yet says -1. */
export function lagOf(jobs: Pick<Job, 'lag'>[]): number | undefined {
  const known = jobs.filter((job) => job.lag >= 0)
  return known.length === 0 ? undefined : known.reduce((total, job) => total + job.lag, 0)
}

/** Topics of dead letters are called after the topic that the bad records came from. */
const DEAD_SUFFIX = '.dead'
/** Subscriptions that the wall spends on dead letters. */
const MAX_DEAD_TOPICS = 4
/** As many as the tallest panel shows. */
export const DEAD_SHOWN = 12

export interface DeadLetter {
  key: string
  time: number
  topic: string
  reason: string
  text: string
}

export function deadTopics(topics: Topic[]): string[] {
  return topics
    .map((topic) => topic.name)
    .filter((name) => name.endsWith(DEAD_SUFFIX))
    .slice(0, MAX_DEAD_TOPICS)
}

/** deadLetterOf reads a bad record: its value is what came in, the headers say what is wrong. */
export function deadLetterOf(topic: string, record: TopicRecord): DeadLetter {
  const text = typeof record.value === 'string' ? record.value : JSON.stringify(record.value)
  return {
    key: `${topic}:${record.partition}:${record.offset}`,
    time: timeOf(record.timestamp),
    topic: topic.slice(0, -DEAD_SUFFIX.length),
    reason: record.headers?.['millrace.error'] ?? '',
    text,
  }
}

/** newestLetters joins what was shown with what came, each once, the newest first. */
export function newestLetters(shown: DeadLetter[], came: DeadLetter[]): DeadLetter[] {
  const byKey = new Map([...shown, ...came].map((letter) => [letter.key, letter]))
  return [...byKey.values()].sort((a, b) => b.time - a.time).slice(0, DEAD_SHOWN)
}
