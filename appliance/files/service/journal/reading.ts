import type { PastVolume } from '../../../shares/index.ts'
import { type SeenRow, seenBy } from '../../plan/journal-view.ts'
import type { JournalFilter, Position } from '../../store/journal.ts'
import { createBreather } from '../bursts.ts'
import type { PoolJournal } from './pool-journal.ts'

/** A place in the journals of all pools: by time, then by pool, then by id. Text for whoever asks for the next page. */
export interface Cursor extends Position {
  pool: string
}

export interface PageRequest {
  journals: ReadonlyMap<string, PoolJournal>
  volumes: readonly PastVolume[]
  filter: Omit<JournalFilter, 'places' | 'folder'>
  folder: { pool: string; volume: string; path: string } | undefined
  /** Nothing that is older. */
  fromMs: number
  /** What comes before it. */
  before: Cursor
  limit: number
}

export interface Page {
  rows: SeenRow[]
  next: Cursor | undefined
}

/** A row, or only word of how far the journal of a pool has been looked through. */
interface Found {
  cursor: Cursor
  row: SeenRow | undefined
}

const rowsPerStep = 1_000
/** What a single request may look through; then its page ends, and the next one goes on. */
const mostSteps = 200

/** One page, newest first: the journals are read step by step side by side, never further than needed. */
export async function readPage(request: PageRequest): Promise<Page> {
  const { limit, fromMs } = request
  const budget = { steps: mostSteps }
  const lanes = [...request.journals].map(([pool, journal]) => laneOf(request, { pool, journal, budget }))
  const breathe = createBreather()
  const heads = await Promise.all(lanes.map(lane => lane.next()))
  const rows: SeenRow[] = []
  for (;;) {
    const index = newest(heads)
    const head = index === undefined ? undefined : heads[index]
    if (index === undefined || !head || head.done || head.value.cursor.at < fromMs)
      return { rows, next: undefined }
    const { cursor, row } = head.value
    if (row) rows.push(row)
    if (rows.length === limit || (!row && budget.steps <= 0)) return { rows, next: cursor }
    await breathe()
    heads[index] = await (lanes[index] as (typeof lanes)[number]).next()
  }
}

function newest(heads: readonly IteratorResult<Found, void>[]): number | undefined {
  let best: number | undefined
  for (const [index, head] of heads.entries()) {
    const leader = best === undefined ? undefined : heads[best]
    if (head.done) continue
    if (!leader || leader.done || isBefore(leader.value.cursor, head.value.cursor)) best = index
  }
  return best
}

/** Whether `one` comes after `other` in a list that shows the newest first. */
function isBefore(one: Cursor, other: Cursor): boolean {
  if (one.at !== other.at) return one.at < other.at
  if (one.pool !== other.pool) return one.pool > other.pool
  return one.id < other.id
}

async function* laneOf(
  { volumes, filter, folder, before }: PageRequest,
  { pool, journal, budget }: { pool: string; journal: PoolJournal; budget: { steps: number } },
): AsyncGenerator<Found, void> {
  const local = <T extends { pool: string; volume: string }>(one: T) => ({
    ...one,
    pool: one.pool === pool ? '' : one.pool,
  })
  const query: JournalFilter = {
    ...filter,
    places: volumes.map(({ pool, volume }) => local({ pool, volume })),
    folder: folder && { place: local({ pool: folder.pool, volume: folder.volume }), path: folder.path },
  }
  let position: Position | undefined = startIn(pool, before)
  while (position) {
    budget.steps -= 1
    const from: Position = position
    const step = journal.read(store => store.step(from, query, rowsPerStep))
    for (const row of step?.rows ?? []) {
      const seen = seenBy(volumes, pool, row)
      if (seen && isOf(seen, filter.fileId)) yield { cursor: { pool, at: row.at, id: row.id }, row: seen }
    }
    position = step?.reached
    if (position) yield { cursor: { pool, ...position }, row: undefined }
  }
}

/** Whoever may not see the id of a row may not find the row by it either. */
function isOf({ fileId }: SeenRow, wanted: number | undefined): boolean {
  return wanted === undefined || fileId === wanted
}

/** Where in a pool's journal lies what comes before the cursor, which may be of another pool. */
function startIn(pool: string, { pool: cursorPool, at, id }: Cursor): Position {
  if (pool === cursorPool) return { at, id }
  return pool > cursorPool ? { at, id: Number.MAX_SAFE_INTEGER } : { at, id: 0 }
}

export function formatCursor({ at, pool, id }: Cursor): string {
  return `${at}.${id}.${pool}`
}

export function parseCursor(text: string): Cursor | undefined {
  const [, at, id, pool] = /^(\d{1,15})\.(\d{1,15})\.(.{0,64})$/s.exec(text) ?? []
  return at === undefined ? undefined : { at: Number(at), id: Number(id), pool: pool ?? '' }
}
