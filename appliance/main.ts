import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { live } from './lib/lifecycle.ts'
import { createLog } from './lib/log.ts'

/** A server process: the faces, as the service account. */
const log = createLog('server')
const app = await createApp(readConfig(), log)
await live({ start: app.start, stop: app.stop }, log)
