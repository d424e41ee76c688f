import { createRouter, createWebHistory } from 'vue-router'
import Wall from '@/pages/wall.vue'

// The wall comes with the first load; the pages behind it are fetched when they are opened.
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: Wall },
    {
      path: '/',
      component: () => import('@/pages/frame.vue'),
      children: [
        { path: 'streams', component: () => import('@/pages/streams.vue') },
        { path: 'pipelines', component: () => import('@/pages/pipelines.vue') },
        { path: 'query', component: () => import('@/pages/query.vue') },
        { path: ':rest(.*)*', component: () => import('@/pages/not-found.vue') },
      ],
    },
  ],
})
