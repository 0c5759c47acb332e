import { failureRecord } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import type { NfsStatus } from '../../schema.ts'
import type { NfsEngine } from './engine.ts'

export interface Chosen {
  engine: NfsEngine
  /** Why nothing can be served by it. */
  problem: NfsStatus['problem']
}

/** The first that can be used here, made ready; if none can, the last says why. */
export async function chooseEngine(engines: readonly NfsEngine[], log: Log): Promise<Chosen | undefined> {
  let last: Chosen | undefined
  for (const engine of engines) {
    last = { engine, problem: await engine.missing() }
    if (last.problem === null) last.problem = await unready(engine)
    if (last.problem === null) break
    log.info('an NFS server cannot be used here', { engine: engine.name, why: last.problem.message })
  }
  return last
}

/** What the kernel has may still be forbidden to us, in a container. */
async function unready(engine: NfsEngine): Promise<NfsStatus['problem']> {
  try {
    await engine.prepare()
    return null
  } catch (error) {
    await engine.stop()
    return failureRecord(error)
  }
}
