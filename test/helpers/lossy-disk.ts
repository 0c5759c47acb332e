import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type FileHandle, open, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/**
 * A disk that has forgotten after a power cut whatever it was not told to flush. QEMU writes to a layer above its file and logs each
 * write and each flush (`blklogwrites`, in the format of Linux' dm-log-writes). Once QEMU is gone, what was logged up to
 * the last flush goes into the file, and the rest is dropped with the layer. A real disk may happen to have kept some
 * of that, in any order; this is the most that it may lose.
 */
const run = promisify(execFile)
const sectorBytes = 512
const copiedAtOnceBytes = 1024 ** 2
const [flushFlag, discardFlag, knownFlags] = [1, 4, 15]

/** What QEMU has to be told to write beside this file. */
export async function layOver(path: string) {
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', path, layerOf(path)])
  await writeFile(logOf(path), '')
  // What is killed is QEMU alone, so that the kernel here keeps all that QEMU has written.
  const cache = { 'no-flush': true }
  return {
    driver: 'blklogwrites',
    file: { driver: 'qcow2', cache, file: { driver: 'file', filename: layerOf(path), cache } },
    log: { driver: 'file', filename: logOf(path), cache },
    'log-sector-size': sectorBytes,
  }
}

/** After QEMU has gone: the file is what the disk still knows. */
export async function forgetUnflushed(path: string) {
  if (!existsSync(logOf(path))) return
  const [disk, log] = [await open(path, 'r+'), await open(logOf(path), 'r')]
  try {
    for await (const { from, to, length } of flushedWrites(log))
      await copyRange(log, disk, { from, to, length })
  } finally {
    await Promise.all([disk.close(), log.close()])
  }
  await Promise.all([rm(logOf(path)), rm(layerOf(path))])
}

const layerOf = (path: string) => `${path}.layer`
const logOf = (path: string) => `${path}.log`

interface Range {
  /** In the log. */
  from: number
  /** On the disk. */
  to: number
  length: number
}

/** In their order. What follows the last flush is not among them; what was discarded keeps its content, as it may. */
async function* flushedWrites(log: FileHandle): AsyncGenerator<Range> {
  const count = await countOf(log)
  let unflushed: Range[] = []
  let from = sectorBytes
  for (let index = 0; index < count; index++) {
    const { sector, length, flags } = await entryAt(log, from)
    from += sectorBytes
    if (flags & discardFlag) continue
    if (flags & flushFlag) {
      yield* unflushed
      unflushed = []
    } else unflushed.push({ from, to: sector * sectorBytes, length })
    from += length
  }
}

/** How many entries QEMU says are there: it says so with each flush, and so never before the first. */
async function countOf(log: FileHandle): Promise<number> {
  const { buffer, bytesRead } = await log.read(Buffer.alloc(sectorBytes), 0, sectorBytes, 0)
  return bytesRead === sectorBytes ? Number(buffer.readBigUInt64LE(16)) : 0
}

async function entryAt(log: FileHandle, position: number) {
  const { buffer } = await log.read(Buffer.alloc(sectorBytes), 0, sectorBytes, position)
  const [sector = 0, sectors = 0, flags = 0] = [0, 8, 16].map(at => Number(buffer.readBigUInt64LE(at)))
  if (flags > knownFlags || (flags === 0 && sectors === 0))
    throw new Error(`the log of the disk's writes cannot be read at ${position}`)
  return { sector, length: sectors * sectorBytes, flags }
}

async function copyRange(log: FileHandle, disk: FileHandle, { from, to, length }: Range) {
  for (let done = 0; done < length; done += copiedAtOnceBytes) {
    const part = Buffer.alloc(Math.min(copiedAtOnceBytes, length - done))
    await log.read(part, 0, part.length, from + done)
    await disk.write(part, 0, part.length, to + done)
  }
}
