// Draws /openapi.json and lets one try each operation. No library, nothing from elsewhere: it must work
// on a machine without a way out, under a policy that allows scripts from this server only.

const byId = (id) => document.getElementById(id)

/** el makes an element; children are elements or text, and text never becomes markup. */
function el(name, attributes = {}, ...children) {
  const e = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) e.addEventListener(key.slice(2), value)
    else if (value !== undefined && value !== false) e.setAttribute(key, value === true ? '' : value)
  }
  e.append(...children.filter((c) => c !== undefined && c !== null && c !== ''))
  return e
}

const doc = await (await fetch('/openapi.json')).json()

/** deref follows a reference inside the document. */
function deref(schema) {
  if (!schema?.$ref) return schema ?? {}
  return schema.$ref.slice(2).split('/').reduce((at, key) => at?.[key], doc) ?? {}
}

/** typeText says in a few words what a schema takes. */
function typeText(schema, depth = 0) {
  const s = deref(schema)
  if (s.enum) return s.enum.map((v) => JSON.stringify(v)).join(' | ')
  const any = s.anyOf ?? s.oneOf
  if (any) return any.map((a) => typeText(a, depth + 1)).join(' | ')
  const types = [s.type ?? 'any'].flat()
  return types.map((t) => {
    if (t === 'array') return `[${typeText(s.items, depth + 1)}]`
    if (t !== 'object') return s.format && t !== 'null' ? `${t} (${s.format})` : t
    if (depth > 3) return '{…}'
    const required = new Set(s.required ?? [])
    const fields = Object.entries(s.properties ?? {}).map(([k, v]) => `${k}${required.has(k) ? '' : '?'}: ${typeText(v, depth + 1)}`)
    if (s.additionalProperties && typeof s.additionalProperties === 'object') fields.push(`[name]: ${typeText(s.additionalProperties, depth + 1)}`)
    const line = `{ ${fields.join(', ')} }`
    if (line.length < 80 || fields.length === 0) return line
    const pad = '  '.repeat(depth + 1)
    return `{\n${pad}${fields.join(`,\n${pad}`)}\n${'  '.repeat(depth)}}`
  }).join(' | ')
}

/** example makes a value that a schema takes, from the examples it has; undefined for none. */
function example(schema, depth = 0) {
  const s = deref(schema)
  if (s.examples?.length) return s.examples[0]
  if (s.default !== undefined) return s.default
  if (s.enum) return s.enum[0]
  if (s.anyOf ?? s.oneOf) return example((s.anyOf ?? s.oneOf)[0], depth)
  switch ([s.type].flat()[0]) {
    case 'object': {
      const required = new Set(s.required ?? [])
      const fields = Object.entries(s.properties ?? {}).filter(([k, v]) => required.has(k) || (depth === 0 && deref(v).examples))
      return Object.fromEntries(fields.map(([k, v]) => [k, example(v, depth + 1)]))
    }
    case 'array': return [example(s.items, depth + 1)]
    case 'number': case 'integer': return s.minimum ?? 1
    case 'boolean': return true
    case 'string': return s.format === 'date-time' ? new Date().toISOString() : 'text'
  }
  return null
}

function parameterRows(operation, inputs) {
  return (operation.parameters ?? []).map((p) => {
    const s = deref(p.schema)
    const value = s.examples?.[0] ?? p.example ?? s.default ?? ''
    const input = s.enum
      ? el('select', { 'aria-label': p.name }, ...s.enum.map((v) => el('option', { value: v, selected: v === s.default }, String(v))))
      : el('input', { value: String(value), 'aria-label': p.name })
    inputs.push({ p, input })
    return el('tr', {}, el('td', {}, `${p.name}${p.required ? ' *' : ''}`), el('td', {}, input), el('td', { class: 'dim' }, p.description ?? '', ' ', typeText(s)))
  })
}

function requestOf(method, path, inputs, body, type) {
  const query = new URLSearchParams()
  let url = path
  for (const { p, input } of inputs) {
    if (p.in === 'path') url = url.replace(`{${p.name}}`, encodeURIComponent(input.value))
    else if (p.in === 'query' && input.value !== '') query.set(p.name, input.value)
  }
  if (query.size > 0) url += `?${query}`
  const headers = {}
  if (body) headers['Content-Type'] = type
  if (byId('token').value) headers.Authorization = `Bearer ${byId('token').value}`
  return [url, { method: method.toUpperCase(), headers, body: body ? body.value : undefined }]
}

