import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { run } from '../../lib/run.ts'
import { pciDeviceOf, usbInterfaceOf } from '../parse/disks.ts'
import type { RawFacts } from '../schema.ts'

const cpu = '/sys/devices/system/cpu'

/** A star is any name in its folder. */
const patterns = [
  '/proc/cpuinfo',
  '/proc/meminfo',
  '/proc/swaps',
  '/proc/device-tree/model',
  '/proc/sys/kernel/osrelease',
  '/sys/class/dmi/id/{sys_vendor,product_name,board_name,bios_vendor}',
  '/sys/hypervisor/type',
  '/run/systemd/container',
  '/run/host/container-manager',
  `${cpu}/cpufreq/policy*/{scaling_governor,scaling_driver,scaling_available_governors,cpuinfo_max_freq}`,
  `${cpu}/cpufreq/policy*/{energy_performance_preference,energy_performance_available_preferences}`,
  `${cpu}/cpu0/cache/index*/{level,type,size,shared_cpu_list}`,
  `${cpu}/cpu*/topology/{core_id,physical_package_id}`,
  `${cpu}/cpu0/thermal_throttle/package_throttle_count`,
  '/sys/class/thermal/thermal_zone*/{type,temp}',
  '/sys/class/thermal/thermal_zone*/trip_point_*',
  '/sys/class/hwmon/*/{name,in0_lcrit_alarm}',
  '/sys/class/power_supply/*/type',
  '/sys/devices/platform/soc/soc:firmware/get_throttled',
  '/proc/sys/vm/{swappiness,page-cluster}',
  '/proc/sys/vm/{dirty_ratio,dirty_bytes,dirty_background_ratio,dirty_background_bytes}',
  '/proc/sys/net/ipv4/{tcp_rmem,tcp_wmem}',
  '/sys/module/zswap/parameters/enabled',
  '/sys/block/*/{size,removable,comp_algorithm,disksize}',
  '/sys/block/*/queue/{rotational,scheduler,read_ahead_kb,discard_max_bytes}',
  '/sys/block/*/device/{model,name,queue_depth}',
  '/sys/block/*/mq/*/cpu_list',
  '/sys/class/net/*/{operstate,speed,mtu}',
  '/sys/class/net/*/queues/*/rps_cpus',
].flatMap(withAlternatives)

/** Only whether they are there counts; reading `hot_add` would make a device. */
const presences = ['/.dockerenv', '/run/.containerenv', '/sys/class/zram-control/hot_add']

/** Where settings are written to. */
const settable =
  /^\/proc\/sys\/(vm|net)\/|\/scaling_governor$|\/energy_performance_preference$|^\/sys\/block\/[^/]+\/queue\/(scheduler|read_ahead_kb)$/

export interface GatherOptions {
  /** A folder that stands for `/`, in tests. */
  root?: string
  /** Where pools are mounted: no other mount is anybody's business. */
  poolsDir: string
}

/** Reads all that the plan may want to know. What cannot be read is left out: no machine has everything. */
export async function gatherFacts({ root = '/', poolsDir }: GatherOptions): Promise<RawFacts> {
  const at = (path: string) => join(root, path)
  const raw: RawFacts = { files: {}, links: {}, writable: [], keys: {}, printed: {} }
  const read = async (path: string) => {
    const text = await textOf(at(path))
    if (text !== undefined) raw.files[path] = text
  }
  const found = (await Promise.all(patterns.map(pattern => expand(root, pattern)))).flat()
  const attached = await attachedLoops(root)
  await Promise.all(found.filter(path => !isIdleLoop(path, attached)).map(read))
  for (const path of presences) if (await isThere(at(path))) raw.files[path] = 'there'
  const blockDevices = namesBelow(raw, '/sys/block/')
  await Promise.all(blockDevices.map(name => addDisk(root, raw, name, read)))
  await Promise.all(namesBelow(raw, '/sys/class/net/').map(name => addCard(root, raw, name)))
  raw.keys = await diskKeys(root, blockDevices)
  raw.files['/proc/self/mountinfo'] = await ownMounts(at('/proc/self/mountinfo'), poolsDir)
  if (raw.files['/proc/device-tree/model']?.startsWith('Raspberry'))
    await addPrinted(raw, ['vcgencmd', 'get_throttled'])
  for (const path of Object.keys(raw.files)
    .filter(path => settable.test(path))
    .sort())
    if (await mayWrite(at(path))) raw.writable.push(path)
  return raw
}

/** `/a/{b,c}` is `/a/b` and `/a/c`. */
function withAlternatives(pattern: string): string[] {
  const match = /^(.*)\{([^}]+)\}(.*)$/.exec(pattern)
  return match
    ? String(match[2])
        .split(',')
        .map(name => `${match[1]}${name}${match[3]}`)
    : [pattern]
}

async function expand(root: string, pattern: string): Promise<string[]> {
  let paths = ['']
  for (const part of pattern.slice(1).split('/')) {
    if (!part.includes('*')) paths = paths.map(path => `${path}/${part}`)
    else paths = (await Promise.all(paths.map(path => matching(root, path, part)))).flat()
  }
  return paths
}

async function matching(root: string, folder: string, part: string): Promise<string[]> {
  const [before = '', after = ''] = part.split('*')
  const names = await orLeftOut(readdir(join(root, folder)))
  return (names ?? [])
    .filter(name => name.startsWith(before) && name.endsWith(after))
    .map(name => `${folder}/${name}`)
}

