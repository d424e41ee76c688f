// Numbers that move like real ones, the same in every run.

/** random is a small generator of numbers, seeded: two runs look alike. */
export function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export const noise = (at, seed) => Math.sin(at / 7 + seed) * 0.5 + Math.sin(at / 2.3 + seed * 3) * 0.25 + Math.sin(at / 17 + seed * 7) * 0.25
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value))
