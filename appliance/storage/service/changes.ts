import type { Agent } from '../../agent/client.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import {
  type ChangeMark,
  type ChangesPage,
  type FeedMark,
  type FeedMessage,
  type FileLink,
  feedMessage,
  type SubvolumeKind,
} from '../schema.ts'
import type { Pools } from './pools.ts'

export interface ChangesFollower {
  /** What was taken in last, of each pool, if that is known: it goes on from there where that is possible. */
  known?: readonly FeedMark[]
  /** One after the other; `changes` and `gap` count as taken in when it is done. */
  receive(message: FeedMessage): Promise<void> | void
  signal: AbortSignal
}

export interface Changes {
  /**
   * What is not as it was at the mark, in pages; `mark` of the last page is where to begin the next time, once all
   * pages are taken in. Null: everything. Fails with `storage/walk-needed` where the filesystem cannot tell, and with
   * `storage/subvolume-replaced` where another one has taken its place meanwhile.
   */
  since(place: SubvolumePlace, mark: ChangeMark | null): AsyncIterable<ChangesPage>
  /** All names of each of these inodes. */
  links(place: SubvolumePlace, inodes: readonly number[]): Promise<FileLink[][]>
  /**
   * What happens in all pools, until the signal ends it; it outlives the agent. Of all processes one is served, the
   * others wait. Fails with `storage/walk-needed` where nothing can be followed.
   */
  follow(follower: ChangesFollower): Promise<void>
}

export interface SubvolumePlace {
  pool: string
  kind: SubvolumeKind
  name: string
}

/** What changed in the pools: the seam behind which only the agent knows Btrfs and fanotify. */
export function createChanges({
  agent,
  events,
  pools,
}: {
  agent: Agent
  events: Events
  pools: Pools
}): Changes {
  const keyOf = async ({ pool, kind, name }: SubvolumePlace) => {
    const { uuid } = await pools.find(pool)
    return { name: pool, uuid, kind, subvolume: name }
  }

  async function* since(place: SubvolumePlace, mark: ChangeMark | null) {
    const key = await keyOf(place)
    let cursor: ChangesPage['next'] = null
    do {
      const page: ChangesPage = await agent.call('storage/changes-since', { ...key, mark, cursor })
      yield page
      cursor = page.next
    } while (cursor)
  }

  async function follow({ known = [], receive, signal }: ChangesFollower) {
    const taken = new Map(known.map(mark => [mark.pool, mark]))
    const take = async (message: FeedMessage) => {
      await receive(message)
      if (message.kind !== 'changes' && message.kind !== 'gap') return
      const { pool, epoch, number } = message
      taken.set(pool, { pool, epoch, number })
      await agent.call('storage/acknowledge-changes', { pool, epoch, number })
    }
    while (!signal.aborted) {
      try {
        await followOnce(agent, { known: [...taken.values()], take, signal })
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'agent/away') throw error
        await connected(events, signal)
      }
    }
  }

  return {
    since,
    async links(place, inodes) {
      return agent.call('storage/links-of-inodes', { ...(await keyOf(place)), inodes: [...inodes] })
    },
    follow,
  }
}

interface OneCall {
  known: FeedMark[]
  take(message: FeedMessage): Promise<void>
  signal: AbortSignal
}

/** One call of the agent. What breaks while a message is taken in ends it, and is thrown. */
async function followOnce(agent: Agent, { known, take, signal }: OneCall) {
  const broken = new AbortController()
  let last = Promise.resolve()
  const onMessage = (message: unknown) => {
    last = last.then(() =>
      broken.signal.aborted || signal.aborted ? undefined : take(feedMessage.parse(message)),
    )
    last.catch(error => broken.abort(error))
  }
  const both = AbortSignal.any([signal, broken.signal])
  const call = agent.call('storage/follow-changes', { known }, { onMessage, signal: both })
  const problem = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  await last
  if (problem !== undefined) throw problem
}

function connected(events: Events, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      end()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const end = events.on('agent/connected', done)
    signal.addEventListener('abort', done, { once: true })
  })
}
