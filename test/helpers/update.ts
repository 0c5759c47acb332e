import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { retry } from '../../appliance/lib/retry.ts'
import { checkout, eventually } from './cairn.ts'
import type { Board, Machine } from './machine.ts'

const run = promisify(execFile)

export interface Change {
  version: string
  /** A PC, if nothing else is said. */
  board?: Board
  /** Files of the system that are others in this version. */
  files?: Record<string, string>
  /** The version, made before in the same folder, whose system is in this one too: then only the boot slot is another one. */
  systemOf?: string
  /** Changes the boot slot, whose files lie in a folder. */
  boot?: (folder: string) => Promise<void>
}

/** Makes an update out of the built one, signed by the same key; what it is called in the folder. */
export async function makeUpdate(folder: string, change: Change): Promise<string> {
  const { version, board = 'amd64', systemOf, boot } = change
  const place = join(folder, `update-${version}`)
  await mkdir(place)
  const inside = join(place, 'inside')
  await unsquash(join(checkout, `build/image/${board}/cairn-${board}.raucb`), inside)
  const systemImage = (version: string) => join(folder, `system-${version}.img`)
  if (systemOf === undefined) await changeSystem(inside, systemImage(version), change)
  if (boot) await changeBoot(join(inside, 'boot.img'), boot)
  const name = `${version}.raucb`
  const images = [systemImage(systemOf ?? version), join(inside, 'boot.img')]
  await run(join(checkout, 'image/bundle.sh'), [...images, version, join(folder, name)], {
    env: { ...process.env, TARGET: board },
  })
  await rm(place, { recursive: true })
  return name
}

async function changeSystem(inside: string, image: string, { version, files = {} }: Change) {
  const tree = join(inside, 'tree')
  await unsquash(join(inside, 'root.img'), tree)
  await run('sed', ['-i', `s/^IMAGE_VERSION=.*/IMAGE_VERSION=${version}/`, join(tree, 'usr/lib/os-release')])
  for (const [name, text] of Object.entries(files)) await writeFile(join(tree, name), text)
  await squash(tree, image, 'zstd', '-Xcompression-level', '1')
}

async function changeBoot(image: string, change: (folder: string) => Promise<void>) {
  const files = `${image}-files`
  await unsquash(image, files)
  await change(files)
  await rm(image)
  await squash(files, image, 'gzip', '-noD', '-noF', '-noI', '-noX')
}

/** What a boot slot is compared with before it starts is renewed: it is as it was meant. */
export async function signBoot(folder: string) {
  const { stdout } = await run('sha256sum', ['vmlinuz', 'initrd.img'], { cwd: folder })
  await writeFile(join(folder, 'SHA256SUMS'), stdout)
}

/** The initrd of a boot slot does this first of all, once it has loaded its drivers. */
export async function commandInInitrd(folder: string, command: string) {
  const scripts = 'scripts/init-premount'
  const place = await mkdtemp(join(folder, 'initrd-'))
  await mkdir(join(place, scripts), { recursive: true })
  await writeFile(join(place, scripts, 'ORDER'), `${command}\n`)
  const initrd = join(folder, 'initrd.img')
  // What comes behind lies above what was there before; it has to begin at a multiple of four.
  const { size } = await stat(initrd)
  await truncate(initrd, Math.ceil(size / 4) * 4)
  await run('sh', ['-c', `find scripts | cpio --create --format=newc --quiet >>"${initrd}"`], { cwd: place })
  await rm(place, { recursive: true })
}

/** The version that runs; empty while nobody can be asked. */
export async function versionOf(machine: Machine): Promise<string> {
  return say(machine, '. /etc/os-release; echo "$IMAGE_VERSION"')
}

/** What RAUC says of the slots. Where all is emulated its program may have given up on its service before that has answered. */
export async function slotsOf(machine: Machine): Promise<string> {
  const ask = () => machine.shell('rauc status --output-format=shell')
  return retry(ask, { withinMs: 3 * 60_000, pauseMs: 1_000 })
}

/** It runs, and the box has found it good. */
export async function becomesProven(machine: Machine, version: string, withinMs = provenWithinMs) {
  await eventually(async () => (await say(machine, 'cat /data/system/proven')) === version, withinMs)
  await eventually(async () => (await versionOf(machine)) === version, withinMs)
}

const provenWithinMs = 20 * 60_000
const say = async (machine: Machine, command: string) => (await machine.shell(command).catch(() => '')).trim()

async function unsquash(image: string, to: string) {
  await run('unsquashfs', ['-no-progress', '-d', to, image], { maxBuffer: 2 ** 26 })
}

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
