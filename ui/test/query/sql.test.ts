// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { keepHistory, loadHistory, remember } from '@/query/history'
import { barsOf, linesOf } from '@/query/plot'
import { placeOf } from '@/query/position'
import { columnsOf, schemaOf, SqlEditor } from '@/query/sql-editor'
import type { Table } from '@/api/values'

describe('where an error is', () => {
  it.each([
    ['query: Binder Error: column "FORM" was not found\n\nLINE 2:   FORM cpu_usage\n          ^', 'SELECT 1,\n  FORM cpu_usage', 'FORM'],
    ['Binder Error: x\nCandidate bindings: "value"\n\nLINE 1: SELECT valu\n               ^', 'SELECT valu\nFROM cpu_usage', 'valu'],
    ['line 2, column 6: no such table', 'SELECT *\nFROM boom', 'boom'],
    ['Parser Error: syntax error at end of input\n\nLINE 1: SELECT (\n                ^', 'SELECT (', '('],
    ['query: measurement "boom" does not exist', 'SELECT boomer\nFROM boom', 'boom'],
    ['query: measurement "sensors.(x" does not exist', 'SELECT * FROM "sensors.(x"', 'sensors.(x'],
    ['query: syntax error at end of input', 'SELECT * FROM t WHERE ', 'E'],
    ['x\n\nLINE 1: ...a, b, c, "odd name", d FROM...\n                    ^', 'SELECT a, b, c, "odd name", d FROM t', '"odd name"'],
  ])('%j', (message, sql, word) => {
    const place = placeOf(message, sql)!
    expect(sql.slice(place.from, place.upto)).toBe(word)
  })

  it.each(['only SELECT is answered', 'measurement "gone" does not exist', 'LINE 9: SELECT\n        ^', 'line 7, column 3: what'])('%j points nowhere', (message) => expect(placeOf(message, 'SELECT 1')).toBeNull())
})

describe('the history', () => {
  it('has each statement once, the newest first, and not for ever', () => {
    let list = remember([], 'a', 1)
    list = remember(list, 'b', 2)
    list = remember(list, 'a', 3)
    expect(list).toEqual([{ sql: 'a', at: 3 }, { sql: 'b', at: 2 }])
    for (let at = 0; at < 50; at++) list = remember(list, `s${at}`, at)
    expect(list.length).toBe(30)
  })

  it('takes what is stored, if it is one', () => {
    const kept: Record<string, string> = {}
    keepHistory({ setItem: (key, value) => (kept[key] = value) }, [{ sql: 'a', at: 1 }])
    expect(loadHistory({ getItem: (key) => kept[key] ?? null })).toEqual([{ sql: 'a', at: 1 }])
    for (const odd of ['{', '{}', '[1,{"sql":2}]', 'null']) expect(loadHistory({ getItem: () => odd })).toEqual([])
    expect(loadHistory(null)).toEqual([])
  })
})

describe('drawing an answer', () => {
  const table = (columns: string[], rows: Table['rows']): Table => ({ columns: columns.map((one) => ({ name: one.split(' ')[0]!, type: one.split(' ')[1]! })), rows, truncated: false, elapsed_ms: 1 })

  it('draws lines over time, apart by text', () => {
    const lines = linesOf(table(['time TIMESTAMP', 'host VARCHAR', 'v DOUBLE'], [['2026-11-20 10:00:01', 'a', 2], ['2026-11-20 10:00:00', 'a', 1], ['2026-11-20 10:00:00', 'b', null]]))!
    expect(lines.traces.map((trace) => [trace.name, trace.dots.map((dot) => dot[1])])).toEqual([['a', [1, 2]], ['b', [null]]])
    expect(lines.upto - lines.from).toBe(1000)
  })

  it('names lines by their columns where there are several', () => {
    const lines = linesOf(table(['t TIMESTAMPTZ', 'low DOUBLE', 'high DOUBLE'], [['2026-11-20T10:00:00Z', 1, 2], ['2026-11-20T10:01:00Z', 1, 2]]))!
    expect(lines.traces.map((trace) => trace.name)).toEqual(['low', 'high'])
  })

  it('draws bars for names', () => {
    expect(barsOf(table(['id VARCHAR', 'n BIGINT'], [['a', 1], [null, 2]]))).toMatchObject({ names: ['a', 'NULL'], series: [{ name: 'n', values: [1, 2] }] })
  })

  it('knows what cannot be drawn', () => {
    expect(linesOf(table(['id VARCHAR', 'n BIGINT'], [['a', 1]]))).toBeNull()
    expect(linesOf(table(['t TIMESTAMP', 'n BIGINT'], [['2026-11-20 10:00:00', 1]]))).toBeNull()
    expect(barsOf(table(['n BIGINT'], [[1]]))).toBeNull()
    expect(barsOf(table(['id VARCHAR', 'n BIGINT'], []))).toBeNull()
  })
})

describe('the editor', () => {
  const measurement = { name: 'sensors.stats', tags: ['id'], fields: [{ name: 'Avg °C', type: 'DOUBLE' }], rows: 1, from: null, upto: null }
  afterEach(() => document.body.replaceChildren())

  it('knows names, quoted where they must be', () => {
    expect(columnsOf(measurement).map((column) => column.apply ?? column.label)).toEqual(['time', 'id', '"Avg °C"'])
    expect(Object.keys(schemaOf([measurement]))).toEqual(['sensors\\.stats'])
    expect(JSON.stringify(schemaOf([measurement]))).toContain('\\"sensors.stats\\"')
  })

  it('tells of changes, and marks what is wrong', () => {
    const onChange = vi.fn()
    const editor = new SqlEditor({ parent: document.body, text: 'SELECT 1', label: 'SQL', testid: 'sql', measurements: [measurement], onChange, onRun: () => {} })
    editor.write('SELECT 1')
    expect(onChange).not.toHaveBeenCalled()
    editor.write('SELECT 2')
    expect(onChange).toHaveBeenCalledWith('SELECT 2')
    editor.mark({ from: 7, upto: 99 }, 'no such number')
    expect(document.querySelector('.cm-lintRange-error')?.textContent).toBe('2')
    editor.mark(null, '')
    expect(document.querySelector('.cm-lintRange-error')).toBeNull()
    editor.know([])
    editor.destroy()
    expect(document.querySelector('.cm-editor')).toBeNull()
  })
})
