import { readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Failure } from '../../lib/failure.ts'
import { type Mount, parseMountinfo } from '../../lib/mountinfo.ts'
import { run } from '../../lib/run.ts'
import { pciDeviceOf, usbInterfaceOf } from '../parse/disks.ts'
import { sambaDefaults, sambaParameter } from '../parse/samba.ts'
import type { RawFacts } from '../schema/index.ts'
import { diskKeys } from './disk-keys.ts'
import { expand, isThere, mayWrite, orLeftOut, realPlace, textOf } from './sysfs.ts'

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
  /^\/proc\/sys\/(vm|net)\/|\/scaling_governor$|\/energy_performance_preference$|^\/sys\/block\/[^/]+\/queue\/(scheduler|read_ahead_kb)$|^\/sys\/block\/zram\d+\/(disksize|comp_algorithm)$/

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
  // Only root's Cairn runs Samba.
  if (root === '/' && process.getuid?.() === 0) await addSamba(raw)
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

async function addSamba(raw: RawFacts) {
  await addPrinted(raw, sambaDefaults)
  const command = sambaDefaults.join(' ')
  const lines = raw.printed[command]?.split('\n').filter(line => sambaParameter.test(line))
  if (lines) raw.printed[command] = lines.join('\n')
}

async function ownMounts(path: string, poolsDir: string): Promise<string> {
  const lines = ((await textOf(path)) ?? '').split('\n')
  const isOwn = ({ place, type }: Mount) => type === 'btrfs' && place.startsWith(`${poolsDir}/`)
  return lines.filter(line => parseMountinfo(line).some(isOwn)).join('\n')
}
