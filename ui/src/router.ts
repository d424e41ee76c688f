import { createRouter, createWebHistory } from 'vue-router'
import Wall from '@/pages/wall.vue'
import { NOT_FOUND } from '@/use/usePages'

// The wall comes with the first load; the pages behind it are fetched when they are opened. A page
// that is listed here appears in the navigation by itself if parts/nav-links.vue knows its path.
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: Wall },
    {
      path: '/',
      component: () => import('@/pages/frame.vue'),
      children: [
        { path: 'explore', component: () => import('@/pages/explore.vue') },
        { path: 'streams', component: () => import('@/pages/streams.vue') },
        { path: 'groups', component: () => import('@/pages/groups.vue') },
        { path: 'dead-letters', component: () => import('@/pages/dead-letters.vue') },
        { path: 'pipelines', component: () => import('@/pages/pipelines.vue') },
        { path: 'sources', component: () => import('@/pages/sources.vue') },
        { path: 'alerts', component: () => import('@/pages/alerts.vue') },
        { path: 'settings', component: () => import('@/pages/settings.vue') },
        { path: 'query', redirect: (to) => ({ path: '/explore', query: { ...to.query, tab: 'sql' } }) },
        { path: ':rest(.*)*', name: NOT_FOUND, component: () => import('@/pages/not-found.vue') },
      ],
    },
  ],
})
