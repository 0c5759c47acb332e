import { createAgentClient } from '../../appliance/agent/client.ts'
import { readConfig } from '../../appliance/config.ts'
import { createEvents } from '../../appliance/lib/events.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import type { Cairn } from '../helpers/cairn.ts'
import type { Random } from '../helpers/random.ts'
import type { Names } from './names.ts'
import type { Act } from './shell.ts'

const mostSnapshots = 4

/** What befalls the box as a whole: its processes die, shares go back in time, the index is thrown away. */
export function troubleActs(random: Random, names: Names, cairn: Cairn) {
  const rest = async (method: string, path: string, body?: unknown) => {
    try {
      return await cairn.api(method, path, body)
    } catch {
      // The server that had it has just been killed.
      return { status: 0, body: undefined }
    }
  }
  const snapshotsOf = async (share: string): Promise<string[]> => {
    const { status, body } = await rest('GET', `/shares/${share}/snapshots`)
    return status === 200 ? body.map(({ id }: { id: string }) => id) : []
  }

  async function makeSnapshot(share: string) {
    const all = await snapshotsOf(share)
    if (all.length >= mostSnapshots)
      await rest('DELETE', `/shares/${share}/snapshots/${encodeURIComponent(random.pick(all))}`)
    return String((await rest('POST', `/shares/${share}/snapshots`, {})).status)
  }

  async function restore(share: string, path?: string) {
    const all = await snapshotsOf(share)
    if (all.length === 0) return 'no snapshot'
    const id = random.pick(all)
    const body = path === undefined ? {} : { path }
    const { status } = await rest(
      'POST',
      `/shares/${share}/snapshots/${encodeURIComponent(id)}/restore`,
      body,
    )
    return `${id} ${status}`
  }

  const kill = (program: string): Act => ({
    what: `kill -9 ${program}`,
    paths: [],
    async perform() {
      const pids = cairn.pids(program)
      if (pids.length === 0) return 'none'
      const pid = random.pick(pids)
      process.kill(pid, 'SIGKILL')
      return String(pid)
    },
  })

  const acts: (() => Act)[] = [
    () => kill('main.js'),
    () => kill('agent.js'),
    () => ({ what: 'the index is dropped', paths: [], perform: () => dropIndex(cairn) }),
    () => ({ what: 'snapshot', paths: ['shared'], perform: () => makeSnapshot('shared') }),
    () => ({ what: 'snapshot', paths: ['other'], perform: () => makeSnapshot('other') }),
    () => ({ what: 'restore all', paths: ['other'], perform: () => restore('other') }),
    () => restoreOne(names.file()),
    () => restoreOne(names.file()),
  ]
  function restoreOne(path: string): Act {
    const [share = '', ...inside] = path.split('/')
    if (share === 'chaos') return { what: 'nothing', paths: [], perform: async () => '' }
    return { what: 'restore', paths: [path], perform: () => restore(share, `/${inside.join('/')}`) }
  }
  return () => random.pick(acts)()
}

/** As `scripts/dev index drop` does while Cairn runs. */
export async function dropIndex({ dataDir }: Pick<Cairn, 'dataDir'>): Promise<string> {
  const events = createEvents()
  const { agentSocket } = readConfig(['--data', dataDir])
  const agent = createAgentClient({ socketPath: agentSocket, events, log: silentLog })
  try {
    await agent.start()
    events.publish('files/index-dropped', { pool: null })
    // Answered after the event has been passed on.
    await agent.call('practice/list', {})
    return 'ok'
  } catch (error) {
    return String(error)
  } finally {
    await agent.stop()
  }
}
