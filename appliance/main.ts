import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createRecovery } from './http/recovery.ts'
import { live } from './lib/lifecycle.ts'
import { createLog, toJournal } from './lib/log.ts'

/** A server process: the faces, as the service account. */
const config = readConfig()
const log = createLog('server', 'info', config.serviceManager ? toJournal : undefined)
const app = await createApp(config, log).catch(error =>
  createRecovery(error, { port: config.httpPort, databasePath: config.databasePath }),
)
await live(app, log, config)
