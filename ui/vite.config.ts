import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// The platform a development server talks to; the built screen talks to whoever served it.
const platform = process.env.MILLRACE_URL ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      output: {
        // What is not ours changes far less often than the screen: chunks of their own stay in the cache.
        codeSplitting: {
          groups: [
            { name: 'echarts', test: /node_modules\/(echarts|zrender)\// },
            { name: 'codemirror', test: /node_modules\/(@codemirror|@lezer|@marijn|style-mod|w3c-keyname|crelt)\// },
            { name: 'vue', test: /node_modules\/|plugin-vue/ },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      '/api': platform,
      '/ws': { target: platform, ws: true },
      '/openapi.json': platform,
      '/docs': platform,
    },
  },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
})
