// Dead letters as people look at them: which are chosen, what is in them, and taking them away as a file.

import type { Chosen, Letter } from '@/api/dead-letters'
import type { Json } from '@/api/values'

/** idOf names a letter within its topic. */
export const idOf = (letter: Pick<Letter, 'partition' | 'offset'>): string => `${letter.partition}:${letter.offset}`

/** chosenOf asks for those that are marked. */
export function chosenOf(marked: ReadonlySet<string>): Chosen {
  const records = [...marked].map((id) => {
    const [partition, offset] = id.split(':')
    return { partition: Number(partition), offset: Number(offset) }
  })
  return { records }
}

const BYTES_A_LINE = 16

/** bytesOf reads base64; null when it is none. */
export function bytesOf(base64: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))
  } catch {
    return null
  }
}

/** hexOf writes bytes as an editor of bytes does: where, the bytes, and what of them is text. */
export function hexOf(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
    const part = [...bytes.subarray(at, at + BYTES_A_LINE)]
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(BYTES_A_LINE * 3 - 1)}  ${text}`)
  }
  return lines.join('\n')
}

/** blockOfLetter is the whole value: JSON set out, bytes in hexadecimal, text as it came. */
export function blockOfLetter({ value, encoding }: Pick<Letter, 'value' | 'encoding'>): string {
  if (encoding === 'base64' && typeof value === 'string') {
    const bytes = bytesOf(value)
    return bytes ? hexOf(bytes) : value
  }
  return encoding === 'json' ? JSON.stringify(value, null, 2) : textOf(value)
}

/** lineOfLetter is the value on one line. */
export function lineOfLetter({ value, encoding }: Pick<Letter, 'value' | 'encoding'>): string {
  if (encoding !== 'base64' || typeof value !== 'string') return encoding === 'json' ? JSON.stringify(value) : textOf(value)
  const bytes = bytesOf(value)
  return bytes ? `0x${[...bytes.subarray(0, 48)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}` : value
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** columns of the table that is taken away. */
export const letterColumns = ['time', 'error', 'field', 'pipeline', 'topic', 'source_partition', 'source_offset', 'partition', 'offset', 'key', 'value', 'encoding', 'replayed'] as const

/** rowsOf are the cells of that table. */
export const rowsOf = (letters: readonly Letter[]): Json[][] => letters.map((letter) => letterColumns.map((column) => letter[column]))

/** ndjsonOf writes a letter a line. */
export const ndjsonOf = (letters: readonly Letter[]): string => letters.map((letter) => `${JSON.stringify(letter)}\n`).join('')

/** matchingLetters keeps those that hold the text, whatever the case, and have the reason, if one is asked for. */
export function matchingLetters(letters: readonly Letter[], text: string, reason: string): Letter[] {
  const wanted = text.trim().toLowerCase()
  return letters.filter(
    (letter) =>
      (reason === '' || letter.error === reason) &&
      (wanted === '' || `${letter.error} ${letter.field} ${letter.key ?? ''} ${lineOfLetter(letter)}`.toLowerCase().includes(wanted)),
  )
}
