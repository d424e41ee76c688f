import { expect, it } from 'vitest'
import { cellText, examples, isNumeric, latestOf, nameOf, numberText } from '@/query/table'
import { csvOf } from '@/use/csv'
import { en } from '@/locale/en'

it('shows cells', () => {
  expect([null, undefined, true, 'x', 7, { a: 1 }].map(cellText)).toEqual(['NULL', 'NULL', 'true', 'x', '7', '{"a":1}'])
  expect(numberText(0.1 + 0.2)).toBe('0.3')
  expect(numberText(123456789012345)).toBe('123456789012345')
})

it('knows numbers by their type', () => {
  expect(['DOUBLE', 'BIGINT', 'UINTEGER', 'DECIMAL(10,2)', 'HUGEINT'].every(isNumeric)).toBe(true)
  expect(['VARCHAR', 'TIMESTAMP', 'INTERVAL', 'BOOLEAN'].some(isNumeric)).toBe(false)
})

it('writes CSV that a spreadsheet reads and does not run', () => {
  const rows = [
    ['a,b', 1],
    ['say "hi"', null],
    ['=1+1', -5],
  ]
  expect(csvOf(['who', 'n'], rows)).toBe('who,n\r\n"a,b",1\r\n"say ""hi""",\r\n\'=1+1,-5\r\n')
})

it('quotes names where SQL asks for it', () => {
  expect(nameOf('cpu_usage')).toBe('cpu_usage')
  expect(nameOf('sensors.stats')).toBe('"sensors.stats"')
  expect(nameOf('a"b')).toBe('"a""b"')
  expect(latestOf({ name: 'sensors.stats' })).toContain('FROM "sensors.stats"')
})

it('every example has a name', () => {
  for (const example of examples) expect(en.query[example.key]).toBeTruthy()
})
