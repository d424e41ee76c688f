import { inject, onScopeDispose, type InjectionKey } from 'vue'
import type { Live } from '@/api/live'
import type { Problem } from '@/api/http'
import type { BaseMessage, ChannelRequest, MessageOf } from '@/api/types'

export const liveKey: InjectionKey<Live> = Symbol('live')

/** useLive is the socket of the application; what is subscribed through it ends with the caller. */
export function useLive() {
  const live = inject(liveKey)
  if (!live) throw new Error('use live: the application provides no connection')
  return {
    state: live.state,
    opened: live.opened,
    retryNow: () => live.retryNow(),
    onBase(listener: (batch: BaseMessage[]) => void) {
      onScopeDispose(live.onBase(listener))
    },
    subscribe<R extends ChannelRequest>(
      request: R,
      listener: (batch: MessageOf<R>[]) => void,
      onProblem?: (problem: Problem) => void,
    ) {
      const end = live.subscribe(request, listener, onProblem)
      onScopeDispose(end)
      return end
    },
  }
}
