// Where a group is to be moved, as it is typed.

import { timeOfStamp } from './place'

export const PLACES = ['earliest', 'latest', 'offset', 'time', 'shift'] as const
export type ResetPlace = (typeof PLACES)[number]

/** targetOf is the place in the platform's words; null where what is typed is none. */
export function targetOf(place: ResetPlace, text: string): string | null {
  const typed = text.trim()
  switch (place) {
    case 'earliest':
    case 'latest':
      return place
    case 'offset':
      return /^\d{1,18}$/.test(typed) ? typed : null
    case 'shift':
      return /^[+-]?\d{1,18}$/.test(typed) && Number(typed) !== 0 ? (/^\d/.test(typed) ? `+${typed}` : typed) : null
    case 'time': {
      const time = timeOfStamp(typed)
      return Number.isNaN(time) ? null : new Date(time).toISOString()
    }
  }
}
