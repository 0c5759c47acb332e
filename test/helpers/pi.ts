import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from './cairn.ts'

/** A part of a disk, as mtools calls it: `FILE` or `FILE@@OFFSET`. */
type Fat = string

/** By their numbers in the partition table. */
export type Partitions = ReadonlyMap<number, Fat>

export interface Start {
  partition: number
  /** What the kernel is told. */
  commandLine: string
}

/**
 * What a Raspberry Pi starts, by the rules that its makers have written down (the pages on autoboot.txt and on `tryboot`, and
 * the one on the EEPROM's way of starting):
 * - autoboot.txt is read from the first FAT; more than 512 bytes of it are not looked at; [all], [none] and [tryboot] are known.
 * - The trial is a flag that is gone as soon as it was read; without `tryboot_a_b` it would look for tryboot.txt.
 * - A partition can be started if it holds start.elf, or on a Pi 5 config.txt. Without a word on which, the first one is taken.
 * There is nothing to go back to: what is named and cannot be started stays dark (null).
 */
export function firmwareStarts(partitions: Partitions, { isTrial }: { isTrial: boolean }): Start | null {
  const numbers = [...partitions.keys()].toSorted((one, other) => one - other)
  const [first] = numbers.filter(number => isFat(partitions.get(number)))
  const said = first === undefined ? {} : autoboot(readFat(partitions.get(first), 'autoboot.txt'), isTrial)
  if (isTrial && said.tryboot_a_b !== '1') return null
  const wanted = Number(said.boot_partition ?? 0)
  const partition = wanted === 0 ? numbers.find(number => canStart(partitions.get(number))) : wanted
  if (partition === undefined || !canStart(partitions.get(partition))) return null
  const config = readFat(partitions.get(partition), 'config.txt')?.toString() ?? ''
  const kernel = /^kernel=(.+)$/m.exec(config)?.[1] ?? 'kernel8.img'
  const commandLine = readFat(partitions.get(partition), 'cmdline.txt')?.toString().trim()
  // Nobody has written down what it makes of a zero in there.
  if (!commandLine || commandLine.includes('\0') || readFat(partitions.get(partition), kernel) === undefined)
    return null
  return { partition, commandLine }
}

function autoboot(text: Buffer | undefined, isTrial: boolean): Record<string, string> {
  const said: Record<string, string> = {}
  let isMeant = true
  for (const line of (text ?? Buffer.alloc(0)).subarray(0, 512).toString('latin1').split(/\r?\n/)) {
    const [, filter] = /^\[(.+)\]$/.exec(line) ?? []
    const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (filter !== undefined) isMeant = filter === 'all' || (filter === 'tryboot' && isTrial)
    else if (isMeant && name !== undefined && value !== undefined) said[name] = value
  }
  return said
}

function canStart(fat: Fat | undefined): boolean {
  return isFat(fat) && (['start.elf', 'config.txt'] as const).every(name => readFat(fat, name) !== undefined)
}

function isFat(fat: Fat | undefined): fat is Fat {
  if (fat === undefined) return false
  const [path = '', offset = '0'] = fat.split('@@')
  const sector = readAt(path, Number(offset), 512)
  return sector.readUInt16LE(510) === 0xaa55 && sector.readUInt16LE(11) === 512
}

/** A file of a FAT's root folder; undefined without it. */
export function readFat(fat: Fat | undefined, name: string): Buffer | undefined {
  if (fat === undefined) return undefined
  try {
    return execFileSync('mtype', ['-i', fat, `::${name}`], {
      env: { ...process.env, MTOOLS_SKIP_CHECK: '1' },
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 2 ** 28,
    })
  } catch (error) {
    // mtype(1): there is no such file, or no FAT that it can read. The firmware makes no difference either.
    if ((error as { status?: number }).status === 1) return undefined
    throw error
  }
}

export function writeFat(fat: Fat, from: string, name: string) {
  execFileSync('mcopy', ['-o', '-i', fat, from, `::${name}`])
}

