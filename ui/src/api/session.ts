// Who uses the screen: the token that goes with every request, and what it allows.

import { computed, shallowRef, type ComputedRef, type ShallowRef } from 'vue'

export type Role = 'viewer' | 'editor' | 'admin' | 'ingest'

/** Who the platform takes the user for; open: it asks nobody for a token. */
export interface Who {
  name: string
  role: Role
  open: boolean
}

const STORED = 'millrace.token'

/** The two storages of a browser, or null where it forbids them. */
export interface Stores {
  session: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null
  local: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null
}

export class Session {
  /** null until the platform has said it, and while a token is missing. */
  readonly who: ShallowRef<Who | null> = shallowRef(null)
  /** The platform wants a token that is not there, or does not know the one that is. */
  readonly wanted = shallowRef(false)
  /** Grows when somebody else uses the screen: pages begin anew. */
  readonly turn = shallowRef(0)
  readonly held: ComputedRef<boolean>
  private readonly secret = shallowRef<string | null>(null)

  constructor(private readonly stores: Stores) {
    this.secret.value = stores.session?.getItem(STORED) ?? stores.local?.getItem(STORED) ?? null
    this.held = computed(() => this.secret.value !== null)
  }

  get token(): string | null {
    return this.secret.value
  }

  /** refused is said by each request that was answered 401; one that bore an older token is late. */
  refused(borne: string | null): void {
    if (borne !== this.secret.value) return
    this.who.value = null
    this.wanted.value = true
  }

  /** enter keeps a token that the platform has let in; remember keeps it when the browser closes. */
  enter(token: string, who: Who, remember: boolean): void {
    this.forget()
    const store = remember ? this.stores.local : this.stores.session
    store?.setItem(STORED, token)
    this.secret.value = token
    this.who.value = who
    this.wanted.value = false
    this.turn.value++
  }

  /** leave forgets the token. */
  leave(): void {
    this.forget()
    this.secret.value = null
    this.who.value = null
    this.turn.value++
  }

  /** may says whether the user is known not to be allowed something; while nobody knows, they may. */
  may(need: Role): boolean {
    const role = this.who.value?.role
    if (role === undefined || role === 'admin') return true
    if (role === 'editor') return need !== 'admin'
    return role === need
  }

  private forget(): void {
    this.stores.session?.removeItem(STORED)
    this.stores.local?.removeItem(STORED)
  }
}

function storeOf(name: 'sessionStorage' | 'localStorage'): Storage | null {
  try {
    return globalThis[name] ?? null
  } catch {
    return null
  }
}

/** session is that of this browser tab. */
export const session = new Session({ session: storeOf('sessionStorage'), local: storeOf('localStorage') })
