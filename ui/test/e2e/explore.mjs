// Asks the analysis screen of a running platform as a person would: by clicking. BASE_URL says where;
// SCREENS, if set, is the folder for pictures.
//
//   BASE_URL=http://127.0.0.1:8000 SCREENS=/tmp/screens node test/e2e/explore.mjs
//
// It runs alike against the real platform and against test/mock-server.mjs (see run.mjs), which besides
// can fail, be empty, lack a tier, or want a token.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { look, main, phone } from './browser.mjs'

const laptop = { width: 1366, height: 768 }
const desk = { width: 1920, height: 1080 }

/** What the screen says in each language where the test reads it. */
const words = {
  'zh-CN': { range: '最近 15 分钟', by: '按 core', aggregation: '最大值', chart: '图形分析' },
  'en-GB': { range: 'Last 15 minutes', by: 'by core', aggregation: 'Maximum', chart: 'Chart' },
}

export const lookAtExplore = ({ mock, ...options }) => look(options, ({ baseUrl, open, expectRefusals, shot, find, change }) => {
  const value = (page, id, name) => page.locator(`[data-testid="${id}"][data-value="${name}"]`)
  const rows = (page) => find(page, 'series').locator('tbody tr')
  const cell = (page, row, column) => rows(page).nth(row).locator('td').nth(column).innerText()
  const address = (page) => new URL(page.url()).searchParams
  const drawn = (page) => change(() => find(page, 'chart-history').first().getAttribute('data-points').then((n) => (Number(n) > 0 ? n : '')), '', 'the chart')

  async function choose(page, measurement) {
    await find(page, 'measurement').click()
    await value(page, 'measurement-option', measurement).click()
    await change(async () => address(page).get('m'), null, 'the address')
    await find(page, 'series').waitFor()
  }

  /** asked is the answer of the platform to the question that the address holds, without the screen. */
  async function asked(page) {
    const query = address(page)
    const filters = {}
    for (const [key, name] of query) if (key.startsWith('w.')) filters[key.slice(2)] = [...(filters[key.slice(2)] ?? []), name]
    const [start, end] = query.get('range').split('/')
    const response = await fetch(`${baseUrl}/api/analyze`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ measurement: query.get('m'), fields: query.getAll('f'), aggregation: query.get('agg') ?? 'avg', group_by: query.getAll('by'), time_range: { start, end }, interval: 'auto', filters, limit: 10 }),
    })
    assert.equal(response.status, 200)
    return response.json()
  }

  /** drag selects the right part of the first chart: a platform that has just begun has no more. */
  async function drag(page) {
    await drawn(page)
    const box = await find(page, 'chart-history').first().boundingBox()
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2, { steps: 4 })
    await page.mouse.move(box.x + box.width * 0.99, box.y + box.height / 2, { steps: 4 })
    await page.mouse.up()
  }

  const steps = {}

  // Which core of one host was busiest, by its highest usage, in the last quarter of an hour?
  for (const locale of Object.keys(words)) {
    steps[`four dimensions without typing (${locale})`] = async () => {
      const page = await open('/explore', { ...desk, locale })
      const word = words[locale]
      assert.equal(await find(page, 'tab-chart').innerText(), word.chart)
      await choose(page, 'cpu_core_usage')
      await value(page, 'field', 'value').waitFor()
      assert.equal(await value(page, 'field', 'value').getAttribute('aria-pressed'), 'true')
      await value(page, 'filter', 'host').waitFor()
      await value(page, 'filter', 'host').locator('summary').click()
      const host = await value(page, 'filter', 'host').locator('[data-testid="filter-value"]').first().getAttribute('data-value')
      await value(page, 'filter-value', host).locator('input').check()
      if ((await value(page, 'group', 'core').getAttribute('aria-pressed')) !== 'true') await value(page, 'group', 'core').click()
      await find(page, 'range').click()
      await value(page, 'range-preset', '15m').click()
      await find(page, 'aggregation').selectOption('max')
      await change(async () => (address(page).get('agg') === 'max' && address(page).get('w.host') === host ? 'asked' : ''), '', 'the address')
      await page.waitForFunction((title) => document.querySelector('[data-testid="series"] th[aria-sort="descending"]')?.textContent.includes(title), word.aggregation)
      assert.ok((await find(page, 'range').innerText()).includes(word.range))
      assert.ok((await page.locator('.crumbs').innerText()).includes(word.by))
      assert.match(await value(page, 'crumb', 'host').innerText(), new RegExp(host))
      await drawn(page)
      await shot(page, `explore-${locale}`)

      // A range that does not move can be checked against the platform's own answer.
      const answered = page.waitForResponse((response) => response.url().endsWith('/api/analyze') && response.request().postData().includes('"start"'))
      await drag(page)
      await change(async () => (address(page).get('range')?.includes('/') ? 'absolute' : ''), '', 'the range')
      await answered
      const answer = await asked(page)
      const most = answer.series.reduce((a, b) => (b.total > a.total ? b : a))
      await change(async () => ((await cell(page, 0, 1)).startsWith(most.tags.core) ? 'same' : ''), '', 'the first row')
      assert.equal(await cell(page, 0, 2), `${most.total.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })} %`)
      assert.equal(await rows(page).count(), answer.series.length)

      // The link shows the same to somebody else.
      const other = await open(page.url().slice(baseUrl.length), { ...laptop, locale })
      await find(other, 'series').waitFor()
      assert.equal(await cell(other, 0, 2), await cell(page, 0, 2))
      assert.equal(await rows(other).count(), await rows(page).count())
      await other.context().close()
      await page.context().close()
      return `core ${most.tags.core} of ${host}`
    }
  }

  Object.assign(steps, {
    async 'zoom by dragging, and back'() {
      const page = await open('/explore?m=cpu_usage&range=-15m&refresh=0', laptop)
      await drag(page)
      await find(page, 'range-back').waitFor()
      const first = address(page).get('range')
      await drag(page)
      await change(async () => address(page).get('range'), first, 'the range')
      await find(page, 'range-back').click()
      await change(async () => (address(page).get('range') === first ? 'first' : ''), '', 'the first zoom')
      await find(page, 'range-back').click()
      await change(async () => (address(page).get('range') === '-15m' ? 'begun' : ''), '', 'the beginning')
      assert.equal(await find(page, 'range-back').count(), 0)
      await page.context().close()
    },

    async 'looking into a series makes it a filter, and the next tag tells apart'() {
      const page = await open('/explore?m=cpu_core_usage&by=host&range=-15m', laptop)
      await find(page, 'series-drill').first().click()
      await value(page, 'crumb', 'host').waitFor()
      assert.deepEqual(address(page).getAll('by'), ['core'])
      await find(page, 'series-drill').first().click()
      await value(page, 'crumb', 'core').waitFor()
      assert.deepEqual(address(page).getAll('by'), [])
      await page.goBack()
      await value(page, 'crumb', 'core').waitFor({ state: 'detached' })
      await value(page, 'crumb', 'host').click()
      await change(async () => (address(page).has('w.host') ? '' : 'none'), '', 'the filter')
      await page.context().close()
    },

    async 'the legend hides one and isolates one, and the address knows'() {
      const page = await open('/explore?m=cpu_core_usage&by=core&range=-15m&refresh=0', laptop)
      await find(page, 'series').waitFor()
      const count = await rows(page).count()
      const points = Number(await drawn(page))
      if (count > 1) {
        await find(page, 'series-toggle').first().click()
        await change(() => find(page, 'chart-history').getAttribute('data-points'), String(points), 'the chart')
        assert.equal(address(page).getAll('hide').length, 1)
        await find(page, 'series-toggle').first().click()
        await change(async () => (address(page).getAll('hide').length === 0 ? 'all' : ''), '', 'the address')
        await rows(page).nth(1).hover()
        await find(page, 'series-only').nth(1).click()
        await change(async () => (address(page).getAll('hide').length === count - 1 ? 'alone' : ''), '', 'the address')
        assert.equal(await find(page, 'series').locator('[aria-checked="true"]').count(), 1)
        await find(page, 'series-only').nth(1).click()
        await change(async () => (address(page).getAll('hide').length === 0 ? 'all' : ''), '', 'the address')
      }
      await page.context().close()
    },

    async 'comparing shows both and the difference'() {
      const page = await open('/explore?m=cpu_usage&by=host&range=-5m&refresh=0', desk)
      const alone = await drawn(page)
      await find(page, 'compare').selectOption('previous')
      await change(() => find(page, 'chart-history').getAttribute('data-points'), alone, 'the chart')
      await change(async () => String(await find(page, 'series').locator('th').count()), '6', 'the table')
      const last = (await rows(page).first().locator('td').count()) - 1
      assert.match(await cell(page, 0, last), /^([+−]?[\d.]+ %|–)$/)
      await shot(page, 'explore-compare')
      await page.context().close()
    },

    async 'CSV has what is shown'() {
      const page = await open('/explore?m=cpu_core_usage&by=core&range=-15m&refresh=0', laptop)
      const points = Number(await drawn(page))
      const [download] = await Promise.all([page.waitForEvent('download'), find(page, 'csv').click()])
      assert.match(download.suggestedFilename(), /^cpu_core_usage-.*\.csv$/)
      const lines = readFileSync(await download.path(), 'utf8').trim().split('\r\n')
      assert.equal(lines[0].replace('\ufeff', ''), 'time,field,core,avg')
      assert.equal(lines.length - 1, points)
      await page.context().close()
      return `${lines.length} lines`
    },

    async 'a view is saved, opened and deleted'() {
      const page = await open('/explore?m=memory_usage&by=host&agg=p95&range=-15m', laptop)
      const name = `night shift ${Date.now() % 1e6}`
      await find(page, 'views').click()
      await find(page, 'view-name').fill(name)
      await find(page, 'view-save').click()
      const mine = find(page, 'view-open').filter({ hasText: name })
      await mine.waitFor()
      await page.keyboard.press('Escape')
      await choose(page, 'cpu_usage')
      await find(page, 'views').click()
      await mine.click()
      await change(async () => (address(page).get('m') === 'memory_usage' && address(page).get('agg') === 'p95' ? 'back' : ''), '', 'the view')
      await find(page, 'views').click()
      await page.locator('li', { has: mine }).locator('[data-testid="view-delete"]').click()
      await mine.waitFor({ state: 'detached' })
      await page.context().close()
    },

    async 'it refreshes by itself, and pauses'() {
      const page = await open('/explore?m=cpu_usage&range=-5m&refresh=5', laptop)
      await drawn(page)
      let asks = 0
      page.on('request', (request) => (asks += request.url().endsWith('/api/analyze') ? 1 : 0))
      await change(async () => (asks > 0 ? 'asked' : ''), '', 'the refresh', 8000)
      await find(page, 'pause').click()
      const then = asks
      await page.waitForTimeout(6500)
      assert.ok(asks <= then + 1, `${asks - then} questions while paused`)
      await page.context().close()
    },

    async 'what was chosen runs as SQL'() {
      const page = await open('/explore?m=cpu_core_usage&by=core&range=-15m&agg=p95', laptop)
      await find(page, 'series').waitFor()
      await find(page, 'as-sql').click()
      await find(page, 'result').waitFor()
      assert.match(await find(page, 'sql').innerText(), /quantile_cont/)
      assert.ok(Number(await find(page, 'result').getAttribute('data-rows')) > 0)
      await page.locator('.looks [role="tab"]').nth(1).click()
      await find(page, 'result-chart').waitFor()
      await shot(page, 'sql-lines')
      await find(page, 'tab-chart').click()
      await find(page, 'series').waitFor()
      assert.equal(address(page).get('agg'), 'p95')
      await page.context().close()
    },

    async 'SQL: an example, names that complete, and a mistake that is pointed at'() {
      const page = await open('/query', { ...laptop, locale: 'en-GB' })
      await page.getByRole('button', { name: 'Latest CPU usage' }).click()
      await find(page, 'result').waitFor()
      assert.ok(Number(await find(page, 'result').getAttribute('data-rows')) > 0)
      assert.match(page.url(), /sql=SELECT/)
      const editor = find(page, 'sql')
      await editor.click()
      await page.keyboard.press('ControlOrMeta+a')
      await page.keyboard.type('SELECT avg(value) FROM cpu_us')
      await page.locator('.cm-tooltip-autocomplete').getByText('cpu_usage', { exact: true }).first().click()
      await change(() => editor.innerText().then((text) => (text.includes('FROM cpu_usage') ? text : '')), '', 'the editor')
      await page.keyboard.press('ControlOrMeta+Enter')
      await change(async () => (address(page).get('sql')?.startsWith('SELECT avg') ? 'asked' : ''), '', 'the address')
      await expectRefusals(async () => {
        await editor.fill('SELECT *\nFROM boom')
        await find(page, 'run').click()
        await page.waitForSelector('[data-state="error"]')
        assert.equal(await page.locator('.cm-lintRange-error').innerText(), 'boom')
        await shot(page, 'sql-error')
      })
      await find(page, 'history').click()
      assert.ok((await page.locator('.past li').count()) >= 3)
      await page.context().close()
    },

    async 'settings: zone, language, storage'() {
      const page = await open('/settings', { ...desk, locale: 'en-GB' })
      await page.getByRole('heading', { name: 'Settings' }).waitFor()
      const hour = async () => Number((await page.getByText(/^It is \d\d:/).innerText()).slice(6, 8))
      const near = (a, b) => a === b || (a + 1) % 24 === b
      for (const [name, ahead] of [['Asia/Shanghai', 8], ['UTC', 0]]) {
        const then = (new Date().getUTCHours() + ahead) % 24
        await find(page, 'zone').selectOption(name)
        assert.ok(near(then, await hour()), `${name}: ${await hour()} instead of ${then}`)
      }
      await page.waitForTimeout(500)
      await shot(page, 'settings', { fullPage: true })
      await page.context().close()
    },

    async 'a phone scrolls in one direction only, and drags'() {
      for (const path of ['/explore', '/explore?m=cpu_core_usage&by=core&vs=previous&range=-15m', '/explore?tab=sql&sql=SELECT+*+FROM+cpu_usage', '/settings']) {
        const page = await open(path, { ...phone, hasTouch: true })
        await page.waitForTimeout(1500)
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(excess <= 0, `${path} is ${excess} px too wide`)
        await page.context().close()
      }
    },
  })

  if (!mock) return steps
  const { state } = mock

  return Object.assign(steps, {
    async 'with a tier away it says so'() {
      state.partial = true
      const page = await open('/explore?m=cpu_usage&range=-7d', laptop)
      await find(page, 'partial').waitFor()
      assert.match(await find(page, 'partial').innerText(), /不完整.*bucket/)
      await shot(page, 'explore-partial')
      state.partial = false
      await page.context().close()
    },

    async 'an error has a hint and is mended by trying again'() {
      const page = await open('/explore?m=cpu_usage&range=-15m&refresh=0', laptop)
      await find(page, 'series').waitFor()
      await expectRefusals(async () => {
        state.failing = true
        await find(page, 'aggregation').selectOption('max')
        await page.waitForSelector('[data-state="error"]')
        assert.match(await page.locator('[data-state="error"]').innerText(), /start the broker/)
        await shot(page, 'explore-error')
        state.failing = false
        await page.locator('[data-state="error"] button').click()
        await find(page, 'series').waitFor()
      })
      await page.context().close()
    },

    async 'nothing stored shows the next step'() {
      state.empty = true
      const page = await open('/explore', laptop)
      await page.waitForSelector('[data-state="empty"]')
      assert.match(await page.locator('[data-state="empty"]').innerText(), /curl .*\/api\/write/)
      state.empty = false
      await page.context().close()
    },

    async 'a token is asked for, kept, and left'() {
      state.locked = true
      await expectRefusals(async () => {
        const page = await open('/pipelines', { ...laptop, locale: 'en-GB' })
        await find(page, 'login').waitFor()
        await find(page, 'token').fill('nobody-knows')
        await page.getByRole('button', { name: 'Log in' }).click()
        await page.getByRole('alert').filter({ hasText: 'does not know' }).waitFor()
        await find(page, 'token').fill('look-only')
        await page.getByRole('button', { name: 'Log in' }).click()
        await find(page, 'login').waitFor({ state: 'detached' })
        await page.waitForSelector('[data-testid="connection"][data-phase="live"]')
        assert.match(await find(page, 'account').innerText(), /wall display\s*viewer/)
        const pause = page.getByRole('button', { name: 'Pause' }).first()
        assert.equal(await pause.isDisabled(), true)
        assert.match(await pause.getAttribute('title'), /Needs the role editor/)
        await page.goto(`${baseUrl}/settings`)
        await find(page, 'log-level').waitFor()
        assert.equal(await find(page, 'log-level').isDisabled(), true)
        await shot(page, 'settings-viewer', { fullPage: true })
        await find(page, 'leave').click()
        await find(page, 'login').waitFor()
        await find(page, 'token').fill('may-all')
        await page.getByRole('checkbox').check()
        await page.getByRole('button', { name: 'Log in' }).click()
        await find(page, 'config').waitFor()
        await find(page, 'log-level').selectOption('debug')
        await change(async () => (state.level === 'debug' ? 'debug' : ''), '', 'the log level')
        assert.equal(await page.evaluate(() => localStorage.getItem('millrace.token')), 'may-all')
        await page.context().close()
      })
      state.locked = false
    },
  })
})

await main(import.meta.url, lookAtExplore)
