// A channel while it is set up.

import type { AlertChannel } from '@/api/alert-channels'
import type { Level } from '@/api/alerts'
import type { Kind, Settings } from '@/api/kinds'
import { draftOf as settingsDraft, settingsOf } from '@/forms/options'
import { spanText } from '@/forms/span'

export interface ChannelDraft {
  name: string
  options: Settings
  levels: Level[]
  sendResolved: boolean
  groupWait: string
  groupInterval: string
  repeatInterval: string
  perMinute: string
}

/** draftOf begins with a channel that is there, or with nothing. */
export function draftOf(channel: AlertChannel | null, name: string): ChannelDraft {
  return {
    name: channel?.name ?? name,
    options: settingsDraft(channel?.options ?? {}),
    levels: [...(channel?.levels ?? [])],
    sendResolved: channel?.send_resolved ?? true,
    groupWait: channel?.group_wait ?? '',
    groupInterval: channel?.group_interval ?? '',
    repeatInterval: channel?.repeat_interval ?? '',
    perMinute: channel?.per_minute ? String(channel.per_minute) : '',
  }
}

/** channelOf is what is sent; times that were left empty are those of all channels. */
export function channelOf(kind: Kind, draft: ChannelDraft): AlertChannel {
  const channel: AlertChannel = { name: draft.name.trim(), kind: kind.name, options: settingsOf(kind.options, draft.options), send_resolved: draft.sendResolved }
  if (draft.levels.length > 0) channel.levels = draft.levels
  if (draft.groupWait.trim() !== '') channel.group_wait = draft.groupWait.trim()
  if (draft.groupInterval.trim() !== '') channel.group_interval = draft.groupInterval.trim()
  if (draft.repeatInterval.trim() !== '') channel.repeat_interval = draft.repeatInterval.trim()
  if (draft.perMinute.trim() !== '') channel.per_minute = Number(draft.perMinute)
  return channel
}

/** timesAreFine says whether what was written about times and rates can be sent. */
export const timesAreFine = (draft: ChannelDraft): boolean =>
  [draft.groupWait, draft.groupInterval, draft.repeatInterval].every((text) => text.trim() === '' || spanText(text)) && /^\d*$/.test(draft.perMinute.trim())
