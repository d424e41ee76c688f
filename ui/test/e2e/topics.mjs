// Looks at topics and consumer groups as a person would. BASE_URL and SCREENS as in explore.mjs.
//
// What does not need a mock runs alike against the real platform: it makes a topic of its own and deletes it.

import assert from 'node:assert/strict'
import { look, main, phone } from './browser.mjs'

const desk = { width: 1440, height: 900 }

export const lookAtTopics = ({ mock, ...options }) => look(options, ({ baseUrl, open, expectRefusals, shot, find, change }) => {
  const value = (page, id, name) => page.locator(`[data-testid="${id}"][data-value="${name}"]`)
  const rows = (page) => find(page, 'tail').locator('details')
  const newest = (page) => rows(page).first().locator('summary').innerText()

  const steps = {
    async 'a topic is made, set, and deleted by its name'() {
      const name = `look-${Date.now()}`
      const page = await open('/streams', { ...desk, locale: 'en-GB' })
      await find(page, 'topic-new').first().click()
      await find(page, 'topic-form').waitFor()
      await find(page, 'topic-name').fill('not a name')
      await find(page, 'topic-make').click()
      await page.getByText('Up to 249 letters').waitFor()
      await find(page, 'topic-name').fill(name)
      await find(page, 'topic-partitions').fill('2')
      await shot(page, 'topic-new')
      await find(page, 'topic-make').click()
      await find(page, 'topic-detail').waitFor()
      assert.equal(await find(page, 'topic-layout').locator('tbody tr').count(), 2)

      await value(page, 'config-edit', 'retention.ms').click()
      await find(page, 'config-value').fill('3600000')
      await find(page, 'config-save').click()
      await find(page, 'topic-configs').getByText('3600000').waitFor()
      assert.match(await find(page, 'topic-configs').innerText(), /retention\.ms\s+3600000 1 h\s+this topic/)

      await find(page, 'topic-drop-open').click()
      assert.equal(await find(page, 'topic-drop-go').isDisabled(), true)
      await find(page, 'topic-drop-name').fill(name.slice(1))
      assert.equal(await find(page, 'topic-drop-go').isDisabled(), true)
      await find(page, 'topic-drop-name').fill(name)
      await shot(page, 'topic-drop')
      await find(page, 'topic-drop-go').click()
      await page.waitForURL(`${baseUrl}/streams`)
      const left = await (await fetch(`${baseUrl}/api/topics`)).json()
      assert.ok(!left.topics.some((topic) => topic.name === name))
      await page.context().close()
    },

    async 'what is the platform\'s own is not deleted'() {
      const page = await open('/streams?topic=__millrace_epochs&view=detail', { ...desk, locale: 'zh-CN' })
      await find(page, 'topic-detail').waitFor()
      assert.equal(await find(page, 'topic-drop-open').isDisabled(), true)
      assert.match(await find(page, 'topic-detail').innerText(), /平台在此保存自己的状态/)
      await page.context().close()
    },

    async 'records from an offset and from a time'() {
      const page = await open('/streams?topic=sensors.raw', { ...desk, locale: 'en-GB' })
      await find(page, 'tail').waitFor()
      await find(page, 'seek').selectOption('offset')
      await find(page, 'seek-offset').fill('5')
      await find(page, 'seek-offset').press('Enter')
      await find(page, 'found').waitFor()
      const offsets = await rows(page).locator('summary span:nth-child(3)').allInnerTexts()
      assert.equal(Math.min(...offsets.map(Number)), 5)
      await shot(page, 'records-offset')
      await find(page, 'seek').selectOption('time')
      await find(page, 'found').waitFor()
      await find(page, 'seek-time').fill('soon')
      await find(page, 'seek-time').press('Enter')
      await page.getByText('A time is written as').waitFor()
      await find(page, 'seek').selectOption('latest')
      await find(page, 'found').waitFor({ state: 'detached' })
      await change(() => newest(page), await newest(page), 'the tail')
      await page.context().close()
    },

    async 'a phone scrolls in one direction only'() {
      for (const path of ['/streams?topic=sensors.raw&view=detail', '/groups']) {
        const page = await open(path, { ...phone, hasTouch: true })
        await page.waitForTimeout(1000)
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(excess <= 0, `${path} is ${excess} px too wide`)
        await shot(page, `phone-${path.slice(1, 7)}`)
        await page.context().close()
      }
    },
  }

  if (!mock) return steps
  const { state } = mock

  return Object.assign(steps, {
    async 'a search of the whole topic says how far it looked'() {
      const page = await open('/streams?topic=sensors.raw', { ...desk, locale: 'zh-CN' })
      await find(page, 'tail').waitFor()
      await page.getByPlaceholder('按键或内容过滤').fill('s003')
      await find(page, 'search').click()
      await find(page, 'found').waitFor()
      assert.match(await find(page, 'found').innerText(), /共 \d+ 条，已查看 200,000 条/)
      for (const text of await rows(page).locator('summary').allInnerTexts()) assert.match(text, /s003/)
      await page.getByPlaceholder('按键或内容过滤').fill('rare')
      await find(page, 'search').click()
      await page.getByText('请缩小范围').waitFor()
      await page.getByPlaceholder('按键或内容过滤').fill('')
      await find(page, 'found').waitFor({ state: 'detached' })
      await page.context().close()
    },

    async 'details of a topic lead to its readers'() {
      const page = await open('/streams?topic=sensors.raw', { ...desk, locale: 'zh-CN' })
      await find(page, 'view-detail').click()
      await find(page, 'topic-readers').waitFor()
      await page.waitForTimeout(300)
      await shot(page, 'topic-detail')
      await find(page, 'topic-readers').locator('a').click()
      await find(page, 'group-offsets').waitFor()
      assert.match(page.url(), /\/groups\?group=dashboard-readers$/)
      assert.equal(await find(page, 'reset-open').isDisabled(), true)
      assert.match(await find(page, 'reset-open').getAttribute('title'), /还有成员/)
      await shot(page, 'group')
      await page.context().close()
    },

    async 'a group is reset after a dry run'() {
      const page = await open('/groups', { ...desk, locale: 'en-GB' })
      await value(page, 'group-row', 'billing-nightly').click()
      await find(page, 'group-offsets').waitFor()
      const total = () => find(page, 'group-offsets').locator('tfoot td').nth(1).innerText()
      assert.equal(await total(), '380')
      await find(page, 'reset-open').click()
      await find(page, 'reset-to').selectOption('shift')
      await find(page, 'group-reset').locator('input').fill('-100')
      await find(page, 'group-reset').getByRole('button', { name: 'See what would be' }).click()
      await find(page, 'reset-plan').waitFor()
      assert.match(await find(page, 'reset-plan').locator('tbody tr').first().innerText(), /3000\s+2900\s+340/)
      assert.equal(state.topics.groups.get('billing-nightly').at['sensors.stats'][0], 3000)
      await shot(page, 'group-reset')
      await find(page, 'reset-go').click()
      await page.getByText('3 partitions moved').waitFor()
      await page.getByRole('button', { name: 'Back', exact: true }).click()
      await change(async () => ((await total()) === '680' ? 'moved' : ''), '', 'the lag')
      await find(page, 'group-drop').click()
      await find(page, 'group-drop').click()
      await page.waitForURL(`${baseUrl}/groups`)
      await page.context().close()
    },

    async 'groups: empty and broken'() {
      state.empty = true
      const page = await open('/groups', { ...desk, locale: 'zh-CN' })
      await page.waitForSelector('[data-state="empty"]')
      assert.match(await page.locator('[data-state="empty"]').innerText(), /kcat -b/)
      await shot(page, 'groups-empty')
      state.empty = false
      await expectRefusals(async () => {
        state.failing = true
        await page.reload()
        await page.waitForSelector('[data-state="error"]')
        await shot(page, 'groups-error')
        state.failing = false
        await page.locator('[data-state="error"] button').click()
        await find(page, 'group-row').first().waitFor()
      })
      await page.context().close()
    },

    async 'who may only look is told so'() {
      state.locked = true
      await expectRefusals(async () => {
        const page = await open('/streams?topic=sensors.raw&view=detail', { ...desk, locale: 'en-GB' })
        await find(page, 'token').fill('look-only')
        await page.getByRole('button', { name: 'Log in' }).click()
        await find(page, 'topic-detail').waitFor()
        assert.match(await find(page, 'topic-new').getAttribute('title'), /Needs the role editor/)
        assert.match(await find(page, 'topic-drop-open').getAttribute('title'), /Needs the role admin/)
        assert.equal(await find(page, 'config-edit').count(), 0)
        await page.context().close()
      })
      state.locked = false
    },
  })
})

await main(import.meta.url, lookAtTopics)
