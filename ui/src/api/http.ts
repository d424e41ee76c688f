// The one way to call the platform over HTTP.

import { session } from './session'

/** The body of an error: RFC 9457, and a hint when the platform knows how to mend it. */
interface ProblemBody {
  title?: string
  status?: number
  detail?: string
  hint?: string
  errors?: { message?: string; location?: string }[]
}

/** Problem is an answer that is not the one asked for; status 0 means that none came at all. */
export class Problem extends Error {
  readonly status: number
  readonly hint: string | undefined

  constructor(status: number, message: string, hint?: string) {
    super(message)
    this.name = 'Problem'
    this.status = status
    this.hint = hint
  }

  /** refusal says that the platform works and did not like the question. */
  get refusal(): boolean {
    return this.status >= 400 && this.status < 500
  }

  /** from turns whatever was thrown into a Problem, so that pages show one shape. */
  static from(cause: unknown): Problem {
    if (cause instanceof Problem) return cause
    return new Problem(0, cause instanceof Error ? cause.message : String(cause))
  }
}

/** problemOf reads an error body, which may also be something other than JSON (a proxy's page). */
export function problemOf(status: number, statusText: string, text: string): Problem {
  const body = parseBody(text)
  const details = (body?.errors ?? [])
    .map((e) => [e.location, e.message].filter(Boolean).join(': '))
    .filter(Boolean)
  const main = body?.detail ?? body?.title ?? (statusText || `HTTP ${status}`)
  const message = details.length > 0 ? `${main} (${details.join('; ')})` : main
  return new Problem(status, message, body?.hint)
}

function parseBody(text: string): ProblemBody | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : null
  } catch {
    return null
  }
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** call sends one request and returns its JSON; anything else is thrown as a Problem. */
export async function call<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const token = session.token
  const response = await send(method, path, token, body, signal)
  if (response.status === 401) session.refused(token)
  return read<T>(response)
}

/** callWith is call with a token that is not yet that of the session: it only asks. */
export async function callWith<T>(token: string, method: Method, path: string): Promise<T> {
  return read<T>(await send(method, path, token))
}

function send(method: Method, path: string, token: string | null, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (token !== null) headers.authorization = `Bearer ${token}`
  const init: RequestInit = { method, headers }
  if (signal) init.signal = signal
  if (body !== undefined) {
    headers['content-type'] = 'application/json'
    init.body = JSON.stringify(body)
  }
  return fetch(path, init)
}

async function read<T>(response: Response): Promise<T> {
  const text = await response.text()
  if (!response.ok) throw problemOf(response.status, response.statusText, text)
  return (text === '' ? null : JSON.parse(text)) as T
}
