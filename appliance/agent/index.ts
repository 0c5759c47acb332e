import type { Config } from '../config.ts'
import type { JoinableEvents } from '../lib/events.ts'
import type { Log } from '../lib/log.ts'
import { createParts } from '../lib/parts.ts'
import { type AgentClient, createAgentClient, createLocalAgent } from './client.ts'
import { createOperations } from './operations.ts'

export interface ConnectDeps {
  config: Config
  events: JoinableEvents
  log: Log
}

/** The agent as a server process reaches it: over the socket, or, without root, in this very process. */
export function connectAgent({ config, events, log }: ConnectDeps): AgentClient {
  if (config.agent === 'socket') return createAgentClient({ socketPath: config.agentSocket, events, log })
  const parts = createParts(log)
  const operations = createOperations({ config, events, log, parts })
  return {
    ...createLocalAgent(operations, log),
    start: parts.start,
    stop: parts.stop,
    isConnected: () => true,
  }
}
