// The editor of SQL: CodeMirror, with the names of what is stored.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { PostgreSQL, sql, type SQLNamespace } from '@codemirror/lang-sql'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { setDiagnostics } from '@codemirror/lint'
import { Compartment, EditorState, Prec, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import type { Measurement } from '@/api/measurements'
import { palette, withAlpha } from '@/chart/palette'
import type { Place } from './position'
import { nameOf } from './table'

export interface EditorOptions {
  parent: HTMLElement
  text: string
  label: string
  testid: string
  measurements: readonly Measurement[]
  onChange: (text: string) => void
  onRun: () => void
}

/** SqlEditor is one editor until it is destroyed. */
export class SqlEditor {
  private readonly view: EditorView
  private readonly names = new Compartment()

  constructor(options: EditorOptions) {
    this.view = new EditorView({
      parent: options.parent,
      state: EditorState.create({
        doc: options.text,
        extensions: [
          // Before the default keys, of which one is Mod-Enter.
          Prec.highest(keymap.of([{ key: 'Mod-Enter', run: () => (options.onRun(), true) }])),
          lineNumbers(),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          autocompletion({ icons: false }),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
          EditorView.lineWrapping,
          placeholder('SELECT * FROM cpu_usage ORDER BY time DESC LIMIT 100'),
          EditorView.contentAttributes.of({ 'aria-label': options.label, 'data-testid': options.testid, spellcheck: 'false', autocapitalize: 'off' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) options.onChange(update.state.doc.toString())
          }),
          look,
          this.names.of(completions(options.measurements)),
        ],
      }),
    })
  }

  /** write replaces the text, unless it is the same. */
  write(text: string): void {
    const { doc } = this.view.state
    if (doc.toString() === text) return
    this.view.dispatch({ changes: { from: 0, to: doc.length, insert: text }, selection: { anchor: text.length } })
  }

  /** know takes the names that can be completed. */
  know(measurements: readonly Measurement[]): void {
    this.view.dispatch({ effects: this.names.reconfigure(completions(measurements)) })
  }

  /** mark shows where an error is, or takes the mark away. */
  mark(place: Place | null, message: string): void {
    const { length } = this.view.state.doc
    const diagnostics = place ? [{ from: Math.min(place.from, length), to: Math.min(place.upto, length), severity: 'error' as const, message }] : []
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics))
    if (place) this.view.dispatch({ selection: { anchor: Math.min(place.from, length) }, scrollIntoView: true })
  }

  focus(): void {
    this.view.focus()
  }

  destroy(): void {
    this.view.destroy()
  }
}

function completions(measurements: readonly Measurement[]): Extension {
  const language = sql({ dialect: PostgreSQL, schema: schemaOf(measurements), upperCaseKeywords: true })
  return [language, language.language.data.of({ autocomplete: (context: CompletionContext) => columnsFor(context, measurements) })]
}

/** schemaOf names the measurements and their columns; a dot in a name does not part it. */
export function schemaOf(measurements: readonly Measurement[]): SQLNamespace {
  const schema: { [name: string]: SQLNamespace } = {}
  for (const measurement of measurements) {
    schema[measurement.name.replaceAll('.', '\\.')] = {
      self: { label: measurement.name, apply: nameOf(measurement.name), type: 'type' },
      children: columnsOf(measurement),
    }
  }
  return schema
}

/** columnsOf are the names that a row of a measurement has, and what they are. */
export function columnsOf(measurement: Measurement): Completion[] {
  return [
    { label: 'time', type: 'property', detail: 'TIMESTAMPTZ' },
    ...measurement.tags.map((tag) => ({ label: tag, apply: nameOf(tag), type: 'property', detail: 'VARCHAR' })),
    ...measurement.fields.map((field) => ({ label: field.name, apply: nameOf(field.name), type: 'property', detail: field.type })),
  ]
}

/** columnsFor offers the columns of the measurements that the statement names. */
function columnsFor(context: CompletionContext, measurements: readonly Measurement[]): CompletionResult | null {
  const word = context.matchBefore(/[\w]*/)
  if (!word || (word.from === word.to && !context.explicit)) return null
  const text = context.state.doc.toString()
  const named = measurements.filter((it) => text.includes(it.name))
  const options = new Map(named.flatMap(columnsOf).map((column) => [column.label, { ...column, boost: 2 }]))
  return options.size > 0 ? { from: word.from, options: [...options.values()], validFor: /^\w*$/ } : null
}

const look: Extension = [
  EditorView.theme(
    {
      '&': { height: '100%', fontSize: '15px', backgroundColor: 'transparent', color: palette.text },
      '&.cm-focused': { outline: 'none' },
      '.cm-scroller': { fontFamily: 'var(--face-mono)', lineHeight: '1.55', overflow: 'auto' },
      '.cm-content': { padding: '10px 0', caretColor: palette.figure },
      '.cm-gutters': { backgroundColor: 'transparent', color: withAlpha(palette.label, 0.55), border: 'none' },
      '.cm-activeLine': { backgroundColor: withAlpha(palette.figure, 0.045) },
      '.cm-cursor': { borderLeftColor: palette.figure },
      '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: withAlpha(palette.blue, 0.35) },
      '.cm-placeholder': { color: withAlpha(palette.label, 0.65) },
      '.cm-matchingBracket': { backgroundColor: withAlpha(palette.figure, 0.22), outline: 'none' },
      '.cm-tooltip': { backgroundColor: '#1b2142', border: `1px solid ${withAlpha(palette.figure, 0.34)}`, borderRadius: '5px', color: palette.text },
      '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--face-mono)', maxHeight: '14em' },
      '.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px' },
      '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: withAlpha(palette.figure, 0.18), color: palette.text },
      '.cm-completionDetail': { color: palette.label, fontStyle: 'normal', marginLeft: '1em' },
      '.cm-completionMatchedText': { color: palette.figure, textDecoration: 'none' },
      '.cm-lintRange-error': { backgroundImage: 'none', backgroundColor: withAlpha(palette.red, 0.25), borderBottom: `2px solid ${palette.red}` },
      '.cm-diagnostic-error': { borderLeft: `4px solid ${palette.red}`, whiteSpace: 'pre-wrap', fontFamily: 'var(--face-mono)' },
    },
    { dark: true },
  ),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: [tags.keyword, tags.operatorKeyword], color: palette.figure },
      { tag: [tags.string, tags.special(tags.string)], color: palette.green },
      { tag: [tags.number, tags.bool, tags.null], color: palette.amber },
      { tag: [tags.typeName, tags.standard(tags.name)], color: palette.violet },
      { tag: tags.comment, color: palette.label, fontStyle: 'italic' },
      { tag: [tags.operator, tags.punctuation], color: palette.label },
    ]),
  ),
]
