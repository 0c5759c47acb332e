import { ApiFailure } from '../../kit/api/failure.ts'
import { createPace } from '../../kit/format/pace.ts'
import { freeName, joinPath, nameOf, parentOf } from '../path.ts'
import type { Gathered } from './gathered.ts'
import { sendFile } from './send-file.ts'

export type ConflictAnswer = 'replace' | 'keep-both' | 'skip'

export interface BatchProgress {
  id: number
  folder: string
  state: 'running' | 'done' | 'cancelled'
  files: number
  filesDone: number
  filesSkipped: number
  bytes: number
  bytesSent: number
  bytesPerSecond: number | undefined
  failures: { path: string; error: unknown }[]
}

interface BatchOptions {
  id: number
  folder: string
  gathered: Gathered
  isTaken: (path: string) => boolean
  makeFolder: (path: string) => Promise<unknown>
  ask: (path: string) => Promise<ConflictAnswer>
  onProgress: (progress: BatchProgress) => void
}

export interface Batch {
  /** Ends when everything is uploaded, skipped, failed or cancelled; never rejects. */
  finished: Promise<void>
  cancel: () => void
}

// Enough to hide the wait for each small file, few enough for a small box.
const atOnce = 3

/** One drop or choice of files on its way to a folder. */
export function startBatch(options: BatchOptions): Batch {
  const { id, folder, gathered, isTaken, makeFolder, ask, onProgress } = options
  const aborting = new AbortController()
  const waiting = [...gathered.files]
  const underWay = new Map<string, number>()
  let bytesArrived = 0
  const pace = createPace()
  const progress: BatchProgress = {
    id,
    folder,
    state: 'running',
    files: gathered.files.length,
    filesDone: 0,
    filesSkipped: 0,
    bytes: gathered.files.reduce((sum, { file }) => sum + file.size, 0),
    bytesSent: 0,
    bytesPerSecond: undefined,
    failures: [],
  }

  function tell() {
    progress.bytesSent = [...underWay.values()].reduce((sum, bytes) => sum + bytes, bytesArrived)
    pace.add(progress.bytesSent, performance.now())
    progress.bytesPerSecond = pace.perSecond()
    onProgress({ ...progress })
  }

  async function run() {
    tell()
    for (const path of gathered.folders) await attempt(path, () => ensureFolder(joinPath(folder, path)))
    await Promise.all(Array.from({ length: atOnce }, work))
    progress.state = aborting.signal.aborted ? 'cancelled' : 'done'
    tell()
  }

  async function work() {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { file, path } = next
      await attempt(path, () => upload(file, path))
      tell()
    }
  }

  /** A file that fails is listed, and the others go on. */
  async function attempt(path: string, act: () => Promise<void>) {
    if (aborting.signal.aborted) return
    try {
      await act()
    } catch (error) {
      underWay.delete(path)
      if (!aborting.signal.aborted) progress.failures = [...progress.failures, { path, error }]
    }
  }

  async function ensureFolder(path: string) {
    try {
      await makeFolder(path)
    } catch (error) {
      if (!isNameTaken(error)) throw error
    }
  }

  async function upload(file: File, path: string) {
    const target = joinPath(folder, path)
    if (!isTaken(target) && (await trySend(file, path, target, false))) return
    const answer = await ask(target)
    if (answer === 'skip') progress.filesSkipped++
    else if (answer === 'replace') await trySend(file, path, target, true)
    else await sendBeside(file, path, target)
  }

  /** Under the next free name: the listing may not know them all, so the box has the last word. */
  async function sendBeside(file: File, path: string, target: string) {
    const tried = new Set<string>()
    for (;;) {
      const beside = (name: string) => joinPath(parentOf(target), name)
      const name = freeName(nameOf(target), one => tried.has(one) || isTaken(beside(one)))
      if (await trySend(file, path, beside(name), false)) return
      tried.add(name)
    }
  }

  /** False when something of that name is there. */
  async function trySend(file: File, path: string, target: string, overwrite: boolean): Promise<boolean> {
    const onSent = (bytes: number) => {
      underWay.set(path, Math.min(bytes, file.size))
      tell()
    }
    try {
      await sendFile({ file, path: target, overwrite, onProgress: onSent, signal: aborting.signal })
    } catch (error) {
      if (!overwrite && isNameTaken(error)) {
        underWay.delete(path)
        return false
      }
      throw error
    }
    underWay.delete(path)
    bytesArrived += file.size
    progress.filesDone++
    return true
  }

  return {
    finished: run(),
    cancel() {
      waiting.length = 0
      aborting.abort()
    },
  }
}

const nameTakenCodes = ['files/target-exists', 'files/name-taken']

function isNameTaken(error: unknown): boolean {
  return error instanceof ApiFailure && nameTakenCodes.includes(error.code)
}
