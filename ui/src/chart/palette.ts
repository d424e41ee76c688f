// The colours of charts: canvases cannot read custom properties, so theme/tokens.css repeats these
// and a test compares the two.

export const palette = {
  page: '#0a0e27',
  box: '#151932',
  figure: '#00d4ff',
  label: '#8b9dc3',
  text: '#e6edff',
  violet: '#9181ff',
  green: '#2ee6a8',
  amber: '#ffb454',
  red: '#ff5c7a',
  blue: '#4d8dff',
  pink: '#ff6fae',
  lime: '#b6e35a',
  coral: '#ff8a65',
} as const

/** seriesColors are for lines that stand for equals: neighbours differ in hue and in lightness. */
export const seriesColors: readonly string[] = [
  palette.figure,
  palette.amber,
  palette.violet,
  palette.green,
  palette.pink,
  palette.blue,
  palette.lime,
  palette.coral,
]

/** manyColors go on where seriesColors end, paler: for charts that one reads with the table beside. */
export const manyColors: readonly string[] = [...seriesColors, '#8fdcc4', '#cdb9ff', '#ffd9a3', '#a9c8ff']

/** withAlpha turns #rrggbb into a colour that lets through. */
export function withAlpha(color: string, alpha: number): string {
  const part = (at: number) => parseInt(color.slice(at, at + 2), 16)
  return `rgba(${part(1)},${part(3)},${part(5)},${alpha})`
}

/** fontFamily of canvases; base.css has the same list. */
export const fontFamily =
  '"DIN Alternate", Bahnschrift, Inter, "SF Pro Text", "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif'
