import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { checkout } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { firmwareStarts, makeCard, readFat, writeFat } from '../helpers/pi.ts'
import { startRauc } from '../helpers/rauc.ts'
import { tempFolder } from '../helpers/temp.ts'

/** Updates of the Raspberry Pi: the handler that the image has, between RAUC and a firmware that keeps to what is written of it. */
const handlerTest = testIf('mtools')
const raucTest = testIf('root', 'rauc', 'mtools')

const overlay = join(checkout, 'overlays/rpi/usr/lib')
const sectorBytes = 512

type Slot = 'A' | 'B'

/** A Raspberry Pi whose card was just flashed. It runs slot A. */
async function makePi(t: ExecutionContext) {
  const folder = await tempFolder(t)
  const card = makeCard(folder)
  const at = (name: string) => join(folder, name)
  const env = {
    ...process.env,
    CAIRN_PARTITIONS: card.prefix,
    CAIRN_ARMED: at('armed'),
    CAIRN_CMDLINE: at('cmdline'),
    CAIRN_TRYBOOT_DRIVER: at('driver'),
    CAIRN_REBOOT_PARAMETER: at('reboot-param'),
  }
  writeFileSync(at('driver'), '')
  writeFileSync(at('handler'), handlerIn(env))
  chmodSync(at('handler'), 0o755)
  const starts = (isTrial = false) => firmwareStarts(card.partitions, { isTrial })
  powerOn()

  /** Starts what the firmware takes; what was in memory is gone. */
  function powerOn(isTrial = false): Slot | undefined {
    for (const name of ['armed', 'reboot-param']) rmSync(at(name), { force: true })
    const commandLine = starts(isTrial)?.commandLine ?? ''
    writeFileSync(at('cmdline'), commandLine)
    return slotIn(commandLine)
  }

  return {
    card,
    handler: at('handler'),
    /** RAUC's question or order to the handler; what it says. */
    ask: (...words: string[]) =>
      execFileSync(at('handler'), words, { encoding: 'utf8', stdio: 'pipe' }).trim(),
    dropDriver: () => rmSync(at('driver')),
    starts: (isTrial = false) => slotIn(starts(isTrial)?.commandLine ?? ''),
    /** Which slot runs after `systemctl reboot`, or after anything else that ends it. */
    restart() {
      execFileSync(join(overlay, 'systemd/system-shutdown/cairn-tryboot'), ['reboot'], { env })
      return powerOn(isTrialAsked(at('reboot-param')))
    },
    cutPower: () => powerOn(),
    path: (partition: number) => `${card.prefix}${partition}`,
    slots: { A: `${card.prefix}2`, B: `${card.prefix}3` },
  }
}

type Pi = Awaited<ReturnType<typeof makePi>>

function handlerIn(env: Record<string, string | undefined>): string {
  const settings = Object.entries(env).filter(([name]) => name.startsWith('CAIRN_'))
  const words = settings.map(([name, value]) => `${name}='${value}'`).join(' ')
  return `#!/bin/sh\n${words} exec ${join(overlay, 'cairn/rauc/tryboot')} "$@"\n`
}

function isTrialAsked(parameter: string): boolean {
  try {
    return readFileSync(parameter, 'utf8').includes(' tryboot')
  } catch {
    // It was not written: an ordinary restart.
    return false
  }
}

/** The slot that the kernel is told, if it is told the root file system of the same slot. */
function slotIn(commandLine: string): Slot | undefined {
  const [, root, slot] = /root=PARTUUID=ca120000-0([56]) rauc\.slot=([AB])/.exec(commandLine) ?? []
  if ((root === '5' && slot === 'A') || (root === '6' && slot === 'B')) return slot
  return undefined
}

/** Puts an update into slot B as RAUC does, without it. */
function writeSlotB(pi: Pi, version = '1.1.0') {
  pi.ask('set-state', 'B', 'bad')
  writeFileSync(pi.slots.B, readFileSync(pi.card.slotImage(version)))
}

handlerTest('a card that was just flashed starts slot A, and says so', async t => {
  const pi = await makePi(t)
  t.is(pi.starts(), 'A')
  t.is(pi.ask('get-primary'), 'A')
  t.is(pi.ask('get-current'), 'A')
  t.is(pi.ask('get-state', 'A'), 'good')
  t.is(pi.restart(), 'A')
})

