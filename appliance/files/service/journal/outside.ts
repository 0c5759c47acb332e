import type { Events } from '../../../lib/events.ts'
import type { Log } from '../../../lib/log.ts'
import type { Writer } from '../../../shares/index.ts'
import { originOfWriter } from '../../plan/writer-origin.ts'
import type { JournalEntry, JournalWhat } from '../../schema.ts'
import type { OutsideChange } from '../indexing/index.ts'
import { createNews } from '../news.ts'
import type { Journal } from './index.ts'

export interface OutsideNotesDeps {
  journal: Pick<Journal, 'note'>
  writersOf(pids: Iterable<number>): Promise<Map<number, Writer>>
  log: Log
  events: Events
  /** Is told of everything that our own faces have not done, and of who did it, where that is known. */
  onKnown?(change: OutsideChange, actor: string | null): void
}

/** So many wait for the answer who did it; beyond that they are noted without. */
const mostWaiting = 5_000

/** Notes what somebody else than our own faces has changed, as the index found it, and then tells that it has. */
export function createOutsideNotes({ journal, writersOf, log, events, onKnown }: OutsideNotesDeps) {
  const news = createNews(events)
  let waiting: OutsideChange[] = []
  let isPlanned = false

  async function flush() {
    const changes = waiting
    waiting = []
    isPlanned = false
    const writers = await writersOf(new Set(changes.flatMap(({ pids }) => pids))).catch(nobodyKnown)
    for (const change of changes) note(change, writers)
  }

  function nobodyKnown(error: unknown): Map<number, Writer> {
    log.warn('who changed files is not known', { error })
    return new Map()
  }

  function note(change: OutsideChange, writers: Map<number, Writer>) {
    const what = whatOf(change)
    const origin = originOfWriter(change.pids.map(pid => writers.get(pid)).find(found => found !== undefined))
    if (!origin) return
    onKnown?.(change, origin.actor)
    if (!what) return
    journal.note({ ...origin, ...entryOf(change), what })
    tell(change, what)
  }

  function tell({ volume, path, from }: OutsideChange, what: JournalWhat) {
    news.changed({ volume, path })
    if (from) news.changed({ volume, path: from })
    // Through SMB it is in the trash now.
    if (what === 'delete') news.trashChanged(volume)
  }

  return (change: OutsideChange): void => {
    if (waiting.length < mostWaiting) waiting.push(change)
    else note(change, new Map())
    if (isPlanned) return
    isPlanned = true
    setImmediate(() => void flush())
  }
}

/** Undefined: nothing that anybody would look for, such as another mode. */
function whatOf({ looked: { kind, row, before } }: OutsideChange): JournalWhat | undefined {
  if (kind === 'gone') return 'delete'
  if (!row) return undefined
  if (kind === 'moved') return 'move'
  if (kind === 'new') return row.isFolder ? 'make-folder' : 'create'
  return row.isFolder || row.etag === before?.etag ? undefined : 'write'
}

type Told = Omit<JournalEntry, 'what' | 'actor' | 'device' | 'deviceName' | 'address' | 'face'>

function entryOf({ pool, volume, path, from, looked }: OutsideChange): Told {
  const row = looked.row ?? looked.before
  return {
    pool,
    volume,
    path,
    ...(from ? { from: { pool, volume, path: from } } : {}),
    fileId: row?.id || null,
    kind: row?.isFolder ? 'folder' : 'file',
    sizeBytes: row && !row.isFolder ? row.size : null,
    etag: row?.etag ?? null,
  }
}
