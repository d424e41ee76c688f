import { describe, expect, it } from 'vitest'
import { Ring } from '@/chart/ring'

const times = (ring: Ring) => ring.points().map((sample) => sample[0])

describe('Ring', () => {
  it('holds no more than its capacity, and drops the oldest', () => {
    const ring = new Ring(3)
    for (let time = 1; time <= 10; time++) ring.push(time, time)
    expect(ring.points()).toEqual([
      [8, 8],
      [9, 9],
      [10, 10],
    ])
  })

  it('has fifty points unless told otherwise', () => {
    const ring = new Ring()
    for (let time = 0; time < 1000; time++) ring.push(time, 1)
    expect(ring.size).toBe(50)
  })

  it('puts what is late in its place, and replaces what has the same time', () => {
    const ring = new Ring(5)
    ring.push(30, 3)
    ring.push(10, 1)
    ring.push(20, 2)
    ring.push(20, 22)
    expect(ring.points()).toEqual([
      [10, 1],
      [20, 22],
      [30, 3],
    ])
  })

  it('does not keep what is older than all when it is full', () => {
    const ring = new Ring(2)
    ring.push(10, 1)
    ring.push(20, 2)
    ring.push(5, 0)
    expect(times(ring)).toEqual([10, 20])
  })

  it('leaves out what is not a number', () => {
    const ring = new Ring(5)
    ring.push(NaN, 1)
    ring.push(1, NaN)
    ring.push(2, Infinity)
    expect(ring.size).toBe(0)
    expect(ring.last).toBeUndefined()
  })

  it('fills history only where there is none', () => {
    const ring = new Ring(10)
    ring.push(5000, 5)
    ring.push(6000, 6)
    ring.fill([[3000, 3], [4000, 4], [5040, 99], [6040, 99]], 700)
    expect(times(ring)).toEqual([3000, 4000, 5000, 6000])
    expect(ring.last).toEqual([6000, 6])
  })

  it('fills the gap that a lost connection left', () => {
    const ring = new Ring(10)
    ring.push(1000, 1)
    ring.push(6000, 6)
    ring.fill([[2000, 2], [3000, 3], [4000, 4], [5000, 5]], 700)
    expect(times(ring)).toEqual([1000, 2000, 3000, 4000, 5000, 6000])
  })

  it('gives copies', () => {
    const ring = new Ring(2)
    ring.push(1, 1)
    const before = ring.points()
    ring.push(2, 2)
    expect(before).toEqual([[1, 1]])
  })
})