handlerTest('a new slot is tried once, and kept only when it was found good', async t => {
  const pi = await makePi(t)
  writeSlotB(pi)
  t.is(pi.ask('get-state', 'B'), 'bad')
  t.is(pi.restart(), 'A')
  pi.ask('set-primary', 'B')
  t.is(pi.ask('get-primary'), 'B')
  t.is(pi.ask('get-state', 'B'), 'good')

  t.is(pi.restart(), 'B')
  t.is(pi.ask('get-current'), 'B')
  t.is(pi.ask('get-primary'), 'A')
  t.is(pi.restart(), 'A', 'it was not found good')

  pi.ask('set-primary', 'B')
  t.is(pi.restart(), 'B')
  pi.ask('set-state', 'B', 'good')
  t.is(pi.ask('get-primary'), 'B')
  t.is(pi.restart(), 'B')
  t.is(pi.cutPower(), 'B')

  writeFileSync(pi.slots.A, readFileSync(pi.card.slotImage('1.2.0')))
  pi.ask('set-primary', 'A')
  t.is(pi.restart(), 'A', 'and the other way round')
  pi.ask('set-state', 'A', 'good')
  t.is(pi.restart(), 'A')
})

handlerTest('a trial that was asked for is forgotten with a power cut, and can be taken back', async t => {
  const pi = await makePi(t)
  writeSlotB(pi)
  pi.ask('set-primary', 'B')
  t.is(pi.cutPower(), 'A')
  t.is(pi.ask('get-primary'), 'A')

  pi.ask('set-primary', 'B')
  pi.ask('set-primary', 'A')
  t.is(pi.restart(), 'A')

  pi.ask('set-primary', 'B')
  pi.ask('set-state', 'B', 'bad')
  t.is(pi.ask('get-primary'), 'A')
  t.is(pi.restart(), 'A')
})

handlerTest('that the slot which runs is good does not take back the trial of the other one', async t => {
  const pi = await makePi(t)
  writeSlotB(pi)
  pi.ask('set-primary', 'B')
  pi.ask('set-state', 'A', 'good')
  t.is(pi.restart(), 'B')
})

handlerTest(
  'a slot that turns out bad after it was kept gives way to a good one, never to a bad one',
  async t => {
    const pi = await makePi(t)
    pi.ask('set-state', 'B', 'bad')
    pi.ask('set-state', 'A', 'bad')
    t.is(pi.cutPower(), 'A', 'B is bad too')

    pi.ask('set-state', 'A', 'good')
    writeSlotB(pi)
    pi.ask('set-primary', 'B')
    t.is(pi.restart(), 'B')
    pi.ask('set-state', 'B', 'good')
    pi.ask('set-state', 'B', 'bad')
    t.is(pi.restart(), 'A')
  },
)

handlerTest('whatever of its writes a power cut leaves, the old or the new choice is started', async t => {
  const pi = await makePi(t)
  writeSlotB(pi)
  const orders: [string[], Slot[]][] = [
    [['set-primary', 'B'], ['A']],
    [['set-state', 'A', 'good'], ['A']],
    [['set-state', 'B', 'bad'], ['A']],
    [['set-primary', 'B'], ['A']],
  ]
  for (const [order, allowed] of orders) {
    const cuts = powerCuts(t, pi, order)
    for (const slot of cuts.started) t.true(allowed.includes(slot), `${order.join(' ')}: ${slot}`)
  }
  t.is(pi.restart(), 'B')
  const commit = powerCuts(t, pi, ['set-state', 'B', 'good'])
  t.deepEqual(commit.sectors, 1, 'keeping it is one sector')
  t.deepEqual(commit.started, ['A', 'B'])
  t.deepEqual(powerCuts(t, pi, ['set-state', 'B', 'good']).sectors, 0, 'what is so already is not written')
  t.deepEqual(powerCuts(t, pi, ['set-primary', 'A']).started, ['B'])
})

/** Lets the handler do it, and puts together every card on which only some of the sectors that it has written arrived. */
function powerCuts(t: ExecutionContext, pi: Pi, order: string[]): { sectors: number; started: Slot[] } {
  const read = () => new Map([1, 2, 3].map(number => [number, readFileSync(pi.path(number))]))
  const before = read()
  pi.ask(...order)
  const after = read()
  const changed = [1, 2, 3].flatMap(number => changedSectors(before.get(number), after.get(number), number))
  t.true(changed.length <= 4, `${order.join(' ')} writes ${changed.length} sectors`)
  const started: (Slot | undefined)[] = []
  for (let arrived = 0; arrived < 2 ** changed.length; arrived += 1) {
    for (const [index, one] of changed.entries()) put(pi, one, arrived & (2 ** index) ? after : before)
    started.push(pi.starts())
  }
  t.false(started.includes(undefined), `${order.join(' ')} can leave nothing to start`)
  return { sectors: changed.length, started: started.filter(slot => slot !== undefined) }
}

