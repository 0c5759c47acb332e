import { closeSync, openSync } from 'node:fs'
import { access, mkdir, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoOf, Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { namesIn } from '../../lib/names-in.ts'
import { ioctl } from '../../lib/posix.ts'
import { run } from '../../lib/run.ts'
import { randomToken } from '../../lib/secret.ts'
import { type Loop, losetupColumns, parseLosetup } from '../parse/losetup.ts'
import { parseWipefs } from '../parse/wipefs.ts'
import type { Signature } from '../schema.ts'

/** A sparse file behind a loop device: to everything else a disk that can be pulled and put back. */
export interface PracticeDisk {
  number: number
  serial: string
  path: string
  sizeBytes: number
  isPulled: boolean
}

export interface PracticeDisks {
  /** Makes what is missing of the wanted count, attaches all, and takes up what a crash left attached. */
  start(): Promise<void>
  stop(): Promise<void>
  list(): Promise<PracticeDisk[]>
  /** Every read and write behind the first sector fails from now on, also after a restart. */
  pull(number: number): Promise<void>
  put(number: number): Promise<void>
  add(sizeBytes?: number): Promise<PracticeDisk>
  /** Of those that are not attached: whoever has such signatures is an empty disk afterwards. Answers their serials. */
  erase(isWanted: (signatures: readonly Signature[]) => boolean): Promise<string[]>
}

export interface PracticeDeps {
  folder: string
  count: number
  sizeBytes: number
  log: Log
}

interface Image {
  number: number
  file: string
}

export function createPracticeDisks({ folder, count, sizeBytes, log }: PracticeDeps): PracticeDisks {
  const imageOf = (number: number): Image => ({ number, file: join(folder, `disk-${number}.img`) })
  let idOfBox = ''

  async function start() {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    idOfBox = await keptId(join(folder, 'id'))
    for (let number = 1; number <= count; number++) await makeImage(imageOf(number).file, sizeBytes)
    for (const image of await images()) await attach(image)
  }

  async function images(): Promise<Image[]> {
    const numbers = (await namesIn(folder)).map(name => /^disk-(\d+)\.img$/.exec(name)?.[1])
    return numbers
      .filter(number => number !== undefined)
      .map(number => imageOf(Number(number)))
      .sort((a, b) => a.number - b.number)
  }

  async function attach(image: Image) {
    const [kept, ...spare] = await loopsOf(image.file)
    for (const loop of spare) await detach(loop.path)
    const path = kept?.path ?? (await attachLoop(image.file))
    if (await isMarkedPulled(image)) limitLoop(path, pulledBytes)
  }

  const serialOf = ({ number }: Image) => `PRACTICE-${idOfBox}-${number}`

  async function describe(image: Image): Promise<PracticeDisk | undefined> {
    const [loop] = await loopsOf(image.file)
    if (!loop) return undefined
    return {
      number: image.number,
      serial: serialOf(image),
      path: loop.path,
      sizeBytes: (await stat(image.file)).size,
      isPulled: loop.sizeLimit !== 0,
    }
  }

  async function list() {
    const all = await Promise.all((await images()).map(describe))
    return all.filter(disk => disk !== undefined)
  }

  async function find(number: number): Promise<PracticeDisk> {
    const disk = (await list()).find(other => other.number === number)
    if (!disk) throw new Failure('missing', 'practice/missing', `There is no practice disk ${number}.`)
    return disk
  }

  return {
    start,
    list,
    async stop() {
      const done = await Promise.allSettled((await list()).map(disk => detach(disk.path)))
      for (const outcome of done) if (outcome.status === 'rejected') throw outcome.reason
    },
    async pull(number) {
      const { path } = await find(number)
      await writeFile(pulledMark(imageOf(number)), '')
      limitLoop(path, pulledBytes)
      log.info('practice disk pulled', { number, path })
    },
    async put(number) {
      const { path } = await find(number)
      limitLoop(path, 0)
      await rm(pulledMark(imageOf(number)), { force: true })
      log.info('practice disk put back', { number, path })
    },
    async erase(isWanted) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      idOfBox = await keptId(join(folder, 'id'))
      const erased = []
      for (const image of await images()) {
        if ((await isMarkedPulled(image)) || !isWanted(await signaturesIn(image))) continue
        await emptyImage(image)
        erased.push(serialOf(image))
      }
      return erased
    },
    async add(wantedBytes = sizeBytes) {
      const number = Math.max(0, ...(await images()).map(image => image.number)) + 1
      await makeImage(imageOf(number).file, wantedBytes)
      await attach(imageOf(number))
      return find(number)
    },
  }
}

