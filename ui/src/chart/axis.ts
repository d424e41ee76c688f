// Axes of time: where their marks stand, and what is written there.

import { clockText, dayText } from './figure'
import { offsetOf, wallOf } from './zone'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const STEPS = [
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, 365 * DAY,
]

export interface TimeMarks {
  times: number[]
  label: (time: number) => string
}

/** timeMarks are at most so many whole steps between two times, whole on the clock of the reader. */
export function timeMarks(from: number, upto: number, most: number): TimeMarks {
  const step = STEPS.find((length) => (upto - from) / length <= most) ?? STEPS[STEPS.length - 1]!
  const times: number[] = []
  if (!(from < upto)) return { times, label: (time) => markText(time, step) }
  // Where the clock is changed within the range, marks follow the clock.
  for (let shown = Math.ceil((from + offsetOf(from)) / step) * step; ; shown += step) {
    const guess = shown - offsetOf(from)
    const at = shown - offsetOf(guess)
    if (at > upto) break
    if (at >= from) times.push(at)
  }
  return { times, label: (time) => markText(time, step) }
}

/** markText says what is new at a mark: the day at midnight, else the time of day. */
function markText(time: number, step: number): string {
  const wall = wallOf(time)
  if (step >= DAY || (wall.hour === 0 && wall.minute === 0 && wall.second === 0)) return dayText(time).slice(5)
  return step >= MINUTE ? clockText(time).slice(0, 5) : clockText(time)
}
