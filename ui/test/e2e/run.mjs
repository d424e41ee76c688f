// The end-to-end test against the mock platform: `npm run build && npm run e2e`.

import { startMock } from '../mock-server.mjs'
import { lookAtWall } from './wall.mjs'

const mock = await startMock()
const failures = await lookAtWall({ baseUrl: mock.url, screens: process.env.SCREENS })
await mock.close()
process.exitCode = failures.length > 0 ? 1 : 0
