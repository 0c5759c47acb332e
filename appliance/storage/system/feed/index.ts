import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../../lib/log.ts'
import { createTurns } from '../../../lib/turns.ts'
import type { FeedMark, FeedMessage } from '../../schema.ts'
import type { PoolPlace } from '../backend.ts'
import { mountAt } from '../mounts.ts'
import type { OutboxLimits } from './outbox.ts'
import { createPoolFeed, type PoolFeed } from './pool-feed.ts'

export interface FeedOptions {
  log: Log
  limits?: OutboxLimits
  queue?: 'unlimited' | 'limited'
}

export interface Follower {
  /** What this follower has taken in; a pool that is not named begins with a gap. */
  known: readonly FeedMark[]
  send(message: FeedMessage): void
  signal: AbortSignal
}

const usualLimits: OutboxLimits = { waitingNames: 100_000, batchNames: 1_000, unacknowledged: 8 }
const lookAgainMs = 10
/** So many quiet looks before the kernel is asked to wake us. */
const restAfter = 5
const reviveMs = 1_000
const heartbeatMs = 10_000

/**
 * What happens in the mounted pools, as the kernel tells it (fanotify(7)), for one follower at a time; others wait for
 * their turn. While something happens it is read by a timer, since to be woken for every event would cost six times as
 * much; when nothing does, the kernel wakes us.
 */
export function createFeed({ log, limits = usualLimits, queue = 'unlimited' }: FeedOptions) {
  const feeds = new Map<string, PoolFeed>()
  const inTurn = createTurns()
  const stopping = new AbortController()
  let follower: Follower | undefined
  let timer: NodeJS.Timeout | undefined
  let heartbeat: NodeJS.Timeout | undefined
  let quietLooks = 0
  let waits: { cancel(): void }[] = []

  function look() {
    timer = undefined
    const found = [...feeds.values()].map(drain)
    quietLooks = found.every(amount => amount === 'nothing') ? quietLooks + 1 : 0
    // A feed that broke has set the next look already.
    if (timer) return
    if (quietLooks < restAfter) lookIn(found.includes('part') ? 0 : lookAgainMs)
    else waits = [...feeds.values()].map(feed => feed.whenSomething(wake))
  }

  function lookIn(pauseMs: number) {
    timer = setTimeout(look, pauseMs)
    timer.unref()
  }

  function wake() {
    for (const wait of waits.splice(0)) wait.cancel()
    quietLooks = 0
    if (!timer && !stopping.signal.aborted) lookIn(lookAgainMs)
  }

  function drain(feed: PoolFeed) {
    try {
      const amount = feed.drain()
      deliver(feed)
      return amount
    } catch (error) {
      log.error('the change feed of a pool broke and will begin again', { pool: feed.pool.name, error })
      end(feed.pool)
      void delay(reviveMs, undefined, { ref: false }).then(() => revive(feed.pool))
      return 'nothing'
    }
  }

  function deliver(feed: PoolFeed) {
    if (!follower) return
    for (let message = feed.take(); message; message = feed.take()) follower.send(message)
  }

  /** A new epoch: all that was under way of the old one is unknown. */
  function begin(pool: PoolPlace) {
    const old = feeds.get(pool.name)
    if (old) end(old.pool)
    try {
      const feed = createPoolFeed({ pool, limits, queue })
      feeds.set(pool.name, feed)
      wake()
      if (follower) feed.outbox.follow(undefined)
      deliver(feed)
    } catch (error) {
      log.error('a pool has no change feed', { pool: pool.name, error })
    }
    if (!heartbeat && !stopping.signal.aborted) startHeart()
  }

  function startHeart() {
    const safely = () => beat().catch(error => log.error('looking after the change feed failed', { error }))
    heartbeat = setInterval(() => void safely(), heartbeatMs)
    heartbeat.unref()
  }

  function end({ name, uuid }: PoolPlace) {
    const feed = feeds.get(name)
    if (feed?.pool.uuid !== uuid) return
    feeds.delete(name)
    wake()
    feed.close()
    follower?.send(feed.gone())
  }

  async function beat() {
    for (const feed of [...feeds.values()]) await check(feed)
  }

  /** Says that it is alive, and makes sure of it. What was unmounted behind our back has no mark any more. */
  async function check(feed: PoolFeed) {
    if (feeds.get(feed.pool.name) !== feed) return
    if (drain(feed) === 'part' || feed.isWell()) {
      follower?.send(feed.alive())
      feed.probe()
      return
    }
    log.warn('the change feed of a pool has ended', { pool: feed.pool.name })
    end(feed.pool)
    await revive(feed.pool)
  }

  /** Only where the pool is mounted: else the filesystem below it would be marked. */
  async function revive(pool: PoolPlace) {
    const mount = await mountAt(pool.place)
    if (mount?.type === 'btrfs' && !feeds.has(pool.name) && !stopping.signal.aborted) begin(pool)
  }

  async function serve(next: Follower) {
    const signal = AbortSignal.any([next.signal, stopping.signal])
    if (signal.aborted) return
    follower = next
    for (const feed of feeds.values()) {
      const known = next.known.find(mark => mark.pool === feed.pool.name && mark.epoch === feed.epoch)
      feed.outbox.follow(known?.number)
      next.send(feed.alive())
      deliver(feed)
    }
    await ended(signal)
    follower = undefined
    for (const feed of feeds.values()) feed.outbox.leave()
  }

  return {
    /** After each mount. What has a living mark goes on as it is. */
    attach(pool: PoolPlace) {
      const feed = feeds.get(pool.name)
      if (feed?.pool.uuid !== pool.uuid || !feed.isMarked()) begin(pool)
    },
    /** Before each unmount. */
    detach: end,
    /** Ends when the follower's signal does, also of one that waits for its turn. */
    follow: (next: Follower) => Promise.race([inTurn('follower', () => serve(next)), ended(next.signal)]),
    acknowledge({ pool, epoch, number }: FeedMark) {
      const feed = feeds.get(pool)
      if (feed?.epoch !== epoch) return
      feed.outbox.acknowledge(number)
      deliver(feed)
    },
    /** Now instead of at the next beat. */
    beat,
    stop() {
      stopping.abort()
      clearInterval(heartbeat)
      for (const { pool } of [...feeds.values()]) end(pool)
      clearTimeout(timer)
    },
  }
}

export type Feed = ReturnType<typeof createFeed>

function ended(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
