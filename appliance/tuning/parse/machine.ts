import type { Facts, RawFacts } from '../schema/index.ts'
import { countOf, fieldsOf, flagOf, lineOf, namesAt, numberOf } from './kernel-text.ts'

const dmi = '/sys/class/dmi/id'

export function parseMachine(raw: RawFacts): Facts['machine'] {
  const tree = lineOf(raw, '/proc/device-tree/model')
  const pi = /^Raspberry Pi (?:Compute Module )?(\d)/.exec(tree ?? '')
  return {
    board: tree ?? boardOfDmi(raw),
    maker: tree === null ? meant(lineOf(raw, `${dmi}/sys_vendor`)) : null,
    pi: pi ? Number(pi[1]) : null,
    virtual: virtualOf(raw),
    container: containerOf(raw),
    kernel: lineOf(raw, '/proc/sys/kernel/osrelease'),
  }
}

/** A PC of no brand has `Default string` where its name should be, and the board's name is the better one. */
function boardOfDmi(raw: RawFacts): string | null {
  return meant(lineOf(raw, `${dmi}/product_name`)) ?? meant(lineOf(raw, `${dmi}/board_name`))
}

function meant(said: string | null): string | null {
  return said !== null &&
    /^(default string|to be filled|system (product|manufacturer)|none|not specified|o\.?e\.?m)/i.test(said)
    ? null
    : said
}

const hypervisors: [RegExp, string][] = [
  [/qemu|kvm|bochs/i, 'KVM'],
  [/vmware/i, 'VMware'],
  [/innotek|virtualbox/i, 'VirtualBox'],
  [/microsoft corporation virtual|hyper-v/i, 'Hyper-V'],
  [/xen/i, 'Xen'],
  [/parallels/i, 'Parallels'],
  [/amazon ec2|google compute|openstack|digitalocean|hetzner/i, 'a cloud'],
]

function virtualOf(raw: RawFacts): string | null {
  const said = [
    lineOf(raw, `${dmi}/sys_vendor`),
    lineOf(raw, `${dmi}/product_name`),
    lineOf(raw, `${dmi}/bios_vendor`),
    lineOf(raw, '/sys/hypervisor/type'),
  ].join(' ')
  const known = hypervisors.find(([pattern]) => pattern.test(said))
  if (known) return known[1]
  const flags = fieldsOf(raw.files['/proc/cpuinfo'] ?? '').get('flags') ?? ''
  return /\bhypervisor\b/.test(flags) ? 'a virtual machine' : null
}

function containerOf(raw: RawFacts): string | null {
  const manager = lineOf(raw, '/run/systemd/container') ?? lineOf(raw, '/run/host/container-manager')
  if (manager !== null) return manager
  if (raw.files['/run/.containerenv'] !== undefined) return 'podman'
  return raw.files['/.dockerenv'] === undefined ? null : 'docker'
}

/** Bits of the Pi's `get_throttled`: now, and (16 bits higher) since the start. */
const throttledBits = { underVoltage: 0x1, capped: 0x2, throttled: 0x4, softLimit: 0x8 }

export function parsePower(raw: RawFacts): Facts['power'] {
  const bits = throttledOf(raw)
  const now = (mask: number) => (bits === null ? null : (bits & mask) !== 0)
  const ever = (mask: number) => now(mask * 0x1_0000)
  const slowed = throttledBits.throttled | throttledBits.softLimit | throttledBits.capped
  const slowings = slowingsOf(raw)
  const alarm = voltageAlarm(raw)
  return {
    isUnderVoltage: now(throttledBits.underVoltage) ?? alarm,
    // The alarm of rpi_volt stays until the next start.
    hadUnderVoltage: ever(throttledBits.underVoltage) ?? alarm,
    isThrottled: now(slowed),
    hadThrottled: ever(slowed) ?? (slowings === null ? null : slowings > 0),
    hasBattery: namesAt(raw, '/sys/class/power_supply/', '/type').some(
      name => lineOf(raw, `/sys/class/power_supply/${name}/type`) === 'Battery',
    ),
    ...temperatureOf(raw),
  }
}

/** The Pi's own kernel has a file, elsewhere `vcgencmd get_throttled` prints `throttled=0x50000`. */
function throttledOf(raw: RawFacts): number | null {
  const said =
    lineOf(raw, '/sys/devices/platform/soc/soc:firmware/get_throttled') ??
    /throttled=(0x[\da-f]+)/.exec(raw.printed['vcgencmd get_throttled'] ?? '')?.[1]?.slice(2)
  return said === undefined || !/^[\da-f]+$/i.test(said) ? null : Number.parseInt(said, 16)
}

function voltageAlarm(raw: RawFacts): boolean | null {
  const sensor = namesAt(raw, '/sys/class/hwmon/', '/name').find(
    name => lineOf(raw, `/sys/class/hwmon/${name}/name`) === 'rpi_volt',
  )
  return sensor === undefined ? null : flagOf(raw, `/sys/class/hwmon/${sensor}/in0_lcrit_alarm`)
}

/** x86: how often the package was slowed down for its heat. */
function slowingsOf(raw: RawFacts): number | null {
  return countOf(raw, '/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count')
}

const zoneTypes = /^(cpu|soc|x86_pkg_temp|coretemp|acpitz)/

function temperatureOf(raw: RawFacts): { celsius: number | null; maxCelsius: number | null } {
  const zones = namesAt(raw, '/sys/class/thermal/', '/type')
  const zone =
    zones.find(name => /^(cpu|soc|x86_pkg)/.test(typeOf(raw, name))) ??
    zones.find(name => zoneTypes.test(typeOf(raw, name)))
  if (zone === undefined) return { celsius: null, maxCelsius: null }
  const at = `/sys/class/thermal/${zone}`
  const trips = namesAt(raw, `${at}/trip_point_`, '_type')
  const passive = trips.find(trip => lineOf(raw, `${at}/trip_point_${trip}_type`) === 'passive')
  const most = passive ?? trips.find(trip => lineOf(raw, `${at}/trip_point_${trip}_type`) === 'critical')
  return {
    celsius: degrees(numberOf(raw, `${at}/temp`)),
    maxCelsius: most === undefined ? null : degrees(numberOf(raw, `${at}/trip_point_${most}_temp`)),
  }
}

function typeOf(raw: RawFacts, zone: string): string {
  return lineOf(raw, `/sys/class/thermal/${zone}/type`) ?? ''
}

function degrees(thousandths: number | null): number | null {
  return thousandths === null ? null : Math.round(thousandths / 100) / 10
}
