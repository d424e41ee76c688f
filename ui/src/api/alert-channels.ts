// Where people are told about alerts.

import type { Level } from './alerts'
import { call } from './http'
import type { Settings, Trial } from './kinds'

/** A channel as it is sent and as it is answered. */
export interface AlertChannel {
  name: string
  kind: string
  options: Settings
  /** Which alerts it gets; none: all. */
  levels?: Level[]
  send_resolved?: boolean
  group_wait?: string
  group_interval?: string
  repeat_interval?: string
  per_minute?: number
  origin?: 'config' | 'api'
}

export interface AlertChannelState extends AlertChannel {
  state: { sent: number; failed: number; dropped: number; queued: number; last_error?: string; last_error_at?: string; last_sent_at?: string }
}

const PATH = '/api/alerts/channels'

export const fetchChannels = async (signal?: AbortSignal) =>
  (await call<{ channels: AlertChannelState[] }>('GET', PATH, undefined, signal)).channels

export const applyChannel = (channel: AlertChannel) => call<AlertChannelState>('POST', PATH, channel)

export const dropChannel = (name: string) => call<null>('DELETE', `${PATH}/${encodeURIComponent(name)}`)

/** testChannel sends a test notice to a channel that is kept. */
export const testChannel = (name: string) => call<Trial>('POST', `${PATH}/${encodeURIComponent(name)}/test`)

/** testChannelSettings sends one by settings that are not; name: whose hidden secrets to take. */
export const testChannelSettings = ({ name, kind, options }: AlertChannel) =>
  call<Trial>('POST', `${PATH}/test`, name === '' ? { kind, options } : { name, kind, options })
