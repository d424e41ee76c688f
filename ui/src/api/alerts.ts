// What is wrong, what was, and who was told.

import { call } from './http'

/** From the mildest to the worst. */
export const levels = ['info', 'warning', 'error', 'critical'] as const
export type Level = (typeof levels)[number]

export type Labels = Record<string, string>

export interface Alert {
  id: string
  rule: string
  labels: Labels
  level: Level
  state: 'pending' | 'firing' | 'resolved-recently'
  value: number
  threshold: number
  since: string
  fired_at?: string
  resolved_at?: string
  silenced_by: string[]
  summary: string
}

export interface AlertList {
  alerts: Alert[]
  evaluated_at: string | null
  /** Why rules cannot be evaluated, if that is so. */
  error?: string
}

export type AlertPhase = 'inactive' | 'pending' | 'firing' | 'resolved'

export interface AlertEvent {
  at: string
  id: string
  rule: string
  labels: Labels
  from: AlertPhase
  to: AlertPhase
  level: Level
  value: number
  threshold: number
  reason?: string
}

export interface Notice {
  at: string
  channel: string
  group: string
  status: 'firing' | 'resolved'
  alerts: number
  outcome: 'sent' | 'failed' | 'dropped' | 'retrying'
  attempts: number
  error?: string
}

export interface Silence {
  id: string
  matchers: Labels
  starts_at: string
  ends_at: string
  comment: string
  by: string
}

export interface SilenceDraft {
  id?: string
  matchers: Labels
  duration: string
  comment: string
}

export const fetchAlerts = (signal?: AbortSignal) => call<AlertList>('GET', '/api/alerts', undefined, signal)

export const fetchAlertHistory = async (rule: string, limit: number, signal?: AbortSignal) =>
  (await call<{ events: AlertEvent[] }>('GET', `/api/alerts/history?limit=${limit}${rule && `&rule=${encodeURIComponent(rule)}`}`, undefined, signal)).events

export const fetchNotices = async (limit: number, signal?: AbortSignal) =>
  (await call<{ notices: Notice[] }>('GET', `/api/alerts/notices?limit=${limit}`, undefined, signal)).notices

export const fetchSilences = async (signal?: AbortSignal) =>
  (await call<{ silences: Silence[] }>('GET', '/api/alerts/silences', undefined, signal)).silences

export const putSilence = (draft: SilenceDraft) => call<{ id: string }>('POST', '/api/alerts/silences', draft)

export const dropSilence = (id: string) => call<null>('DELETE', `/api/alerts/silences/${encodeURIComponent(id)}`)
