import { inject, onScopeDispose, type InjectionKey } from 'vue'
import type { Live } from '@/api/live'
import type { Problem } from '@/api/http'
import type { BaseMessage, ChannelRequest, MessageOf } from '@/api/channels'

export const liveKey: InjectionKey<Live> = Symbol('live')

/** useLive is the socket of the application; what is subscribed through it ends with the caller. */
export function useLive() {
  const live = inject(liveKey)
  if (!live) throw new Error('use live: the application provides no connection')
  // Subscriptions may begin long after the set-up of a component; they all end with it.
  const ends = new Set<() => void>()
  onScopeDispose(() => {
    for (const end of ends) end()
  })
  function keep(stop: () => void): () => void {
    const end = () => {
      ends.delete(end)
      stop()
    }
    ends.add(end)
    return end
  }
  return {
    state: live.state,
    opened: live.opened,
    retryNow: () => live.retryNow(),
    onBase: (listener: (batch: BaseMessage[]) => void) => keep(live.onBase(listener)),
    subscribe: <R extends ChannelRequest>(
      request: R,
      listener: (batch: MessageOf<R>[]) => void,
      onProblem?: (problem: Problem) => void,
    ) => keep(live.subscribe(request, listener, onProblem)),
  }
}
