import type { ExecutionContext } from 'ava'
import type { ChangedName, FeedMark, FeedMessage } from '../../appliance/storage/index.ts'
import type { Box } from '../storage/box.ts'

type Taken = Exclude<FeedMessage, { kind: 'alive' }>

export interface Following {
  messages: Taken[]
  /** Ends when one like it has come. */
  until(what: string, isIt: (message: Taken) => boolean): Promise<void>
  /** Ends when all these paths (in the pool) were named, each with one of its kinds; forgets them. */
  named(...wanted: [path: string, kind: ChangedName['kinds'][number]][]): Promise<void>
  /** All that was named, `path kind,kind`. */
  told(): string[]
  stop(): Promise<void>
}

export interface FollowOptions {
  known?: FeedMark[]
  /** Ends before the message counts as taken in. */
  hold?: (message: FeedMessage) => Promise<void>
}

/** Follows the changes of a box's pools, as an index would. */
export async function follow(
  t: ExecutionContext,
  box: Box,
  { known = [], hold }: FollowOptions = {},
): Promise<Following> {
  const ending = new AbortController()
  const messages: Taken[] = []
  const looks = new Set<() => void>()
  let hasBegun = false
  const ended = box.storage.changes.follow({
    known,
    signal: ending.signal,
    async receive(message) {
      hasBegun = true
      if (message.kind !== 'alive') messages.push(message)
      for (const look of looks) look()
      if (!hold) return
      await hold(message)
      for (const look of looks) look()
    },
  })
  const stop = async () => {
    ending.abort()
    await ended
  }
  t.teardown(stop)

  function met(what: string, isMet: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(new Error(`never came: ${what}\n${told().join('\n')}`)), 20_000)
      const done = (problem?: Error) => {
        clearTimeout(timer)
        looks.delete(look)
        if (problem) reject(problem)
        else resolve()
      }
      const look = () => (isMet() ? done() : undefined)
      looks.add(look)
      look()
    })
  }

  const told = () => messages.flatMap(namesIn).map(({ path, kinds }) => `${path} ${kinds.join(',')}`)
  await met('the beginning', () => hasBegun)
  return {
    messages,
    told,
    stop,
    until: (what, isIt) => met(what, () => messages.some(isIt)),
    async named(...wanted) {
      const isThere = ([path, kind]: (typeof wanted)[number]) =>
        messages.flatMap(namesIn).some(name => name.path === path && name.kinds.includes(kind))
      await met(wanted.map(([path, kind]) => `${kind} ${path}`).join(', '), () => wanted.every(isThere))
      messages.splice(0)
    },
  }
}

export function namesIn(message: FeedMessage): (ChangedName & { path: string })[] {
  if (message.kind !== 'changes') return []
  return message.folders.flatMap(folder =>
    folder.names.map(name => ({ ...name, path: `${folder.path}/${name.name}` })),
  )
}
