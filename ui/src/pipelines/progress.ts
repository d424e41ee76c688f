// How far a job has come, in words.

import { clockText, dayText, timeOf, UNKNOWN } from '@/chart/figure'
import type { Checkpoint, Job, Pipeline } from '@/api/pipelines'

/** durationText has one unit, and at most one digit after the point. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  if (seconds < 3600) return `${(seconds / 60).toFixed(1)} min`
  if (seconds < 86_400 * 2) return `${(seconds / 3600).toFixed(1)} h`
  return `${(seconds / 86_400).toFixed(0)} d`
}

export interface WatermarkText {
  text: string
  /** How long ago by the clock; empty when there is no watermark, or one that has run to the end. */
  behind: string
}

/** watermarkText leaves out the day where it is today's. */
export function watermarkText(watermark: string | null | undefined, now: number): WatermarkText {
  const time = watermark ? timeOf(watermark) : NaN
  if (Number.isNaN(time)) return { text: UNKNOWN, behind: '' }
  const today = dayText(time) === dayText(now)
  return {
    text: today ? clockText(time) : `${dayText(time)} ${clockText(time)}`,
    behind: time > now ? '' : durationText(now - time),
  }
}

/** checkpointOf is null before the first one, whose epoch is 1. */
export function checkpointOf(job: Job): Checkpoint | null {
  return job.last_checkpoint && job.last_checkpoint.epoch > 0 ? job.last_checkpoint : null
}

/** jobName leaves out what all jobs of a pipeline begin with: its name, and Flink's word for INSERT. */
export function jobName(pipeline: string, job: string): string {
  const own = job.startsWith(`${pipeline}.`) ? job.slice(pipeline.length + 1) : job
  return own.replace(/^insert-into_(?=.)/, '')
}

/** problemsOf are the errors of a pipeline's jobs, each once. */
export function problemsOf(pipeline: Pipeline): string[] {
  return [...new Set((pipeline.jobs ?? []).map((job: Job) => job.error ?? '').filter((error) => error !== ''))]
}

/** mayPause and mayResume keep the buttons from offering what would be refused. */
export const mayPause = (pipeline: Pipeline) => ['running', 'restarting', 'unknown'].includes(pipeline.state)
export const mayResume = (pipeline: Pipeline) => pipeline.state === 'paused' || pipeline.state === 'failed' || pipeline.state === 'stopping'
