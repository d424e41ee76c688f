// The end-to-end tests against the mock platform: `npm run build && npm run e2e`.

import { startMock } from '../mock-server.mjs'
import { lookAtAlerts } from './alerts.mjs'
import { lookAtExplore } from './explore.mjs'
import { lookAtTopics } from './topics.mjs'
import { lookAtWall } from './wall.mjs'

const mock = await startMock()
const screens = process.env.SCREENS
const failures = [
  ...(await lookAtExplore({ baseUrl: mock.url, screens, mock })),
  ...(await lookAtTopics({ baseUrl: mock.url, screens, mock })),
  ...(await lookAtAlerts({ baseUrl: mock.url, screens, mock })),
  ...(await lookAtWall({ baseUrl: mock.url, screens })),
]
await mock.close()
process.exitCode = failures.length > 0 ? 1 : 0
