// Views that somebody saved.

import { call } from './http'

/** The query string of a page under a name. */
export interface SavedView {
  name: string
  page: string
  state: string
}

export async function fetchViews(signal?: AbortSignal): Promise<SavedView[]> {
  return (await call<{ views: SavedView[] | null }>('GET', '/api/views', undefined, signal)).views ?? []
}

export const saveView = (view: SavedView) => call<unknown>('POST', '/api/views', view)

export const deleteView = (name: string) => call<unknown>('DELETE', `/api/views/${encodeURIComponent(name)}`)