async function attachedLoops(root: string): Promise<Set<string>> {
  const backings = await expand(root, '/sys/block/loop*/loop/backing_file')
  const there = await Promise.all(backings.map(async path => ((await isThere(join(root, path))) ? path : '')))
  return new Set(there.map(path => path.split('/')[3] ?? ''))
}

function isIdleLoop(path: string, attached: Set<string>): boolean {
  const name = /^\/sys\/block\/(loop\d+)\//.exec(path)?.[1]
  return name !== undefined && !attached.has(name)
}

function namesBelow(raw: RawFacts, folder: string): string[] {
  const names = Object.keys(raw.files).filter(path => path.startsWith(folder))
  return [...new Set(names.map(path => path.slice(folder.length).split('/')[0] ?? ''))]
}

async function addDisk(root: string, raw: RawFacts, name: string, read: (path: string) => Promise<void>) {
  const place = await realPlace(root, `/sys/block/${name}`)
  if (place === undefined) return
  raw.links[`/sys/block/${name}`] = place
  const usb = usbInterfaceOf(place)
  if (usb) {
    for (const file of ['idVendor', 'idProduct', 'speed']) await read(`${usb.device}/${file}`)
    await addDriver(root, raw, `${usb.interface}/driver`)
  }
  const pci = pciDeviceOf(place)
  if (!pci) return
  for (const file of ['current_link_speed', 'max_link_speed', 'current_link_width', 'max_link_width'])
    await read(`${pci}/${file}`)
}

async function addCard(root: string, raw: RawFacts, name: string) {
  await addDriver(root, raw, `/sys/class/net/${name}/device/driver`)
  const hasHardware = raw.links[`/sys/class/net/${name}/device/driver`] !== undefined
  if (hasHardware && root === '/') await addPrinted(raw, ['ethtool', '-k', name])
}

async function addDriver(root: string, raw: RawFacts, path: string) {
  const target = await orLeftOut(readlink(join(root, path)))
  if (target !== undefined) raw.links[path] = basename(target)
}

/** A machine without that program does not tell, that is all. */
async function addPrinted(raw: RawFacts, command: readonly [string, ...string[]]) {
  try {
    const { stdout } = await run(command, { timeoutMs: 5000 })
    raw.printed[command.join(' ')] = stdout
  } catch (error) {
    if (
      !(error instanceof Failure) ||
      !['run/not-installed', 'run/failed', 'run/timeout'].includes(error.code)
    )
      throw error
  }
}

/** The files of the processor's clock; of every core, or of all together. */
export async function policyFiles(root: string): Promise<string[]> {
  const paths = await Promise.all(
    ['scaling_governor', 'energy_performance_preference'].map(file =>
      expand(root, `${cpu}/cpufreq/policy*/${file}`),
    ),
  )
  const there = await Promise.all(
    paths.flat().map(async path => ((await isThere(join(root, path))) ? [path] : [])),
  )
  return there.flat()
}

export async function diskKeys(root: string, names: readonly string[]): Promise<Record<string, string>> {
  const keys = await Promise.all(names.map(async name => [name, await keyOf(root, name)] as const))
  return withoutDoubles(Object.fromEntries(keys))
}

async function realPlace(root: string, path: string): Promise<string | undefined> {
  const real = await orLeftOut(realpath(join(root, path)))
  if (real === undefined || root === '/') return real
  return real.slice((await realpath(root)).length)
}

/** Where a disk says who it is, the best first. */
const identities = ['device/wwid', 'wwid', 'device/serial', 'serial', 'device/cid']

/** The same disk has the same key after every start, at whatever port; and nobody learns its serial from it. */
async function keyOf(root: string, name: string): Promise<string> {
  for (const file of identities) {
    const said = (await textOf(join(root, '/sys/block', name, file)))?.trim()
    if (said) return createHash('sha256').update(said).digest('hex').slice(0, 8)
  }
  return name
}

/** Cheap USB bridges all say the same: then only the kernel's name tells them apart. */
function withoutDoubles(keys: Record<string, string>): Record<string, string> {
  const all = Object.values(keys)
  const isDouble = (key: string) => all.indexOf(key) !== all.lastIndexOf(key)
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, isDouble(key) ? name : key]))
}

async function ownMounts(path: string, poolsDir: string): Promise<string> {
  const lines = ((await textOf(path)) ?? '').split('\n')
  const escaped = poolsDir.replaceAll(' ', String.raw`\040`)
  return lines
    .filter(line => line.split(' ')[4]?.startsWith(`${escaped}/`) && line.includes(' - btrfs '))
    .join('\n')
}

const mostBytes = 4 * 1024 ** 2

async function textOf(path: string): Promise<string | undefined> {
  const text = await orLeftOut(readFile(path, 'utf8'))
  return text === undefined || text.length > mostBytes ? undefined : text
}

function isThere(path: string): Promise<boolean> {
  return orLeftOut(access(path)).then(done => done === null)
}

function mayWrite(path: string): Promise<boolean> {
  return orLeftOut(access(path, constants.W_OK)).then(done => done === null)
}

/** What sysfs answers for what is not there, has gone, or has nothing to say (the speed of a card without a cable). */
const leftOut = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EINVAL',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENODEV',
  'ENXIO',
  'EIO',
  'EAGAIN',
  'ENODATA',
  'EOPNOTSUPP',
  'ENOTSUP',
  'ETIMEDOUT',
  'ENOMEDIUM',
  'EBUSY',
])

async function orLeftOut<T>(reading: Promise<T>): Promise<(T extends void ? null : T) | undefined> {
  try {
    return ((await reading) ?? null) as T extends void ? null : T
  } catch (error) {
    if (leftOut.has(errnoOf(error) ?? '')) return undefined
    throw error
  }
}
