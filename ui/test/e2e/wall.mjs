// Looks at the screen of a running platform as a person would: does it move, does it fit, is it
// clean. BASE_URL says where; SCREENS, if set, is the folder for pictures.
//
//   BASE_URL=http://127.0.0.1:8000 SCREENS=/tmp/screens node test/e2e/wall.mjs
//
// It runs alike against the real platform and against test/mock-server.mjs (see run.mjs).

import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { look, main, PATIENCE_MS, phone } from './browser.mjs'

/** The article's promise to whoever opens the screen. */
const FIRST_MOVE_MS = 5000
const INITIAL_JS_LIMIT = 350_000

const displays = [
  { name: '1366x768', width: 1366, height: 768 },
  { name: '1920x1080', width: 1920, height: 1080 },
  { name: '3840x2160', width: 3840, height: 2160 },
  { name: '6656x1792', width: 6656, height: 1792 },
]
const charts = ['chart-cpu', 'chart-memory', 'chart-network', 'chart-disk', 'chart-events']

export const lookAtWall = (options) => look(options, ({ browser, baseUrl, complaints, open, shot, find, live, change }) => ({
  async 'charts move within five seconds'() {
    const page = await open('/', displays[1])
    const started = await page.evaluate(() => performance.timeOrigin)
    const last = () => find(page, 'chart-cpu').getAttribute('data-last')
    const first = await change(last, '', 'the CPU chart')
    await change(last, first, 'the CPU chart')
    const took = Math.round(Date.now() - started)
    assert.ok(took < FIRST_MOVE_MS, `the first move took ${took} ms`)
    await live(page)
    for (const id of charts) {
      const before = await find(page, id).getAttribute('data-last')
      const patience = id === 'chart-events' ? PATIENCE_MS : 5000
      await change(() => find(page, id).getAttribute('data-points').then((n) => (Number(n) > 0 ? 'drawn' : '')), '', id)
      if (id === 'chart-cpu' || id === 'chart-memory') await change(() => find(page, id).getAttribute('data-last'), before, id, patience)
      assert.ok(Number(await find(page, id).getAttribute('data-points')) <= 100, `${id} is not bounded`)
    }
    await page.context().close()
    return `${took} ms`
  },

  async 'history fills the charts at once'() {
    const page = await open('/', displays[1])
    await change(() => find(page, 'chart-cpu').getAttribute('data-points').then((n) => (Number(n) >= 5 ? n : '')), '', 'history', 4000)
    const points = Number(await find(page, 'chart-cpu').getAttribute('data-points'))
    assert.ok(points <= 50, `${points} points`)
    await page.context().close()
    return `${points} points`
  },

  async 'the figures are the article\'s, and change'() {
    const page = await open('/', displays[1])
    await live(page)
    await change(() => find(page, 'stat-total').innerText().then((text) => (/\d/.test(text) ? text : '')), '', 'the total')
    const total = await find(page, 'stat-total').locator('.hidden-text').innerText()
    await change(() => find(page, 'stat-total').locator('.hidden-text').innerText(), total, 'the total')
    const clock = await find(page, 'clock').innerText()
    await change(() => find(page, 'clock').innerText(), clock, 'the clock')
    for (const id of ['stat-events', 'stat-sources', 'stat-latency']) {
      assert.match(await find(page, id).locator('.hidden-text').innerText(), /\d/, id)
    }
    const text = await page.locator('body').innerText()
    for (const word of ['实时数据监控平台', '实时事件数', '活跃数据源', '处理延迟', 'CPU使用率', '内存使用率', '网络流量', 'MB/s']) {
      assert.ok(text.includes(word), `${word} is missing`)
    }
    const color = (selector, property) =>
      page.locator(selector).first().evaluate((element, name) => getComputedStyle(element)[name], property)
    assert.equal(await color('.wall', 'backgroundColor'), 'rgb(10, 14, 39)')
    assert.equal(await color('.panel', 'backgroundColor'), 'rgb(21, 25, 50)')
    assert.equal(await color('.stat .value', 'color'), 'rgb(0, 212, 255)')
    assert.equal(await color('.stat .label', 'color'), 'rgb(139, 157, 195)')
    await page.context().close()
  },

  async 'every display is filled, and nothing is cut off'() {
    for (const display of displays) {
      const page = await open('/', display)
      await live(page)
      await change(() => find(page, 'chart-disk').getAttribute('data-points').then((n) => (Number(n) > 0 ? n : '')), '', 'the disk chart')
      const seen = await page.evaluate(() => {
        const box = (element) => element.getBoundingClientRect()
        const stage = box(document.querySelector('[data-testid="stage"]'))
        const panels = [...document.querySelectorAll('.panel, .stat')].map(box)
        return {
          scrolls: document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight,
          stage: [stage.width - innerWidth, stage.height - innerHeight],
          outside: panels.filter((p) => p.left < 0 || p.top < 0 || p.right > innerWidth + 0.5 || p.bottom > innerHeight + 0.5).length,
          overlaps: panels.filter((p, at) => panels.some((q, other) => other > at && p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 1 && q.top < p.bottom - 1)).length,
          blurred: [...document.querySelectorAll('canvas')].filter((c) => c.width < Math.min(4, box(c).width / c.clientWidth) * c.clientWidth * 0.98).length,
          smallest: Math.min(...panels.map((p) => p.height)),
        }
      })
      assert.equal(seen.scrolls, false, `${display.name} scrolls`)
      assert.ok(Math.abs(seen.stage[0]) < 1 && Math.abs(seen.stage[1]) < 1, `${display.name}: the stage is off by ${seen.stage}`)
      assert.equal(seen.outside, 0, `${display.name}: panels outside`)
      assert.equal(seen.overlaps, 0, `${display.name}: panels overlap`)
      assert.equal(seen.blurred, 0, `${display.name}: canvases with too few pixels`)
      assert.ok(seen.smallest > 50, `${display.name}: a panel is ${seen.smallest} high`)
      await shot(page, display.name)
      await page.context().close()
    }
  },

  async 'kiosk has no controls'() {
    const page = await open('/?kiosk=1', displays[1])
    await live(page)
    for (const id of ['nav', 'language', 'fullscreen']) assert.equal(await find(page, id).count(), 0, id)
    await page.context().close()
  },

  async 'the language switches, and stays'() {
    const page = await open('/', displays[1])
    assert.equal(await page.locator('h1').innerText(), '实时数据监控平台')
    await find(page, 'language').click()
    assert.equal(await page.locator('h1').innerText(), 'Real-Time Data Monitor')
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'en')
    await page.reload()
    assert.equal(await page.locator('h1').innerText(), 'Real-Time Data Monitor')
    await live(page)
    await shot(page, '1920x1080-en')
    await page.context().close()
    const english = await open('/', { ...displays[1], locale: 'en-GB' })
    assert.equal(await english.locator('h1').innerText(), 'Real-Time Data Monitor')
    await english.context().close()
  },

  async 'a phone scrolls in one direction only'() {
    for (const path of ['/', '/streams', '/streams?topic=sensors.raw', '/pipelines']) {
      const page = await open(path, phone)
      await live(page)
      await page.waitForTimeout(1500)
      const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      assert.ok(excess <= 0, `${path} is ${excess} px too wide`)
      await shot(page, `phone${path.replace(/\?.*/, '-topic').replaceAll('/', '-').replace(/-$/, '')}`, { fullPage: true })
      await page.context().close()
    }
  },

  async 'nothing leaks on leaving'() {
    const page = await open('/', displays[1])
    await live(page)
    const alive = () => page.evaluate(() => document.documentElement.dataset.charts)
    const most = await change(() => page.locator('canvas').count().then((n) => (n >= 5 ? String(n) : '')), '', 'the charts')
    for (let round = 0; round < 10; round++) {
      await find(page, 'nav').locator('a[href="/pipelines"]').click()
      await find(page, 'wall').waitFor({ state: 'detached' }) // the other page has to be fetched first
      await page.waitForSelector('main h1')
      assert.equal(await alive(), '0')
      assert.equal(await page.locator('canvas').count(), 0)
      await find(page, 'nav').locator('a[href="/"]').click()
      await find(page, 'chart-cpu').waitFor()
    }
    await change(async () => ((await alive()) >= most ? 'back' : ''), '', 'the charts')
    assert.equal(await alive(), String(await page.locator('[data-points]').count()))
    await page.context().close()
  },

  async 'a lost connection comes back by itself and fills the gap'() {
    const context = await browser.newContext({ viewport: displays[1], locale: 'zh-CN' })
    const page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.setDefaultTimeout(PATIENCE_MS)
    let attempts = 0
    let current
    await page.routeWebSocket('**/ws/realtime', (socket) => {
      attempts++
      current = socket
      socket.connectToServer()
    })
    await page.goto(`${baseUrl}/`)
    await live(page)
    await change(() => find(page, 'chart-cpu').getAttribute('data-last'), '', 'the CPU chart')
    const lost = Date.now()
    await current.close()
    await page.waitForSelector('[data-phase="reconnecting"]')
    assert.match(await find(page, 'connection').innerText(), /[1-6] 秒后重连/)
    await shot(page, 'reconnecting')
    await live(page)
    const away = Date.now() - lost
    assert.ok(away >= 4900 && away < 8000, `away for ${away} ms`)
    assert.equal(attempts, 2)
    const last = await find(page, 'chart-cpu').getAttribute('data-last')
    await change(() => find(page, 'chart-cpu').getAttribute('data-last'), last, 'the CPU chart')
    await context.close()
    return `away for ${away} ms`
  },

  async 'streams: topics, and the records of one as they come'() {
    const page = await open('/streams', { width: 1440, height: 900 })
    await page.waitForSelector('[data-testid="list"][data-state="full"]')
    await page.locator('a[href="/streams?topic=sensors.raw"]').click()
    await page.waitForSelector('[data-testid="tail"]')
    const newest = () => page.locator('[data-testid="tail"] details summary').first().innerText()
    await change(newest, await newest(), 'the tail')
    await page.locator('[data-testid="tail"] details summary').first().click()
    await shot(page, 'streams')
    await page.context().close()
  },

  async 'pipelines: each with its jobs'() {
    const page = await open('/pipelines', { width: 1440, height: 900 })
    await page.waitForSelector('[data-testid="list"][data-state="full"] article dl')
    await shot(page, 'pipelines', { fullPage: true })
    await page.context().close()
  },

  async 'the first load is light'() {
    const page = await open('/', displays[1])
    await live(page)
    const sources = await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => name.endsWith('.js')))
    let bytes = 0
    for (const source of sources) bytes += gzipSync(Buffer.from(await (await fetch(source)).arrayBuffer())).length
    assert.ok(bytes > 10_000 && bytes <= INITIAL_JS_LIMIT, `${bytes} bytes of script`)
    await page.context().close()
    return `${Math.round(bytes / 1000)} kB`
  },
}))

await main(import.meta.url, lookAtWall)