function pulledMark({ file }: Image): string {
  return file.replace(/\.img$/, '.pulled')
}

async function isMarkedPulled(image: Image): Promise<boolean> {
  return access(pulledMark(image)).then(
    () => true,
    error => {
      if (errnoOf(error) === 'ENOENT') return false
      throw error
    },
  )
}

async function signaturesIn({ file }: Image): Promise<Signature[]> {
  return parseWipefs((await run(['wipefs', '--json', file], { expected: [1] })).stdout)
}

/** What it took on the real disk is given back. */
async function emptyImage({ file }: Image) {
  await using image = await open(file, 'r+')
  const { size } = await image.stat()
  await image.truncate(0)
  await image.truncate(size)
  await image.sync()
}

/** Part of every serial, so that the disks of two data folders are not mistaken for one another. */
async function keptId(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  const id = randomToken(25).toUpperCase()
  await writeFile(path, `${id}\n`)
  return id
}

async function makeImage(file: string, sizeBytes: number) {
  try {
    await (await open(file, 'wx', 0o600)).close()
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    // A crash between making and sizing it leaves an empty one.
    if ((await stat(file)).size > 0) return
  }
  await truncate(file, sizeBytes)
}

/** By inode, since the path of a backing file reads differently through a bind mount. */
async function loopsOf(file: string): Promise<Loop[]> {
  const { stdout } = await run(['losetup', '--list', '--json', '--output', losetupColumns])
  const { ino, dev } = await stat(file)
  return parseLosetup(stdout).filter(loop => loop.inode === ino && loop.device === deviceNumber(dev))
}

/** makedev(3), backwards. */
function deviceNumber(dev: number): string {
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00)
  return `${(dev >>> 8) & 0xfff}:${minor}`
}

const attempts = 5

/** losetup(8) finds a free device and takes it in two steps; another instance may come in between. */
async function attachLoop(file: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await run(['losetup', '--find', '--show', file])).stdout.trim()
    } catch (error) {
      if (attempt === attempts || !(error instanceof Failure) || error.code !== 'run/failed') throw error
      await delay(50 * attempt)
    }
  }
}

const detachTimeoutMs = 5_000

/** Without --forget Btrfs remembers the device, and would look for the pool there when its number is used again. */
async function detach(path: string) {
  await run(['btrfs', 'device', 'scan', '--forget', path], { expected: [1] })
  await run(['losetup', '--detach', path], { expected: [1] })
  const giveUpAt = Date.now() + detachTimeoutMs
  while (await isAttached(path)) {
    if (Date.now() > giveUpAt) throw stillInUse(path)
    await delay(25)
  }
}

/** A loop that is still open somewhere is detached by the kernel when that ends. */
async function isAttached(path: string): Promise<boolean> {
  return access(`/sys/block/${basename(path)}/loop/backing_file`).then(
    () => true,
    error => {
      if (errnoOf(error) === 'ENOENT') return false
      throw error
    },
  )
}

function stillInUse(path: string): Failure {
  return new Failure(
    'conflict',
    'practice/in-use',
    `${path} is still in use; it goes when its last user does.`,
  )
}

// linux/loop.h
const loopGetStatus64 = 0x4c05
const loopSetStatus64 = 0x4c04
const loopInfoBytes = 232
const sizeLimitOffset = 32
/** One sector: with nothing at all the kernel would read "no limit". */
const pulledBytes = 512

function limitLoop(path: string, limitBytes: number) {
  const fd = openSync(path, 'r')
  try {
    const info = Buffer.alloc(loopInfoBytes)
    ioctl(fd, loopGetStatus64, info)
    info.writeBigUInt64LE(BigInt(limitBytes), sizeLimitOffset)
    ioctl(fd, loopSetStatus64, info)
  } finally {
    closeSync(fd)
  }
}