interface Sector {
  partition: number
  at: number
}

function changedSectors(before: Buffer | undefined, after: Buffer | undefined, partition: number): Sector[] {
  if (!before || !after || before.length !== after.length)
    throw new Error(`partition ${partition} has another size`)
  const found: Sector[] = []
  for (let at = 0; at < before.length; at += sectorBytes)
    if (before.compare(after, at, at + sectorBytes, at, at + sectorBytes) !== 0) found.push({ partition, at })
  return found
}

function put(pi: Pi, { partition, at }: Sector, from: Map<number, Buffer>) {
  const file = openSync(pi.path(partition), 'r+')
  try {
    writeSync(file, from.get(partition) ?? Buffer.alloc(0), at, sectorBytes, at)
  } finally {
    closeSync(file)
  }
}

handlerTest(
  'the choice is found where somebody has put it, and files beside it stay as they are',
  async t => {
    const pi = await makePi(t)
    writeSlotB(pi)
    const folder = await tempFolder(t)
    const file = join(folder, 'file')
    for (let index = 0; index < 40; index += 1) {
      writeFileSync(file, `file ${index}`.repeat(500))
      writeFat(pi.path(1), file, `a long name, number ${index}.txt`)
    }
    // As an editor saves it: into other clusters, with other line ends, and without what lay behind its end.
    writeFileSync(file, (readFat(pi.path(1), 'autoboot.txt')?.toString() ?? '').replaceAll('\n', '\r\n'))
    writeFat(pi.path(1), file, 'autoboot.txt')
    t.is(pi.ask('get-primary'), 'A')
    pi.ask('set-primary', 'B')
    t.is(pi.restart(), 'B')
    pi.ask('set-state', 'B', 'good')
    t.is(pi.restart(), 'B')
    t.is(readFat(pi.path(1), 'a long name, number 39.txt')?.toString(), 'file 39'.repeat(500))
    execFileSync('fsck.vfat', ['-n', pi.path(1)])
  },
)

handlerTest('what cannot be done is said, and nothing is written', async t => {
  const pi = await makePi(t)
  const before = readFileSync(pi.path(1))
  const refuses = (words: string[], why: RegExp) =>
    t.regex(String(t.throws(() => pi.ask(...words))?.message), why, words.join(' '))
  refuses(['set-primary', 'C'], /there is no slot 'C'/)
  refuses(['set-state', 'A', 'fine'], /there is no state 'fine'/)
  refuses(['set-primary', 'B'], /no FAT16/)
  pi.dropDriver()
  refuses(['set-primary', 'B'], /cairn_tryboot\) is not loaded/)
  t.true(readFileSync(pi.path(1)).equals(before))

  execFileSync('mdel', ['-i', pi.path(1), '::autoboot.txt'])
  refuses(['get-primary'], /holds no AUTOBOOTTXT/)
  t.is(pi.starts(), 'A', 'the first slot is what the firmware takes without it')
})

raucTest('RAUC installs, tries and keeps an update on a Raspberry Pi', async t => {
  const pi = await makePi(t)
  const backend = { program: pi.handler, slots: pi.slots, image: pi.card.slotImage }
  const first = await startRauc(t, { backend })
  const rauc = (bus: string, ...words: string[]) =>
    execFileSync('rauc', words, {
      env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus },
      encoding: 'utf8',
      stdio: 'pipe',
    })
  const bundle = first.bundle('1.1.0')
  rauc(first.bus, 'install', bundle)
  t.is(readFat(pi.slots.B, 'vmlinuz')?.toString(), 'kernel 1.1.0')
  t.regex(rauc(first.bus, 'status', '--output-format=shell'), /RAUC_BOOT_PRIMARY='?rootfs\.1/)
  t.is(pi.starts(), 'A')
  await first.stop()

  t.is(pi.restart(), 'B')
  const second = await startRauc(t, { backend, booted: 'B' })
  rauc(second.bus, 'status', 'mark-good')
  await second.stop()
  t.is(pi.restart(), 'B')
})

raucTest('a bad update is marked so, and the older one is started again', async t => {
  const pi = await makePi(t)
  const backend = { program: pi.handler, slots: pi.slots, image: pi.card.slotImage }
  writeSlotB(pi)
  pi.ask('set-primary', 'B')
  t.is(pi.restart(), 'B')
  const { bus } = await startRauc(t, { backend, booted: 'B' })
  // As image/prove.ts does with a version that does not become ready.
  execFileSync('rauc', ['status', 'mark-bad', 'booted'], {
    env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus },
  })
  t.is(pi.ask('get-state', 'B'), 'bad')
  t.is(pi.restart(), 'A')
})
