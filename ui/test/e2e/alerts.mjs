// Makes sources and alerts on the screen as a person would: by clicking. BASE_URL says where; SCREENS, if
// set, is the folder for pictures.
//
//   BASE_URL=http://127.0.0.1:8000 SCREENS=/tmp/screens node test/e2e/alerts.mjs
//
// It runs alike against the real platform and against test/mock-server.mjs (see run.mjs), which besides
// can fail, be empty, or want a token. What it makes it takes away again.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { look, main, phone } from './browser.mjs'

const laptop = { width: 1366, height: 768 }
const desk = { width: 1920, height: 1080 }

/** What the screen says in each language where the test reads it. */
const words = {
  'zh-CN': { firing: '触发中', fine: '正常', fires: '触发', over: '恢复', running: '运行中', page: '告警' },
  'en-GB': { firing: 'Firing', fine: 'Fine', fires: 'fires', over: 'is over', running: 'Running', page: 'Alerts' },
}

export const lookAtAlerts = ({ mock, ...options }) => look(options, ({ baseUrl, open, expectRefusals, shot, find, change }) => {
  const named = (page, id, name) => page.locator(`[data-testid="${id}"][data-name="${name}"]`)
  const value = (page, id, name) => page.locator(`[data-testid="${id}"][data-value="${name}"]`)
  const ask = async (path) => (await fetch(baseUrl + path)).json()
  const steps = {}

  for (const locale of Object.keys(words)) {
    const word = words[locale]

    steps[`a rule fires and is over (${locale})`] = async () => {
      const name = `e2e-${locale}-${Date.now()}`
      const page = await open('/alerts?new=1&metric=memory_usage', { ...laptop, locale })
      assert.equal(await page.locator('h1').innerText(), word.page)
      assert.equal(await find(page, 'rule-metric').inputValue(), 'memory_usage')
      await find(page, 'rule-name').fill(name)
      await find(page, 'rule-threshold').fill('0.5')
      await page.getByText(locale === 'zh-CN' ? '更多设置' : 'More settings').click()
      await find(page, 'rule-interval').fill('1s')
      // What would hold is shown without asking, as it is typed.
      await change(() => find(page, 'rule-trial').getAttribute('data-conditions'), '0', 'the trial')
      assert.match(await page.locator('.scale').innerText(), /0\.75/)
      await shot(page, `alert-rule-${locale}`)
      await find(page, 'rule-save').click()
      await named(page, 'rule', name).waitFor()
      await page.waitForSelector(`[data-testid="rule"][data-name="${name}"][data-state="firing"]`)
      assert.ok((await named(page, 'rule', name).innerText()).includes(word.firing))
      await shot(page, `alert-rules-${locale}`)

      await find(page, 'tab-active').click()
      const alert = page.locator(`[data-testid="alert"][data-rule="${name}"]`)
      await alert.first().waitFor()
      assert.equal(await alert.first().getAttribute('data-level'), 'critical')
      await shot(page, `alerts-${locale}`)

      // The wall says so, too.
      const wall = await open('/', { ...desk, locale })
      await change(async () => (Number(await find(wall, 'wall-alerts').getAttribute('data-firing')) > 0 ? 'firing' : ''), '', 'the wall')
      await shot(wall, `alert-wall-${locale}`)
      await wall.context().close()

      await page.goto(`${baseUrl}/alerts?edit=${name}`)
      await find(page, 'rule-threshold').fill('1000')
      await change(() => find(page, 'rule-trial').getAttribute('data-conditions'), '1', 'the trial')
      await find(page, 'rule-save').click()
      await page.waitForSelector(`[data-testid="rule"][data-name="${name}"][data-state="fine"]`)
      assert.ok((await named(page, 'rule', name).innerText()).includes(word.fine))

      await page.goto(`${baseUrl}/alerts?tab=history&rule=${name}`)
      const event = (to) => page.locator(`[data-testid="event"][data-rule="${name}"][data-to="${to}"]`)
      await event('resolved').first().waitFor()
      assert.ok((await event('resolved').first().innerText()).includes(word.over))
      assert.ok((await event('firing').first().innerText()).includes(word.fires))
      await shot(page, `alert-history-${locale}`)

      await find(page, 'tab-rules').click()
      await named(page, 'rule', name).locator('[data-testid="rule-drop"]').click()
      await named(page, 'rule', name).locator('[data-testid="rule-drop"]').click()
      await named(page, 'rule', name).waitFor({ state: 'detached' })
      await page.context().close()
    }

    steps[`a source is tried, made, seen and removed (${locale})`] = async () => {
      const name = `e2e-${Date.now()}`
      const page = await open('/sources', { ...laptop, locale })
      await find(page, 'source-new').click()
      await value(page, 'connector', 'http').click()
      await find(page, 'source-name').fill(name)
      // What is missing is said before anything is asked.
      await find(page, 'source-test').click()
      await page.locator('.fault').first().waitFor()
      await find(page, 'option-url').fill(`${baseUrl}/api/metrics/latest`)
      await find(page, 'option-topic').fill(`${name}.raw`)
      await find(page, 'option-interval').fill('1s')
      await find(page, 'source-test').click()
      await find(page, 'source-trial').waitFor()
      assert.match(await find(page, 'source-trial').getAttribute('class'), /good/)
      await find(page, 'source-preview').click()
      await change(async () => (Number(await find(page, 'preview').getAttribute('data-records')) > 0 ? 'some' : ''), '', 'the preview')
      assert.match(await find(page, 'preview').innerText(), /cpu_usage/)
      await shot(page, `source-form-${locale}`)
      await find(page, 'source-save').click()
      const row = named(page, 'source', name)
      await row.waitFor()
      await change(async () => (Number(await row.getAttribute('data-total')) > 0 ? 'records' : ''), '', 'the records')
      assert.ok((await row.innerText()).includes(word.running))
      await shot(page, `sources-${locale}`)

      await row.locator('[data-testid="source-pause"]').click()
      await page.waitForSelector(`[data-testid="source"][data-name="${name}"][data-state="paused"]`)
      await row.locator('[data-testid="source-resume"]').click()
      await page.waitForSelector(`[data-testid="source"][data-name="${name}"]:not([data-state="paused"])`)
      await row.locator('[data-testid="source-edit"]').click()
      assert.equal(await find(page, 'option-url').inputValue(), `${baseUrl}/api/metrics/latest`)
      await page.goBack()
      await row.locator('[data-testid="source-drop"]').click()
      await row.locator('[data-testid="source-drop"]').click()
      await row.waitFor({ state: 'detached' })
      await page.context().close()
    }
  }

  Object.assign(steps, {
    async 'a source of the configuration is read-only, and says why'() {
      const fixed = (await ask('/api/sources')).sources.find((source) => source.origin === 'config')
      const page = await open('/sources', { ...desk, locale: 'en-GB' })
      const row = named(page, 'source', fixed.name)
      assert.equal(await row.locator('[data-testid="source-pause"]').isDisabled(), true)
      assert.match(await row.locator('[data-testid="source-pause"]').getAttribute('title'), /configuration/)
      await row.locator('[data-testid="source-edit"]').click()
      await find(page, 'source-form').waitFor()
      assert.equal(await find(page, 'source-save').count(), 0)
      await page.context().close()
    },

    async 'the lines to paste have this address in them'() {
      const page = await open('/sources?tab=send', { ...desk, locale: 'en-GB' })
      await named(page, 'send', 'curl').or(find(page, 'send')).first().waitFor()
      const text = await find(page, 'send').innerText()
      for (const line of [`${baseUrl}/api/write`, `${baseUrl}/api/v2/write?`, `urls = ["${baseUrl}"]`, `url: ${baseUrl}/api/v1/write`, 'kcat -P -b']) assert.ok(text.includes(line), line)
      await shot(page, 'send')
      await page.context().close()
    },

    async 'what was analyzed becomes a rule over the store'() {
      const filters = encodeURIComponent(JSON.stringify({ core: ['0'] }))
      const page = await open(`/alerts?new=1&measurement=cpu_core_usage&field=value&aggregation=max&filters=${filters}&threshold=0`, { ...laptop, locale: 'en-GB' })
      const sql = find(page, 'rule-sql')
      assert.match(await sql.inputValue(), /max\("value"\) AS value[^]*FROM "cpu_core_usage"[^]*"core" IN \('0'\)[^]*HAVING value > 0$/)
      await find(page, 'rule-threshold').fill('200')
      assert.match(await sql.inputValue(), /HAVING value > 200$/)
      await find(page, 'rule-test').click()
      await find(page, 'rule-trial').waitFor()
      await shot(page, 'alert-rule-sql')
      await page.context().close()
    },

    async 'a silence is made and ended'() {
      const page = await open('/alerts?tab=silences', { ...laptop, locale: 'en-GB' })
      await find(page, 'silence-new').click()
      await find(page, 'silence-matchers').fill('rule=e2e-nothing*')
      await find(page, 'silence-put').click()
      const row = page.locator('[data-testid="silence-row"][data-state="active"]').filter({ hasText: 'e2e-nothing*' })
      await row.waitFor()
      await shot(page, 'silences')
      await row.locator('[data-testid="silence-drop"]').click()
      await row.locator('[data-testid="silence-drop"]').click()
      await row.waitFor({ state: 'detached' })
      await page.context().close()
    },

    async 'a channel that cannot be reached says so, and can be removed'() {
      const name = `e2e-${Date.now()}`
      const page = await open('/alerts?tab=channels&add=1', { ...laptop, locale: 'en-GB' })
      await shot(page, 'notifiers')
      await value(page, 'notifier', 'webhook').click()
      await find(page, 'channel-name').fill(name)
      await find(page, 'option-url').fill('http://nowhere.invalid/alerts')
      await value(page, 'channel-level', 'critical').click()
      await find(page, 'channel-trial').click()
      await page.locator('.outcome[role="alert"]').waitFor()
      await shot(page, 'channel-form')
      await find(page, 'channel-save').click()
      const row = named(page, 'channel', name)
      await row.waitFor()
      await row.locator('[data-level="critical"]').waitFor()
      await shot(page, 'channels')
      await row.locator('[data-testid="channel-drop"]').click()
      await row.locator('[data-testid="channel-drop"]').click()
      await row.waitFor({ state: 'detached' })
      await page.context().close()
    },

    async 'dead letters: why, what they were, and how many would be replayed'() {
      await change(async () => ((await ask('/api/dead-letters')).topics.length > 0 ? 'some' : ''), '', 'the dead letters', 60_000)
      const page = await open('/dead-letters?topic=sensors.raw.dead', { ...laptop, locale: 'en-GB' })
      await find(page, 'letters').waitFor()
      assert.ok(Number(await find(page, 'letters').getAttribute('data-rows')) > 0)
      await find(page, 'letters').locator('summary').first().click()
      await find(page, 'letters').locator('details[open] pre').waitFor()
      await shot(page, 'dead-letters')
      await find(page, 'letter-mark').first().check()
      await find(page, 'replay-some').click()
      await find(page, 'replay-count').waitFor()
      assert.equal(await find(page, 'replay-count').innerText(), '1')
      assert.match(await find(page, 'replay').innerText(), /sensors\.raw/)
      await shot(page, 'replay')
      await page.keyboard.press('Escape')
      await find(page, 'replay').waitFor({ state: 'detached' })
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'NDJSON' }).click()])
      const first = JSON.parse(readFileSync(await download.path(), 'utf8').split('\n')[0])
      assert.ok(first.error !== '' && first.topic === 'sensors.raw')
      await page.context().close()
    },

    async 'Ctrl-K goes anywhere'() {
      const page = await open('/', { ...laptop, locale: 'en-GB' })
      await page.waitForSelector('[data-testid="connection"][data-phase="live"]')
      await page.keyboard.press('ControlOrMeta+k')
      await find(page, 'palette').waitFor()
      await page.keyboard.type('silen')
      assert.equal(await find(page, 'command').count(), 1)
      await shot(page, 'palette')
      await page.keyboard.press('Enter')
      await find(page, 'silence-new').waitFor()
      await page.keyboard.press('ControlOrMeta+k')
      await find(page, 'palette').waitFor()
      await page.keyboard.press('Escape')
      await find(page, 'palette').waitFor({ state: 'detached' })
      await page.context().close()
    },

    async 'a phone scrolls in one direction only'() {
      for (const path of ['/sources', '/sources?new=1&connector=http', '/sources?tab=send', '/dead-letters?topic=sensors.raw.dead', '/alerts', '/alerts?tab=history', '/alerts?tab=rules', '/alerts?new=1&metric=cpu_usage', '/alerts?tab=channels', '/alerts?tab=notices', '/']) {
        const page = await open(path, { ...phone, hasTouch: true })
        await page.waitForTimeout(1200)
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(excess <= 0, `${path} is ${excess} px too wide`)
        await page.context().close()
      }
    },
  })

  if (!mock) return steps
  const { state } = mock

  return Object.assign(steps, {
    async 'nothing there shows the next step'() {
      state.empty = true
      for (const [path, next] of [['/sources', 'Add a source'], ['/dead-letters', 'See the pipelines'], ['/alerts', 'See the rules'], ['/alerts?tab=channels', 'Add a channel']]) {
        const page = await open(path, { ...laptop, locale: 'en-GB' })
        await page.waitForSelector('[data-state="empty"]')
        assert.ok((await page.locator('[data-state="empty"]').innerText()).includes(next), path)
        await page.context().close()
      }
      state.empty = false
    },

    async 'an error has a hint and is mended by trying again'() {
      await expectRefusals(async () => {
        state.failing = true
        const page = await open('/alerts?tab=rules', { ...laptop, locale: 'en-GB' })
        await page.waitForSelector('[data-state="error"]')
        assert.match(await page.locator('[data-state="error"]').innerText(), /start the broker/)
        state.failing = false
        await page.locator('[data-state="error"] button').click()
        await find(page, 'rule').first().waitFor()
        await page.context().close()
      })
    },

    async 'a viewer sees all and is told why nothing can be changed'() {
      state.locked = true
      await expectRefusals(async () => {
        const page = await open('/sources', { ...laptop, locale: 'en-GB' })
        await find(page, 'token').fill('look-only')
        await page.getByRole('button', { name: 'Log in' }).click()
        await find(page, 'source').first().waitFor()
        for (const [path, ids] of [['/sources', ['source-new', 'source-pause', 'source-drop']], ['/alerts?tab=rules', ['rule-enabled']], ['/alerts?tab=silences', ['silence-new']], ['/alerts?tab=channels', ['channel-test', 'channel-drop']], ['/dead-letters?topic=sensors.raw.dead', ['replay-all', 'replay-some']], ['/alerts?new=1&metric=cpu_usage&threshold=1', ['rule-save']]]) {
          await page.goto(baseUrl + path)
          for (const id of ids) {
            await find(page, id).first().waitFor()
            assert.equal(await find(page, id).first().isDisabled(), true, id)
          }
        }
        await page.context().close()
      })
      state.locked = false
    },
  })
})

await main(import.meta.url, lookAtAlerts)
