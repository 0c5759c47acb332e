import { createOperations } from './agent/operations.ts'
import { createAgentServer } from './agent/server.ts'
import { readConfig, serviceUid } from './config.ts'
import { createEvents } from './lib/events.ts'
import { live } from './lib/lifecycle.ts'
import { createLog, toJournal } from './lib/log.ts'
import { createParts } from './lib/parts.ts'

/** The agent process: all that needs root, by named operations on a socket. */
const config = readConfig()
const log = createLog('agent', 'info', config.serviceManager ? toJournal : undefined)
const events = createEvents(error => log.error('a listener broke', { error }))
const parts = createParts(log)
const operations = createOperations({ config, events, log, parts })
const server = createAgentServer({
  operations,
  events,
  log,
  socketPath: config.agentSocket,
  socketGid: serviceUid,
})

/** Where systemd stops agent and servers at once: what these have to bring to an end may still need the agent. */
const serversLeaveWithinMs = 17_000

await live(
  {
    async start() {
      await parts.start()
      await server.start()
      return { lines: [], state: 'ready' }
    },
    async stop() {
      if (config.serviceManager) await server.allGone(serversLeaveWithinMs)
      await server.stop()
      await parts.stop()
    },
  },
  log,
  config,
)
