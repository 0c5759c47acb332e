import type { Log } from '../../lib/log.ts'
import { isStale, totalErrors } from '../plan/pool-state.ts'
import type { MemberFacts, PoolFacts } from '../schema.ts'

export interface WatchDeps {
  /** The pools to look at, by name. */
  facts(): Promise<Map<string, PoolFacts>>
  /** Something about the pool is not as it was. */
  changed(pool: string): void
  log: Log
}

export interface Watch {
  start(): void
  stop(): void
  /** Looks now. */
  look(): Promise<void>
  /** Somebody was told this meanwhile: if it is news, the next look says so, also when it has passed by then. */
  saw(pool: string, facts: PoolFacts): void
  /** True once after a disk has come back that missed something: whoever asks first shall see to it. */
  takeHeal(pool: string): boolean
}

const everyMs = 5_000
const restBetweenHealsMs = 10 * 60_000

interface Seen {
  text: string
  /** Something may have been missed. Kept until a heal was asked for: a look in between must not forget it. */
  owesHeal: boolean
  errors: number
  healedAt: number
}

/** Nothing tells us when a disk fails, so we look: at what the kernel holds in memory, which wakes no disk. */
export function createWatch({ facts, changed, log }: WatchDeps): Watch {
  const seen = new Map<string, Seen>()
  const heals = new Set<string>()
  const news = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  async function look() {
    const now = await facts()
    for (const name of seen.keys()) if (!now.has(name)) forget(name)
    for (const [name, poolFacts] of now) compare(name, poolFacts)
  }

  function forget(name: string) {
    seen.delete(name)
    news.delete(name)
  }

  function saw(name: string, poolFacts: PoolFacts) {
    const before = seen.get(name)
    const current = lookAt(poolFacts, before)
    if (before && current.text !== before.text) news.add(name)
    // Errors are judged by looks alone.
    seen.set(name, { ...current, errors: before?.errors ?? current.errors })
  }

  function compare(name: string, poolFacts: PoolFacts) {
    const before = seen.get(name)
    const current = lookAt(poolFacts, before)
    if (needsHeal(poolFacts, current) || hasNewErrors(poolFacts, before, current)) {
      heals.add(name)
      current.owesHeal = false
      current.healedAt = Date.now()
    }
    seen.set(name, current)
    const isNews = news.delete(name) || (before !== undefined && before.text !== current.text)
    if (isNews || heals.has(name)) changed(name)
  }

  return {
    look,
    saw,
    start() {
      const again = () => look().catch(error => log.error('looking after the pools failed', { error }))
      timer = setInterval(() => void again(), everyMs)
      timer.unref()
    },
    stop: () => clearInterval(timer),
    takeHeal: name => heals.delete(name),
  }
}

function lookAt({ isMounted, isReadOnly, members }: PoolFacts, before: Seen | undefined): Seen {
  return {
    text: JSON.stringify([isMounted, isReadOnly, members.map(outline)]),
    owesHeal: (before?.owesHeal ?? true) || !isMounted || isReadOnly || members.some(isAway),
    errors: members.reduce((sum, { errors }) => sum + errors.write + errors.flush + errors.generation, 0),
    healedAt: before?.healedAt ?? Number.NEGATIVE_INFINITY,
  }
}

function outline(member: MemberFacts) {
  return [member.devid, isAway(member), totalErrors(member.errors)]
}

function isAway({ isMissing, isGone }: MemberFacts): boolean {
  return isMissing || isGone
}

function needsHeal(facts: PoolFacts, now: Seen): boolean {
  return now.owesHeal && canHeal(facts)
}

/** It was away for less than the time between two looks, or it fails while it is there: then not again and again. */
function hasNewErrors(facts: PoolFacts, before: Seen | undefined, now: Seen): boolean {
  const isRested = Date.now() - now.healedAt > restBetweenHealsMs
  return before !== undefined && now.errors > before.errors && isRested && canHeal(facts)
}

function canHeal({ isMounted, isReadOnly, members, activity }: PoolFacts): boolean {
  const isFree = isMounted && !isReadOnly && activity === 'none'
  return isFree && !members.some(isAway) && members.some(isStale)
}
