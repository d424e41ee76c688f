// What the end-to-end tests share: a browser, its pages, and steps that are run one after another.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const PATIENCE_MS = 20_000
export const phone = { name: 'phone', width: 390, height: 844 }

/**
 * look runs the steps that makeSteps returns and prints how each went; the answer is the names of those
 * that failed. Errors in the console and requests to other hosts are failures, too.
 */
export async function look({ baseUrl, screens, executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium' }, makeSteps) {
  if (screens) mkdirSync(screens, { recursive: true })
  const browser = await chromium.launch({ executablePath, headless: true, args: flags })
  const complaints = []

  /** open gives a page of its own, whose errors and foreign requests are complaints. */
  async function open(path, { width, height, locale = 'zh-CN', hasTouch = false }) {
    const context = await browser.newContext({ viewport: { width, height }, locale, hasTouch, acceptDownloads: true })
    const page = await context.newPage()
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(`${path}: ${message.text()}`)
    })
    page.on('pageerror', (error) => complaints.push(`${path}: ${error.message}`))
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url())
      if (/^(https?|wss?):$/.test(protocol) && host !== new URL(baseUrl).host) complaints.push(`${path}: asks ${request.url()}`)
    })
    page.setDefaultTimeout(PATIENCE_MS)
    await page.goto(baseUrl + path)
    return page
  }

  /** expectRefusals runs act, in which the platform refuses something: the browser logs it as an error. */
  async function expectRefusals(act) {
    const before = complaints.length
    await act()
    const expected = complaints.splice(before)
    assert.ok(expected.every((text) => /status of [45]\d\d/.test(text)), expected.join('\n'))
  }

  const shot = async (page, name, options = {}) => {
    if (screens) await page.screenshot({ path: join(screens, `${name}.png`), ...options })
  }
  const find = (page, id) => page.locator(`[data-testid="${id}"]`)
  const live = (page) => page.waitForSelector('[data-testid="connection"][data-phase="live"]')

  /** change waits until what read returns is another and makes sense, and returns the new one. */
  async function change(read, before, what, patience = PATIENCE_MS) {
    const until = Date.now() + patience
    while (Date.now() < until) {
      const now = await read()
      if (now !== before && now !== '' && now !== null) return now
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new assert.AssertionError({ message: `${what} stood still at ${before} for ${patience} ms` })
  }

  const steps = makeSteps({ browser, baseUrl, complaints, open, expectRefusals, shot, find, live, change })
  const failures = []
  try {
    for (const [name, step] of Object.entries(steps)) {
      const started = Date.now()
      try {
        const note = await step()
        console.log(`ok    ${name} (${note ? `${note}, ` : ''}${((Date.now() - started) / 1000).toFixed(1)} s)`)
      } catch (error) {
        failures.push(name)
        console.log(`FAIL  ${name}\n      ${error.message}`)
      }
    }
  } finally {
    await browser.close()
  }
  if (complaints.length > 0) {
    failures.push('no complaints')
    console.log(`FAIL  the console is not clean:\n      ${[...new Set(complaints)].join('\n      ')}`)
  } else console.log('ok    the console is clean, and nothing was asked of other hosts')
  return failures
}

/** main runs a test against the platform at BASE_URL when its file is the program. */
export async function main(url, test) {
  if (url !== pathToFileURL(process.argv[1] ?? '').href) return
  const baseUrl = (process.env.BASE_URL ?? 'http://127.0.0.1:8000').replace(/\/$/, '')
  const failures = await test({ baseUrl, screens: process.env.SCREENS })
  process.exitCode = failures.length > 0 ? 1 : 0
}
