import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { dataFolder } from '../helpers/cairn.ts'
import { forgetUnflushed, layOver } from '../helpers/lossy-disk.ts'

const run = promisify(execFile)
const mebibyte = 1024 ** 2
const isThere = existsSync('/usr/bin/qemu-io')
const withQemu = isThere ? test : test.skip

withQemu(
  `a lossy disk keeps what was flushed, and nothing after it${isThere ? '' : ' (needs qemu-utils)'}`,
  async t => {
    const path = join(await dataFolder(t), 'disk')
    await writeFile(path, '')
    await truncate(path, 16 * mebibyte)
    const write = (byte: number, at: string) => ['-c', `write -P ${byte} ${at}`]
    const flush = ['-c', 'flush']

    await use(path, [...write(1, '0 2M'), ...flush, ...write(2, '1M 1M'), ...flush, ...write(3, '0 4M')])
    t.deepEqual(await bytesAt(path, 0, 1, 2, 3), [1, 2, 0, 0])
    await use(path, write(4, '0 1M'))
    t.deepEqual(await bytesAt(path, 0, 1), [1, 2])
    await use(path, [...write(5, '2M 1M'), ...flush, '-c', 'discard 0 1M', ...flush])
    t.deepEqual(await bytesAt(path, 0, 1, 2), [1, 2, 5])
  },
)

/** As QEMU does for a machine, until that is killed. */
async function use(path: string, commands: string[]) {
  const disk = JSON.stringify(await layOver(path))
  const killed = await run('qemu-io', [...commands, '-c', 'abort', `json:${disk}`]).catch(error => error)
  if (killed.signal !== 'SIGABRT') throw new Error(`${killed.stdout} ${killed.stderr}`)
  await forgetUnflushed(path)
}

/** The first byte of each mebibyte. */
async function bytesAt(path: string, ...mebibytes: number[]): Promise<number[]> {
  const file = await open(path)
  try {
    const found = []
    for (const each of mebibytes)
      found.push((await file.read(Buffer.alloc(1), 0, 1, each * mebibyte)).buffer[0] ?? -1)
    return found
  } finally {
    await file.close()
  }
}
