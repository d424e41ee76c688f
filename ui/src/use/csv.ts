// Tables for spreadsheets.

import type { Json } from '@/api/values'

/** csvOf quotes as RFC 4180 does; a cell that a spreadsheet would run as a formula is made text. */
export function csvOf(columns: string[], rows: Json[][]): string {
  const lines = [columns.map((name) => csvCell(csvText(name)))]
  for (const row of rows) lines.push(row.map((value) => (value === null ? '' : csvCell(csvText(value)))))
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('')
}

function csvText(value: Json): string {
  if (typeof value === 'number') return String(value)
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return /^[=+\-@\t]/.test(text) ? `'${text}` : text
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** saveFile hands a table to the browser as a file; spreadsheets read UTF-8 only with a mark. */
export function saveFile(name: string, text: string): void {
  save(name, ['\ufeff', text], 'text/csv;charset=utf-8')
}

/** saveText hands any other text to the browser as a file, without a mark, which programs stumble over. */
export function saveText(name: string, text: string): void {
  save(name, [text], 'text/plain;charset=utf-8')
}

function save(name: string, parts: string[], type: string): void {
  const url = URL.createObjectURL(new Blob(parts, { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
