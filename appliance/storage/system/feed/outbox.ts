import type { FanotifyEvent } from '../../parse/fanotify.ts'
import type { ChangedFolder } from '../../schema.ts'
import { type Batch, createBatch } from './batch.ts'

export interface OutboxLimits {
  /** More names than these wait for nobody: they become a gap. */
  waitingNames: number
  batchNames: number
  /** How many items may be under way without having been acknowledged. */
  unacknowledged: number
}

export type GapReason = 'start' | 'slow' | 'overflow'
export type OutboxItem = { number: number } & (
  | { folders: ChangedFolder[]; names: number }
  | { gap: GapReason; names: 0 }
)

export interface OutboxDeps {
  limits: OutboxLimits
  /** Finds out where the folders are, and leaves out what nobody follows. */
  settle(batch: Batch): ChangedFolder[]
}

/**
 * The changes of one pool on their way to the one who follows them: numbered, kept until acknowledged, and never more
 * than the limits. Until somebody follows, and when too much waits, there is only a gap: "catch up".
 */
export function createOutbox({ limits, settle }: OutboxDeps) {
  let items: OutboxItem[] = [{ number: 1, gap: 'start', names: 0 }]
  let open: Batch | undefined
  let lastNumber = 1
  let sentNumber = 0
  let waitingNames = 0
  let isFollowed = false
  /** Nobody follows and a gap waits for whoever will: what happens meanwhile lies in that gap. */
  let isDeaf = true

  function close() {
    const batch = open
    open = undefined
    if (!batch) return
    const folders = settle(batch)
    if (folders.length === 0) return
    const names = folders.reduce((sum, folder) => sum + folder.names.length, 0)
    items.push({ number: ++lastNumber, folders, names })
    waitingNames += names
    if (waitingNames > limits.waitingNames) lose('slow')
  }

  /** What is under way already still arrives; all that waits behind it becomes one gap. */
  function lose(reason: GapReason) {
    open = undefined
    items = isFollowed ? items.filter(item => item.number <= sentNumber) : []
    items.push({ number: ++lastNumber, gap: reason, names: 0 })
    waitingNames = items.reduce((sum, item) => sum + item.names, 0)
    isDeaf = !isFollowed
  }

  function forget(number: number) {
    items = items.filter(item => item.number > number)
    waitingNames = items.reduce((sum, item) => sum + item.names, 0)
  }

  function isUnderWay(): number {
    return items.filter(item => item.number <= sentNumber).length
  }

  return {
    lastNumber: () => lastNumber,
    isDeaf: () => isDeaf,
    lose,
    /** What was not sent cannot have been taken in. */
    acknowledge: (number: number) => forget(Math.min(number, sentNumber)),
    add(event: FanotifyEvent) {
      if (isDeaf) return
      open ??= createBatch()
      open.add(event)
      if (open.size() >= limits.batchNames) close()
    },
    /** The next one to send; undefined where there is none, or enough are under way. */
    take(): OutboxItem | undefined {
      if (!isFollowed || isUnderWay() >= limits.unacknowledged) return undefined
      let next = items.find(item => item.number > sentNumber)
      if (!next) {
        close()
        next = items.find(item => item.number > sentNumber)
      }
      if (next) sentNumber = next.number
      return next
    },
    /** Somebody follows who has taken in everything up to `number`, or does not know. */
    follow(number: number | undefined) {
      isFollowed = true
      const first = items[0]?.number ?? lastNumber + 1
      const isKnown = number !== undefined && number >= first - 1 && number <= lastNumber
      if (!isKnown) {
        items = []
        lose('start')
      }
      forget(isKnown ? number : 0)
      sentNumber = (items[0]?.number ?? lastNumber + 1) - 1
      isDeaf = false
    },
    leave() {
      isFollowed = false
    },
  }
}

export type Outbox = ReturnType<typeof createOutbox>
