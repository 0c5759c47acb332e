import { type Batch, type BatchProgress, type ConflictAnswer, startBatch } from './batch.ts'
import type { Gathered } from './gathered.ts'

export interface ConflictQuestion {
  path: string
  /** How many files of the same batch may still ask. */
  others: number
  answer: (answer: ConflictAnswer, isForAll: boolean) => void
}

export interface UploadsState {
  batches: readonly BatchProgress[]
  question: ConflictQuestion | undefined
}

interface UploadsDeps {
  isTaken: (path: string) => boolean
  makeFolder: (path: string) => Promise<unknown>
  onFolderChanged: (folder: string) => void
}

const tellEveryMs = 150
const shownWhenFineMs = 8_000

/** All uploads of this page. They live beside React, and go on whatever page is shown. */
export function createUploads({ isTaken, makeFolder, onFolderChanged }: UploadsDeps) {
  let state: UploadsState = { batches: [], question: undefined }
  let lastId = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const running = new Map<number, { batch: Batch; gathered: Gathered }>()
  const questions: (ConflictQuestion & { batch: number })[] = []
  const standing = new Map<number, ConflictAnswer>()
  const listeners = new Set<() => void>()

  /** Progress is told now and then; a question, and its end, at once. */
  function update(batches: readonly BatchProgress[]) {
    const isAnotherQuestion = state.question !== questions[0]
    state = { batches, question: questions[0] }
    if (isAnotherQuestion) tell()
    else timer ??= setTimeout(tell, tellEveryMs)
  }

  function tell() {
    clearTimeout(timer)
    timer = undefined
    for (const listener of listeners) listener()
  }

  function onProgress(progress: BatchProgress) {
    const others = state.batches.filter(batch => batch.id !== progress.id)
    update([...others, progress].sort((a, b) => a.id - b.id))
  }

  function ask(batch: number, path: string): Promise<ConflictAnswer> {
    const given = standing.get(batch)
    if (given) return Promise.resolve(given)
    return new Promise(resolve => {
      const answer = (choice: ConflictAnswer, isForAll: boolean) => {
        if (isForAll) standing.set(batch, choice)
        settle(asked, choice, resolve)
        if (isForAll)
          for (const other of questions.filter(one => one.batch === batch)) other.answer(choice, false)
      }
      const others = remainingOf(batch)
      const asked = { batch, path, others, answer }
      questions.push(asked)
      update(state.batches)
    })
  }

  function settle(
    asked: ConflictQuestion & { batch: number },
    choice: ConflictAnswer,
    resolve: (choice: ConflictAnswer) => void,
  ) {
    const at = questions.indexOf(asked)
    if (at >= 0) questions.splice(at, 1)
    resolve(choice)
    update(state.batches)
  }

  function remainingOf(id: number): number {
    const batch = state.batches.find(one => one.id === id)
    return batch ? batch.files - batch.filesDone - batch.filesSkipped - batch.failures.length - 1 : 0
  }

  function start(folder: string, gathered: Gathered): void {
    if (gathered.files.length + gathered.folders.length === 0) return
    const id = ++lastId
    const batch = startBatch({
      id,
      folder,
      gathered,
      isTaken,
      makeFolder,
      ask: path => ask(id, path),
      onProgress,
    })
    running.set(id, { batch, gathered })
    void batch.finished.then(() => {
      onFolderChanged(folder)
      setTimeout(() => dismissIfFine(id), shownWhenFineMs)
    })
  }

  function cancel(id: number): void {
    running.get(id)?.batch.cancel()
    standing.set(id, 'skip')
    for (const asked of questions.filter(one => one.batch === id)) asked.answer('skip', false)
  }

  function dismiss(id: number): void {
    running.delete(id)
    update(state.batches.filter(batch => batch.id !== id))
  }

  function dismissIfFine(id: number) {
    const batch = state.batches.find(one => one.id === id)
    if (batch?.failures.length === 0) dismiss(id)
  }

  /** Sends again what has failed, as a batch of its own. */
  function retry(id: number): void {
    const failed = state.batches.find(batch => batch.id === id)
    const gathered = running.get(id)?.gathered
    if (!failed || !gathered) return
    const paths = new Set(failed.failures.map(failure => failure.path))
    dismiss(id)
    start(failed.folder, {
      files: gathered.files.filter(({ path }) => paths.has(path)),
      folders: gathered.folders.filter(path => paths.has(path)),
    })
  }

  return {
    start,
    cancel,
    dismiss,
    retry,
    state: () => state,
    subscribe(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

export type Uploads = ReturnType<typeof createUploads>
