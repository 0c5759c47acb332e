import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, statfs, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoOf, Failure } from '../../lib/failure.ts'
import type { Progress } from '../../lib/operation.ts'
import { mostBundleBytes } from '../schema.ts'
import { ask, Unreachable } from './asking.ts'

/** What the settings need beside it. */
const spareBytes = 64 * 1024 ** 2
const tries = 8
const firstWaitMs = 1_000
const longestWaitMs = 60_000

export interface DownloadOptions {
  report(progress: Progress): void
  signal: AbortSignal
  /** As it was described; then it comes only from where updates may come from, and nothing else is kept. */
  expected?: { sizeBytes: number; sha256: string }
}

/** The one place for an update that is to be installed, in the data folder: it is filled piece by piece. */
export function createReceiving({ dataDir }: { dataDir: string }) {
  const folder = join(dataDir, 'updates')
  const file = join(folder, 'bundle.raucb')
  /** Of what is being downloaded: where from, and which version of it. */
  const note = join(folder, 'download.json')
  let isBusy = false

  async function receivedBytes(): Promise<number | undefined> {
    try {
      return (await stat(file)).size
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  async function alone<T>(work: () => Promise<T>): Promise<T> {
    if (isBusy) throw new Failure('conflict', 'updates/busy', 'An update is being received already.')
    isBusy = true
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return await work()
    } finally {
      isBusy = false
    }
  }

  async function requireRoom(bytes: number | undefined) {
    if (bytes === undefined) return
    const { bavail, bsize } = await statfs(folder)
    if (bytes + spareBytes <= bavail * bsize) return
    throw new Failure('full', 'updates/no-room', 'There is no room for the update on the system disk.')
  }

  /** Goes on at `offset`; what was there from then on is dropped. Answers how much is there then. */
  function append(body: Readable, { offset, length }: { offset: number; length: number | undefined }) {
    return alone(async () => {
      const there = (await receivedBytes()) ?? 0
      if (offset > there)
        throw new Failure('conflict', 'updates/other-offset', `offset: ${there} bytes are there.`, {
          details: { receivedBytes: there },
        })
      await rm(note, { force: true })
      if (offset < there) await truncate(file, offset)
      await requireRoom(length)
      await write(body, offset)
      return (await receivedBytes()) ?? 0
    })
  }

  async function write(
    body: AsyncIterable<Uint8Array>,
    offset: number,
    {
      onBytes = () => undefined,
      most = tooLarge,
    }: { onBytes?(bytes: number): void; most?: { bytes: number; failure(): Failure } } = {},
  ) {
    let bytes = offset
    await pipeline(
      body,
      async function* count(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          bytes += chunk.length
          if (bytes > most.bytes) throw most.failure()
          onBytes(bytes)
          yield chunk
        }
      },
      createWriteStream(file, offset === 0 ? { flags: 'w' } : { flags: 'r+', start: offset }),
    )
  }

  /** Goes on where an earlier attempt was cut, as long as it is the same file there. */
  function download(address: string, options: DownloadOptions) {
    return alone(async () => {
      try {
        await fetchAll(address, options)
        await requireWhole(options)
      } catch (error) {
        if (error instanceof Failure && error.code === otherContentCode) await drop()
        throw error
      }
    })
  }

  async function fetchAll(address: string, options: DownloadOptions) {
    const { signal } = options
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await fetchRest(address, options)
      } catch (error) {
        if (signal.aborted || !mayPass(error) || attempt >= tries) throw asUnreachable(error)
        await delay(Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1)), undefined, { signal })
      }
    }
  }

  async function fetchRest(address: string, { report, signal, expected }: DownloadOptions) {
    const key = createHash('sha256')
      .update(`${address} ${expected?.sha256 ?? ''}`)
      .digest('hex')
    const known = await readNote()
    const there = known?.key === key ? ((await receivedBytes()) ?? 0) : 0
    if (expected && there === expected.sizeBytes) return
    const headers = there > 0 && known?.etag ? { range: `bytes=${there}-`, 'if-range': known.etag } : {}
    const answer = await ask(address, { signal, headers, isGuarded: expected !== undefined })
    // All of it was there, or the body is the reason why not.
    if (![200, 206].includes(answer.status)) answer.body.destroy()
    if (answer.status === 416) return
    if (![200, 206].includes(answer.status))
      throw new Failure('unavailable', 'updates/not-to-be-had', `url: it was answered by ${answer.status}.`)
    const offset = answer.status === 206 ? there : 0
    const length = Number(answer.headers['content-length'] ?? Number.NaN)
    const total = Number.isNaN(length) ? expected?.sizeBytes : offset + length
    if (expected && total !== expected.sizeBytes) {
      answer.body.destroy()
      throw otherContent()
    }
    // Not a byte of another one may be taken for the beginning of this one.
    if (offset === 0) await rm(file, { force: true })
    await requireRoom(total === undefined ? undefined : total - offset)
    await writeNote({ key, etag: strongEtag(answer.headers.etag ?? null) })
    await write(answer.body, offset, {
      onBytes: bytes => report({ fraction: total ? bytes / total : null, message: 'Downloading the update' }),
      ...(expected ? { most: { bytes: expected.sizeBytes, failure: otherContent } } : {}),
    })
  }

  async function requireWhole({ expected, signal }: DownloadOptions) {
    if (!expected) return
    if ((await receivedBytes()) !== expected.sizeBytes) throw otherContent()
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(file, { signal })) hash.update(chunk)
    if (hash.digest('hex') !== expected.sha256) throw otherContent()
  }

  async function drop() {
    for (const one of [file, note]) await rm(one, { force: true })
  }

  async function readNote(): Promise<{ key: string; etag: string | null } | undefined> {
    try {
      return JSON.parse(await readFile(note, 'utf8'))
    } catch {
      return undefined
    }
  }

  async function writeNote(text: { key: string; etag: string | null }) {
    await writeFile(`${note}.new`, JSON.stringify(text))
    await rename(`${note}.new`, note)
  }

  return {
    receivedBytes,
    append,
    download,
    remove: () => alone(drop),
    /** Somebody gave it, or a part of it: it was not downloaded. */
    async isGiven(): Promise<boolean> {
      return (await receivedBytes()) !== undefined && (await readNote()) === undefined
    },
  }
}

export type Receiving = ReturnType<typeof createReceiving>

/** Only a strong one may be used for a part (RFC 9110, 13.1.5). */
function strongEtag(etag: string | null): string | null {
  return etag?.startsWith('"') ? etag : null
}

const tooLarge = {
  bytes: mostBundleBytes,
  failure: () => new Failure('too-large', 'updates/too-large', 'No update is so large.'),
}

const otherContentCode = 'updates/other-content'

function otherContent(): Failure {
  return new Failure(
    'unavailable',
    otherContentCode,
    'What was downloaded is not what was described (bundle.sha256), and was removed. Look for updates once more; if that changes nothing, tell who publishes them.',
  )
}

/** Nobody answered, or what came was cut: not so where somebody has said no, or the disk is full. */
function mayPass(error: unknown): boolean {
  return error instanceof Unreachable || !(error instanceof Failure)
}

function asUnreachable(error: unknown): unknown {
  if (error instanceof Failure) return error
  return new Failure('unavailable', 'updates/unreachable', 'The update could not be downloaded.', {
    cause: error,
  })
}
