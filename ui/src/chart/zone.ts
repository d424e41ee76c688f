// The time zone that times are shown in. It is read where times become text, so that whatever shows
// one is drawn anew when the zone changes.

import { ref } from 'vue'

/** local: the browser's own; else a name that Intl knows, such as UTC or Asia/Shanghai. */
export type Zone = string

export const LOCAL = 'local'
const STORED = 'millrace.zone'

/** zone is the one that was chosen, for the whole screen. */
export const zone = ref<Zone>(LOCAL)

/** isZone says whether times can be shown in it. */
export function isZone(name: string): boolean {
  if (name === LOCAL) return true
  try {
    formatOf(name)
    return true
  } catch {
    return false
  }
}

/** recallZone takes the zone that was chosen earlier. */
export function recallZone(storage: Pick<Storage, 'getItem'>): void {
  try {
    const stored = storage.getItem(STORED)
    if (stored !== null && isZone(stored)) zone.value = stored
  } catch {
    // A browser without storage shows its own zone.
  }
}

/** chooseZone shows all times in another zone, and remembers it. */
export function chooseZone(name: Zone, storage: Pick<Storage, 'setItem'>): void {
  zone.value = name
  try {
    storage.setItem(STORED, name)
  } catch {
    // Without storage the choice lasts as long as the page does.
  }
}

/** Wall is a time as a clock and a calendar in a zone show it. */
export interface Wall {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

const formats = new Map<Zone, Intl.DateTimeFormat>()

function formatOf(name: Zone): Intl.DateTimeFormat {
  let format = formats.get(name)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(name, format)
  }
  return format
}

/** wallOf reads the clock of a zone at a time in ms since the epoch. */
export function wallOf(time: number, name: Zone = zone.value): Wall {
  const date = new Date(time)
  if (name === LOCAL) {
    return {
      year: date.getFullYear(),
      month: date.getMonth() + 1,
      day: date.getDate(),
      hour: date.getHours(),
      minute: date.getMinutes(),
      second: date.getSeconds(),
    }
  }
  const wall: Wall = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 }
  if (Number.isNaN(time)) return wall
  for (const { type, value } of formatOf(name).formatToParts(date)) {
    if (type in wall) wall[type as keyof Wall] = Number(value)
  }
  return wall
}

/** offsetOf is how many ms a zone's clock is ahead of UTC at a time. */
export function offsetOf(time: number, name: Zone = zone.value): number {
  const wall = wallOf(time, name)
  const shown = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second)
  return shown - Math.floor(time / 1000) * 1000
}

/** timeInZone is when a clock of the zone shows this; in an hour that it shows twice, the first. */
export function timeInZone(wall: Wall, name: Zone = zone.value): number {
  const shown = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second)
  // The offset is that of the time sought: a guess, and once more with what the guess tells.
  const guess = shown - offsetOf(shown, name)
  return shown - offsetOf(guess, name)
}
