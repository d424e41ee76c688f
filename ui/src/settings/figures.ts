// Figures of the settings page, as functions of what the platform says.

import type { StorageState, StoredMeasurement, Tier } from '@/api/operation'

/** hitShare is the share of questions to the cache that it answered; null before the first. */
export function hitShare({ hits, misses }: StorageState['cache']): number | null {
  return hits + misses > 0 ? hits / (hits + misses) : null
}

/** sharesOf says how much of all bytes each tier holds, in percent; all 0 while there are none. */
export function sharesOf(tiers: readonly Tier[]): number[] {
  const sum = tiers.reduce((all, tier) => all + tier.bytes, 0)
  return tiers.map((tier) => (sum > 0 ? (tier.bytes / sum) * 100 : 0))
}

export type StoredKey = 'name' | 'rows' | 'bytes'

/** inOrder puts measurements in order: names upwards, amounts downwards; search leaves out others. */
export function inOrder(list: readonly StoredMeasurement[], key: StoredKey, search: string): StoredMeasurement[] {
  const wanted = search.trim().toLowerCase()
  return list
    .filter((one) => one.name.toLowerCase().includes(wanted))
    .sort((a, b) => (key === 'name' ? a.name.localeCompare(b.name) : b[key] - a[key] || a.name.localeCompare(b.name)))
}

/** lengthText writes a length of time as Go gives it, 720h0m0s, as short as people do: 30d. */
export function lengthText(length: string): string {
  const short = length.replace(/(?<=[hm])0s$/, '').replace(/(?<=h)0m$/, '')
  const hours = /^(\d+)h$/.exec(short)
  return hours && Number(hours[1]) % 24 === 0 ? `${Number(hours[1]) / 24}d` : short
}
