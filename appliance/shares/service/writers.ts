import type { Agent } from '../../agent/client.ts'
import { BoundedMap } from '../../lib/bounded-map.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Writer } from '../schema.ts'

/** Never throws; a process that is not in the answer is unknown, since the agent is away. */
export type WritersOf = (pids: Iterable<number>) => Promise<Map<number, Writer>>

/** Changes come in many small batches, and from the same few processes. */
const knownForMs = 1_000
const mostKnown = 2_000
const mostAtOnce = 1_000

/** Who is behind processes: the agent's answer, for a moment remembered. */
export function createWritersOf(deps: { agent: Agent; clock: Clock; log: Log }): WritersOf {
  const { agent, clock, log } = deps
  const known = new BoundedMap<number, { writer: Writer; until: number }>(mostKnown)

  function recall(pid: number): Writer | undefined {
    const found = known.get(pid)
    return found && found.until > clock.now() ? found.writer : undefined
  }

  async function ask(pids: number[]): Promise<Writer[]> {
    try {
      return await agent.call('shares/writers-of', { pids })
    } catch (error) {
      log.warn('it cannot be told who is behind a change', { error })
      return []
    }
  }

  return async pids => {
    const answer = new Map<number, Writer>()
    const missing: number[] = []
    for (const pid of new Set(pids)) {
      // Not of our namespace of processes, as the kernel puts it.
      if (pid === 0) continue
      const writer = recall(pid)
      if (writer) answer.set(pid, writer)
      else missing.push(pid)
    }
    for (let from = 0; from < missing.length; from += mostAtOnce) {
      for (const writer of await ask(missing.slice(from, from + mostAtOnce))) {
        known.set(writer.pid, { writer, until: clock.now() + knownForMs })
        answer.set(writer.pid, writer)
      }
    }
    return answer
  }
}
