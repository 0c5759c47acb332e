import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import type { Entry } from '../schema.ts'
import type { OpenFile } from './reading.ts'

/** What an archive is made of, below the folder that was asked for. */
export interface ArchiveSource {
  list(path: readonly string[]): AsyncIterable<Entry[]>
  stat(path: readonly string[]): Promise<Entry>
  open(path: readonly string[]): Promise<OpenFile>
}

const readBytes = 256 * 1024
/** Some way below 4 GiB, as a file may grow while it is read. */
const largestPlainBytes = 0xe000_0000

/**
 * A zip that is written while it is sent: stored, not deflated (most of it is compressed already, and the sizes of a
 * stream are not known before), zip64 where needed, names in UTF-8. Destroying the stream ends the reading.
 */
export function archiveOf(source: ArchiveSource, tops: readonly (readonly string[])[]): Readable {
  const zip = new ZipFile()
  const output = zip.outputStream
  if (!(output instanceof Readable)) throw new Error('yazl writes to a stream')
  const fail = (error: unknown) => output.destroy(error instanceof Error ? error : new Error(String(error)))
  zip.on('error', fail)
  fill(zip, source, tops, output).catch(fail)
  return output
}

async function fill(
  zip: ZipFile,
  source: ArchiveSource,
  tops: readonly (readonly string[])[],
  output: Readable,
) {
  for (const path of tops)
    await add(zip, { source, path, shown: path.at(-1) ?? '' }, await source.stat(path), output)
  if (!output.destroyed) zip.end()
}

interface Part {
  source: ArchiveSource
  path: readonly string[]
  /** The name inside the archive. */
  shown: string
}

async function add(zip: ZipFile, part: Part, entry: Entry, output: Readable): Promise<void> {
  if (output.destroyed) return
  const shown = part.shown.replaceAll('\\', '_')
  if (entry.kind === 'file') return addFile(zip, { ...part, shown }, entry, output)
  if (shown !== '') zip.addEmptyDirectory(shown, { mtime: new Date(entry.modifiedAtMs) })
  for await (const page of part.source.list(part.path)) {
    for (const child of page) {
      const inner = {
        source: part.source,
        path: [...part.path, child.name],
        shown: shown === '' ? child.name : `${shown}/${child.name}`,
      }
      await add(zip, inner, child, output)
    }
  }
}

/** One file at a time: the next one is opened when this one has gone out. */
async function addFile(zip: ZipFile, { source, path, shown }: Part, entry: Entry, output: Readable) {
  const stream = Readable.from(contentOf(source, path, output))
  const ended = new Promise<void>((resolve, reject) => {
    stream.once('close', resolve)
    stream.once('error', reject)
    output.once('close', () => stream.destroy())
  })
  const options = { mtime: new Date(entry.modifiedAtMs), mode: 0o100664, compress: false }
  const forceZip64Format = entry.size > largestPlainBytes
  zip.addReadStreamLazy(shown, { ...options, forceZip64Format }, give => give(null, stream))
  await ended
}

async function* contentOf(
  source: ArchiveSource,
  path: readonly string[],
  output: Readable,
): AsyncGenerator<Buffer> {
  const file = await source.open(path)
  try {
    let position = 0
    while (!output.destroyed) {
      const buffer = Buffer.allocUnsafe(readBytes)
      const size = await file.read(buffer, position)
      if (size === 0) return
      position += size
      yield buffer.subarray(0, size)
    }
  } finally {
    file.close()
  }
}
