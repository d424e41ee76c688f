import { createApp, watch } from 'vue'
import { browserFrame, Live, urlOf } from './api/live'
import { session } from './api/session'
import App from './app.vue'
import { recallZone } from './chart/zone'
import { announceLocale, i18n } from './locale'
import { router } from './router'
import './theme/tokens.css'
import './theme/base.css'
import { liveKey } from './use/useLive'

const live = new Live({
  url: urlOf(location),
  open: (url) => new WebSocket(url),
  frame: browserFrame,
  random: Math.random,
  token: () => session.token,
})
live.start()
window.addEventListener('online', () => live.retryNow())
watch(session.turn, () => live.renew())

announceLocale()
recallZone({ getItem: (key) => localStorage.getItem(key) })
createApp(App).use(i18n).use(router).provide(liveKey, live).mount('#app')
