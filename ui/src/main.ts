import { createApp } from 'vue'
import { browserFrame, Live, urlOf } from './api/live'
import App from './app.vue'
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
})
live.start()
window.addEventListener('online', () => live.retryNow())

announceLocale()
createApp(App).use(i18n).use(router).provide(liveKey, live).mount('#app')
