import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { TuningReport } from '../../appliance/tuning/index.ts'
import type { Bench, Comparison } from './comparison.ts'
import { median, type Peer, rate } from './load.ts'
import { inTurn } from './pairs.ts'
import { startInstance } from './peers.ts'

interface Given extends Bench {
  report: TuningReport
  say(line: string): void
}

const connections = 64

/** The number of server processes that the plan chose, beside one fewer and one more, each a Cairn of its own. */
export async function serversInTurn({ scratch, pairs, scale, report, stops, say }: Given) {
  const chosen = Number(report.settings.find(({ name }) => name === 'servers.count')?.to ?? 1)
  const counts = [chosen, chosen - 1, chosen + 1].filter(count => count > 0)
  say(`servers: ${counts.join(', ')}, ${connections} connections`)
  const peers: Peer[] = []
  for (const servers of counts) {
    const peer = await startInstance(join(scratch, `servers-${servers}`), { servers })
    stops.push(peer.stop)
    peers.push(peer)
  }
  const works = peers.map(peer => createWork(peer, scale))
  const [own = [], ...others] = await inTurn(pairs, works)
  const inSeconds = (times: readonly number[]) => `${median(times).toFixed(2)} s`
  return others.map((times, index): Comparison => {
    const count = counts[index + 1] ?? 0
    return {
      group: 'servers',
      what: `${chosen} server ${chosen === 1 ? 'process' : 'processes'} rather than ${count}`,
      work: `small files there and back by ${connections} connections`,
      with: inSeconds(own),
      without: inSeconds(times),
      times: { with: own, without: times },
    }
  })
}

/** Small files there and back. Resolves with its seconds. */
function createWork(peer: Peer, scale: number) {
  const body = randomBytes(4096)
  const count = Math.round(800 * scale)
  let round = 0
  return async (): Promise<number> => {
    round += 1
    const path = (index: number) => `servers-${round}-${index % count}.bin`
    const startedAt = performance.now()
    await rate(peer, { method: 'PUT', count, connections, body, path })
    await rate(peer, { method: 'GET', count: 4 * count, connections, path })
    return (performance.now() - startedAt) / 1000
  }
}
