// The consumer groups of the bus: who reads what, and how far they are.

import { call } from './http'

export interface Group {
  name: string
  /** classic, consumer, or another of Kafka's that has no offsets. */
  kind: string
  state: string
  protocol: string
  assignor: string
  members: number
  topics: string[]
  lag: number
  /** The platform itself is its member. */
  protected: boolean
}

export interface GroupMember {
  id: string
  instance?: string
  client: string
  host: string
  assigned: { topic: string; partitions: number[] }[]
}

export interface GroupPartition {
  topic: string
  partition: number
  /** -1: nothing was committed. */
  offset: number
  /** -1: there is no such partition any more. */
  start: number
  end: number
  /** -1: not known. */
  lag: number
  client: string
  host: string
}

export interface GroupDetail extends Group {
  coordinator: number
  member_list: GroupMember[]
  offsets: GroupPartition[]
}

export interface GroupReset {
  to: string
  topic?: string
  partitions?: number[]
}

export interface Moved {
  topic: string
  partition: number
  before: number
  after: number
  lag: number
}

const pathOf = (group: string) => `/api/groups/${encodeURIComponent(group)}`

export async function fetchGroups(signal?: AbortSignal): Promise<Group[]> {
  return (await call<{ groups: Group[] }>('GET', '/api/groups', undefined, signal)).groups
}

export const fetchGroup = (group: string, signal?: AbortSignal): Promise<GroupDetail> => call('GET', pathOf(group), undefined, signal)

export const resetGroup = (group: string, reset: GroupReset, dryRun: boolean): Promise<{ moved: Moved[]; lag: number }> =>
  call('POST', `${pathOf(group)}/offsets`, { ...reset, dry_run: dryRun })

export const deleteGroup = (group: string): Promise<null> => call('DELETE', pathOf(group))
