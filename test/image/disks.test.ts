import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import test from 'ava'
import { dataFolder, eventually, smb } from '../helpers/cairn.ts'
import { createMachine, type Machine, whyNoMachine } from '../helpers/machine.ts'
import { createOwner, setupFile } from '../helpers/owner.ts'

/** The image's kernel loses a disk for real: the bus tells it that the disk has gone. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`
const disks = ['DISK1', 'DISK2', 'DISK3', 'DISK4']
const fileBytes = 400 * 1024 ** 2
/** So much of it is on a disk when that is pulled. */
const pulledAfterBytes = 32 * 1024 ** 2
const minuteMs = 60_000

onMachine(
  `a disk is pulled during a copy over SMB: the copy is whole, the disk is named, a new one takes its place${because}`,
  async t => {
    t.timeout(30 * minuteMs)
    const bootFiles = setupFile({ profile: 'raid1', disks })
    const machine = await createMachine(t, { firmware: 'uefi', disks, bootFiles })
    const owner = createOwner(machine)
    const pool = async () => (await owner.api('GET', '/pools')).body[0]
    const becomes = (state: string) => eventually(async () => (await pool()).state === state, 3 * minuteMs)
    const ailment = async () =>
      (await owner.api('GET', '/health')).body.issues.find(
        ({ code }: { code: string }) => code === 'storage/pool-degraded',
      )
    t.log(`answers after ${await machine.start()} s`)
    await owner.moveIn()
    await becomes('healthy')

    const folder = await dataFolder(t)
    const original = join(folder, 'original')
    await writeFile(original, randomBytes(fileBytes))
    let isCopied = false
    const copying = smb(machine, 'shared', `put ${original} copy.bin`).then(() => {
      isCopied = true
    })
    const lost = await Promise.race([writtenMost(machine), copying])
    if (!lost) return t.fail('the copy was over before a disk had much of it')
    await machine.pullDisk(lost)
    t.false(isCopied)
    t.log(`${lost} was pulled`)
    await copying

    await becomes('degraded')
    t.deepEqual(serialsOf(await pool(), 'missing'), [lost])
    t.regex((await ailment()).detail, new RegExp(`\\(${lost}\\) does not answer`))
    t.is(await sumOfShared(machine, folder, 'copy.bin'), await sumOf(original))
    t.is(await owner.put('meanwhile.txt', 'written with a disk missing'), 201)

    await machine.insertDisk('DISK5')
    const isOffered = ({ serial, isOffered }: { serial: string; isOffered: boolean }) =>
      serial === 'DISK5' && isOffered
    await eventually(async () => (await owner.api('GET', '/disks')).body.some(isOffered), minuteMs)
    const replacing = await owner.begin('/pools/pool/replace', { from: lost, to: 'DISK5' })
    await owner.finished(replacing, 10 * minuteMs)
    await becomes('healthy')
    await owner.finished(await owner.begin('/pools/pool/scrub'), 10 * minuteMs)

    const whole = disks.filter(serial => serial !== lost)
    t.deepEqual(serialsOf(await pool(), 'ok'), [...whole, 'DISK5'].sort())
    t.is((await pool()).hasUnprotectedData, false)
    t.is(await ailment(), undefined)
    t.is(await sumOfShared(machine, folder, 'copy.bin'), await sumOf(original))
    t.is(await owner.get('meanwhile.txt'), 'written with a disk missing')
  },
)

/** The first of the disks that has much of what is being copied. */
async function writtenMost(machine: Machine): Promise<string | undefined> {
  let found: string | undefined
  const before = await machine.writtenBytes()
  await eventually(async () => {
    const now = await machine.writtenBytes()
    found = disks.find(serial => (now.get(serial) ?? 0) - (before.get(serial) ?? 0) > pulledAfterBytes)
    return found !== undefined
  }, 3 * minuteMs)
  return found
}

function serialsOf(pool: { disks: { serial: string; state: string }[] }, state: string): string[] {
  return pool.disks
    .filter(disk => disk.state === state)
    .map(({ serial }) => serial)
    .sort()
}

async function sumOfShared(machine: Machine, folder: string, name: string): Promise<string> {
  const copy = join(folder, 'back')
  await smb(machine, 'shared', `get ${name} ${copy}`)
  return sumOf(copy)
}

async function sumOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