function pretty(text, type) {
  if (!/json/.test(type)) return text
  try { return JSON.stringify(JSON.parse(text), null, 2) } catch { return text }
}

function curlOf([url, request]) {
  const quote = (s) => `'${s.replaceAll("'", `'\\''`)}'`
  const headers = Object.entries(request.headers).map(([k, v]) => ` -H ${quote(k === 'Authorization' ? `${k}: Bearer $TOKEN` : `${k}: ${v}`)}`).join('')
  return `curl -X ${request.method}${headers}${request.body ? ` -d ${quote(request.body)}` : ''} ${quote(location.origin + url)}`
}

function tryIt(method, path, inputs, body, type) {
  const out = el('div', { 'aria-live': 'polite' })
  const send = async () => {
    const request = requestOf(method, path, inputs, body, type)
    const began = performance.now()
    out.replaceChildren(el('p', { class: 'dim' }, 'Waiting…'))
    try {
      const response = await fetch(...request)
      const text = await response.text()
      const took = Math.round(performance.now() - began)
      out.replaceChildren(
        el('p', {}, el('span', { class: `status ${response.ok ? 'good' : 'bad'}` }, `${response.status} ${response.statusText}`), ` in ${took} ms, ${text.length} characters`),
        el('pre', {}, pretty(text.slice(0, 200_000), response.headers.get('content-type') ?? '')),
        el('pre', { class: 'dim' }, curlOf(request)),
      )
    } catch (cause) {
      out.replaceChildren(el('p', { class: 'status bad' }, String(cause)))
    }
  }
  return [el('p', {}, el('button', { type: 'button', onclick: send }, 'Try it')), out]
}

function drawOperation(method, path, operation) {
  const inputs = []
  const rows = parameterRows(operation, inputs)
  const content = operation.requestBody?.content ?? {}
  const type = Object.keys(content)[0]
  const media = content[type]
  const body = media && el('textarea', { 'aria-label': 'Body', spellcheck: 'false' }, JSON.stringify(media.example ?? example(media.schema), null, 2))
  const responses = Object.entries(operation.responses ?? {}).map(([code, r]) => {
    const schema = Object.values(r.content ?? {})[0]?.schema
    const known = /^[23]/.test(code) && schema
    return el('tr', {}, el('td', {}, code), el('td', {}, r.description ?? '', known ? el('pre', {}, typeText(schema)) : ''))
  })
  const parts = el('div', {},
    operation.description ? el('p', { style: 'white-space: pre-line' }, operation.description) : '',
    rows.length > 0 ? el('h4', {}, 'Parameters') : '', rows.length > 0 ? el('table', {}, ...rows) : '',
    body ? el('h4', {}, `Body · ${Object.keys(content).join(' · ')}`) : '', body ? el('pre', {}, typeText(media.schema)) : '', body ?? '',
    ...(path.startsWith('/ws/') ? [] : tryIt(method, path, inputs, body, type)),
    el('h4', {}, 'Answers'), el('table', {}, ...responses))
  return el('details', { class: 'op', id: operation.operationId },
    el('summary', {}, el('span', { class: `method ${method}` }, method.toUpperCase()), el('span', { class: 'path' }, path), el('span', { class: 'dim' }, operation.summary ?? '')),
    parts)
}

function draw() {
  byId('version').textContent = doc.info.version
  byId('about').textContent = doc.info.description ?? ''
  const operations = Object.entries(doc.paths).flatMap(([path, item]) =>
    Object.entries(item).filter(([method]) => ['get', 'post', 'put', 'patch', 'delete'].includes(method)).map(([method, op]) => ({ path, method, op })))
  const sections = (doc.tags ?? []).map((tag) => {
    const mine = operations.filter(({ op }) => (op.tags ?? [])[0] === tag.name)
    return el('section', {}, el('h2', {}, tag.name, ' ', el('span', {}, tag.description ?? '')), ...mine.map(({ method, path, op }) => drawOperation(method, path, op)))
  })
  byId('operations').replaceChildren(...sections)
  if (location.hash) byId(location.hash.slice(1))?.setAttribute('open', '')
}

function find() {
  const words = byId('find').value.toLowerCase().split(/\s+/).filter(Boolean)
  for (const section of document.querySelectorAll('main section')) {
    let shown = 0
    for (const op of section.querySelectorAll('details.op')) {
      const text = op.querySelector('summary').textContent.toLowerCase()
      op.hidden = !words.every((w) => text.includes(w))
      if (!op.hidden) shown++
    }
    section.hidden = shown === 0
  }
}

draw()
byId('find').addEventListener('input', find)
