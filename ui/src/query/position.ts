// Where in a statement an error is.

export interface Place {
  from: number
  upto: number
}

/**
 * placeOf finds what an error points at: DuckDB quotes the line and puts a caret under the place, our
 * own parser names line and column. Else a name that the error quotes is looked for in the statement;
 * null when there is none.
 */
export function placeOf(message: string, sql: string): Place | null {
  const quoted = /LINE (\d+): (.*)\n( *)\^/.exec(message)
  if (quoted) {
    const prefix = `LINE ${quoted[1]}: `.length
    return place(sql, Number(quoted[1]), quoted[3]!.length - prefix, quoted[2]!)
  }
  const named = /line (\d+), column (\d+)/.exec(message)
  if (named) return place(sql, Number(named[1]), Number(named[2]) - 1, '')
  if (/at end of input/.test(message)) return sql === '' ? null : { from: sql.trimEnd().length - 1, upto: sql.trimEnd().length }
  const name = /(?:measurement|table|column|function|near) "([^"]+)"/i.exec(message)?.[1]
  return name === undefined ? null : wordPlace(sql, name)
}

/** wordPlace is where a name stands by itself, not as a part of another. */
function wordPlace(sql: string, name: string): Place | null {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const found = new RegExp(`(?<![\\w.])${escaped}(?![\\w.])`, 'i').exec(sql)
  return found ? { from: found.index, upto: found.index + name.length } : null
}

function place(sql: string, line: number, column: number, quote: string): Place | null {
  const lines = sql.split('\n')
  const text = lines[line - 1]
  if (text === undefined || column < 0) return null
  let at = column
  // A long line is quoted in part, between dots.
  const part = quote.replace(/^\.\.\./, '').replace(/\.\.\.$/, '')
  if (quote.startsWith('...') && text.includes(part)) at = text.indexOf(part) + column - 3
  at = Math.min(at, text.length)
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + at
  const word = /^("[^"]*"|[\w.]+|\S)/.exec(text.slice(at))?.[0].length ?? 0
  // At the end of a line there is no word: the one before it is marked.
  return word > 0 ? { from: start, upto: start + word } : { from: Math.max(0, start - 1), upto: start }
}
