import type { ExecutionContext } from 'ava'
import { createAgentClient } from '../../appliance/agent/client.ts'
import { readConfig } from '../../appliance/config.ts'
import { createEvents, type Events } from '../../appliance/lib/events.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import type { Cairn } from './cairn.ts'

/** The events of a running Cairn, as one of its processes hears and tells them. */
export async function joinBus(t: ExecutionContext, cairn: Pick<Cairn, 'dataDir'>): Promise<Events> {
  const events = createEvents()
  const agent = createAgentClient({
    socketPath: readConfig(['--data', cairn.dataDir]).agentSocket,
    events,
    log: silentLog,
  })
  await agent.start()
  t.teardown(agent.stop)
  return events
}
