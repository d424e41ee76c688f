// Where in a topic a reader begins, and what is looked for there.

import type { Seek } from '@/api/topics'
import { dayText, clockText } from '@/chart/figure'
import { readStamp } from '@/explore/range'

export type From = 'latest' | 'earliest' | 'offset' | 'time'

/** A place as it is typed. */
export interface Place {
  from: From
  offset: string
  /** A day and a time of day in the reader's zone: 2026-11-20 10:00. */
  stamp: string
  partition: string
  search: string
}

/** newPlace is the newest records; a time to begin with is an hour before now. */
export function newPlace(now: number): Place {
  const hour = now - 3_600_000
  return { from: 'latest', offset: '0', stamp: `${dayText(hour)} ${clockText(hour).slice(0, 5)}`, partition: '', search: '' }
}

/** isLive says whether records are shown as they come: nothing else than the newest is asked for. */
export const isLive = (place: Place): boolean => place.from === 'latest' && place.search.trim() === '' && place.partition === ''

/** timeOfStamp reads a stamp; NaN where it is none. */
export function timeOfStamp(stamp: string): number {
  const [day = '', clock = '', ...rest] = stamp.trim().split(/[\sT]+/)
  return rest.length > 0 ? NaN : readStamp(day, clock === '' ? '00:00' : clock)
}

/** faultOf names the field that cannot be asked with; null if none. */
export function faultOf(place: Place): 'offset' | 'stamp' | null {
  if (place.from === 'offset' && !/^\d{1,18}$/.test(place.offset.trim())) return 'offset'
  return place.from === 'time' && Number.isNaN(timeOfStamp(place.stamp)) ? 'stamp' : null
}

/** seekOf is what to ask the platform for; null where the place has a fault. */
export function seekOf(place: Place): Seek | null {
  if (faultOf(place) !== null) return null
  const seek: Seek = {}
  if (place.from === 'time') seek.from = new Date(timeOfStamp(place.stamp)).toISOString()
  else seek.offset = place.from === 'offset' ? place.offset.trim() : place.from
  if (place.partition !== '') seek.partition = Number(place.partition)
  if (place.search.trim() !== '') seek.filter = place.search.trim()
  return seek
}