/** The primary partitions of a disk, out of its first sector. */
export function partitionsOf(disk: string): Partitions {
  const sector = readAt(disk, 0, 512)
  return new Map(
    [1, 2, 3, 4].flatMap(number => {
      const at = 446 + (number - 1) * 16
      const [type, start] = [sector.readUInt8(at + 4), sector.readUInt32LE(at + 8)]
      return type === 0x0e ? [[number, `${disk}@@${start * 512}`] as const] : []
    }),
  )
}

/** What QEMU needs on its command line to start what the firmware of a Pi 3 would, and what it has not of such a board. */
export function piKernel(disk: string, { isTrial, folder }: { isTrial: boolean; folder: string }): string[] {
  const partitions = partitionsOf(disk)
  const start = firmwareStarts(partitions, { isTrial })
  if (!start) throw new Error('the firmware of a Raspberry Pi would start nothing')
  const files = Object.entries({ kernel: 'vmlinuz', initrd: 'initrd.img', dtb: 'bcm2837-rpi-3-b.dtb' })
  return [
    ...files.flatMap(([option, name]) => {
      writeFileSync(join(folder, name), readFat(partitions.get(start.partition), name) ?? '')
      return [`-${option}`, join(folder, name)]
    }),
    ...['-append', `${start.commandLine} ${inQemu.join(' ')}`],
  ]
}

const inQemu = [
  // The other serial line is not there.
  'console=ttyAMA0,115200',
  // QEMU starts again as soon as the first driver has found the watchdog; it has nothing of what the second one talks to.
  'module_blacklist=bcm2835_wdt,vchiq',
  // Four cores are imitated by two or fewer.
  'systemd.default_timeout_start_sec=900',
  'systemd.default_device_timeout_sec=900',
]

function readAt(path: string, offset: number, length: number): Buffer {
  const descriptor = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(length)
    readSync(descriptor, buffer, 0, length, offset)
    return buffer
  } finally {
    closeSync(descriptor)
  }
}

export interface Card {
  partitions: Partitions
  /** The path of a partition is this and its number. */
  prefix: string
  /** A FAT of a slot, as an update brings it: with what tells one version from another. */
  slotImage(version: string): string
}

const board = join(checkout, 'image/boards/rpi')

/** The first three partitions of a card that was just flashed, each in a file. The files of the firmware are empty but there. */
export function makeCard(folder: string): Card {
  const prefix = join(folder, 'partition-')
  const path = (number: number) => `${prefix}${number}`
  writeFileSync(join(folder, 'firmware'), 'firmware')
  makeFat(path(1), '64M', 4)
  writeFat(path(1), join(board, 'autoboot.txt'), 'autoboot.txt')
  writeFat(path(1), join(folder, 'firmware'), 'bootcode.bin')
  writeFileSync(path(2), readFileSync(slotImage('1.0.0')))
  writeFileSync(path(3), Buffer.alloc(slotBytes))

  function slotImage(version: string): string {
    const image = join(folder, `boot-${version}.img`)
    if (existsSync(image)) return image
    makeFat(image, `${slotBytes}`, 8)
    writeFileSync(join(folder, 'kernel'), `kernel ${version}`)
    for (const name of ['config.txt', 'cmdline.txt']) writeFat(image, join(board, name), name)
    for (const name of ['start.elf', 'fixup.dat']) writeFat(image, join(folder, 'firmware'), name)
    writeFat(image, join(folder, 'kernel'), 'vmlinuz')
    return image
  }

  return { partitions: new Map([1, 2, 3].map(number => [number, path(number)])), prefix, slotImage }
}

const slotBytes = 20 * 1024 ** 2

function makeFat(path: string, size: string, sectorsPerCluster: number) {
  execFileSync('truncate', ['-s', size, path])
  execFileSync('mkfs.vfat', ['-F', '16', '-s', String(sectorsPerCluster), path], { stdio: 'ignore' })
}
