import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { checkout, eventually } from './cairn.ts'
import type { Board, Machine } from './machine.ts'

const run = promisify(execFile)

export interface Change {
  version: string
  /** A PC, if nothing else is said. */
  board?: Board
  /** Files of the system that are others in this version. */
  files?: Record<string, string>
  /** A boot slot without a kernel. */
  hasKernel?: boolean
}

/** Makes an update out of the built one, signed by the same key; what it is called in the folder. */
export async function makeUpdate(
  folder: string,
  { version, board = 'amd64', files = {}, hasKernel = true }: Change,
): Promise<string> {
  const place = join(folder, `update-${version}`)
  await mkdir(place)
  const tree = join(place, 'tree')
  const inside = join(place, 'inside')
  await run('unsquashfs', [
    '-no-progress',
    '-d',
    inside,
    join(checkout, `build/image/${board}/cairn-${board}.raucb`),
  ])
  await run('unsquashfs', ['-no-progress', '-d', tree, join(inside, 'root.img')], { maxBuffer: 2 ** 26 })
  await run('sed', ['-i', `s/^IMAGE_VERSION=.*/IMAGE_VERSION=${version}/`, join(tree, 'usr/lib/os-release')])
  for (const [name, text] of Object.entries(files)) await writeFile(join(tree, name), text)
  await squash(tree, join(place, 'root.img'), 'zstd', '-Xcompression-level', '1')
  await mkdir(join(place, 'empty'))
  if (!hasKernel) await squash(join(place, 'empty'), join(place, 'boot.img'), 'gzip')
  const boot = join(hasKernel ? inside : place, 'boot.img')
  const name = `${version}.raucb`
  await run(join(checkout, 'image/bundle.sh'), [join(place, 'root.img'), boot, version, join(folder, name)], {
    env: { ...process.env, TARGET: board },
  })
  await rm(place, { recursive: true })
  return name
}

/** The version that runs; empty while nobody can be asked. */
export async function versionOf(machine: Machine): Promise<string> {
  return say(machine, '. /etc/os-release; echo "$IMAGE_VERSION"')
}

/** It runs, and the box has found it good. */
export async function becomesProven(machine: Machine, version: string, withinMs = provenWithinMs) {
  await eventually(async () => (await say(machine, 'cat /data/system/proven')) === version, withinMs)
  await eventually(async () => (await versionOf(machine)) === version, withinMs)
}

const provenWithinMs = 20 * 60_000
const say = async (machine: Machine, command: string) => (await machine.shell(command).catch(() => '')).trim()

async function squash(from: string, to: string, compression: string, ...options: string[]) {
  await run('mksquashfs', [from, to, '-comp', compression, ...options, '-no-progress', '-quiet'])
}

/** Serves a folder with ranges, which RAUC asks for, and who goes on with a download; the port. */
export async function serveFolder(t: ExecutionContext, folder: string): Promise<number> {
  const server = createServer(async (request, response) => {
    const path = join(folder, request.url?.replace(/^\//, '') ?? '')
    const { size, mtimeMs } = await stat(path)
    const [, first = '0', last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    const [start, end] = [Number(first), Number(last || size - 1)]
    const isPart = request.headers.range !== undefined
    if (start >= size) return response.writeHead(416).end()
    response.writeHead(isPart ? 206 : 200, {
      'accept-ranges': 'bytes',
      'content-length': end - start + 1,
      etag: `"${size}-${mtimeMs}"`,
      ...(isPart ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
    })
    if (request.method === 'HEAD') response.end()
    else createReadStream(path, { start, end }).pipe(response)
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
