import type { Facts, RawFacts, TunedDisk } from '../schema/index.ts'
import { chosenOf, countOf, flagOf, lineOf, namesAt } from './kernel-text.ts'

/** The disks, and what they hang on. Memory that looks like a disk is none. */
export function parseDisks(raw: RawFacts): TunedDisk[] {
  return namesAt(raw, '/sys/block/', '/size')
    .filter(name => !/^(zram|ram|nbd|fd|sr|dm-|md)\d*/.test(name))
    .map(name => diskOf(raw, name))
    .filter(disk => disk.sizeBytes > 0)
}

function diskOf(raw: RawFacts, name: string): TunedDisk {
  const at = `/sys/block/${name}`
  const place = raw.links[at] ?? ''
  const { chosen, all } = chosenOf(raw, `${at}/queue/scheduler`)
  return {
    name,
    key: raw.keys[name] ?? name,
    model: lineOf(raw, `${at}/device/model`) ?? lineOf(raw, `${at}/device/name`),
    bus: busOf(name, place),
    isRotational: flagOf(raw, `${at}/queue/rotational`),
    isRemovable: flagOf(raw, `${at}/removable`) ?? false,
    // Of 512 bytes, whatever the disk's own blocks are.
    sizeBytes: Math.min((countOf(raw, `${at}/size`) ?? 0) * 512, Number.MAX_SAFE_INTEGER),
    queueDepth: countOf(raw, `${at}/device/queue_depth`),
    queues: Math.max(1, namesAt(raw, `${at}/mq/`, '/cpu_list').length),
    scheduler: chosen,
    schedulers: all,
    readAheadKib: countOf(raw, `${at}/queue/read_ahead_kb`),
    canDiscard: (countOf(raw, `${at}/queue/discard_max_bytes`) ?? 0) > 0,
    usb: usbOf(raw, place),
    link: linkOf(raw, place),
  }
}

function busOf(name: string, place: string): TunedDisk['bus'] {
  if (name.startsWith('loop')) return 'loop'
  if (name.startsWith('nvme')) return 'nvme'
  if (name.startsWith('mmcblk')) return 'mmc'
  if (/\/usb\d+\//.test(place)) return 'usb'
  if (name.startsWith('vd') || /\/virtio\d+\//.test(place)) return 'virtio'
  if (name.startsWith('xvd')) return 'xen'
  if (/\/ata\d+\//.test(place)) return 'sata'
  return name.startsWith('sd') ? 'scsi' : 'other'
}

/** The interface of the USB device that a disk hangs on: `…/2-1/2-1:1.0`. */
export function usbInterfaceOf(place: string): { device: string; interface: string } | undefined {
  const match = /^(.*\/usb\d+\/(?:.*\/)?([\d.-]+))\/\2:\d+\.\d+(?=\/host)/.exec(place)
  return match?.[1] === undefined ? undefined : { device: match[1], interface: match[0] }
}

/** The PCI device that an NVMe disk is: `…/0000:01:00.0`. */
export function pciDeviceOf(place: string): string | undefined {
  return /^(.*\/[\da-f]{4}:[\da-f]{2}:[\da-f]{2}\.\d)\/nvme\//.exec(place)?.[1]
}

function usbOf(raw: RawFacts, place: string): TunedDisk['usb'] {
  const found = usbInterfaceOf(place)
  if (!found) return null
  const vendor = lineOf(raw, `${found.device}/idVendor`)
  const product = lineOf(raw, `${found.device}/idProduct`)
  return {
    driver: raw.links[`${found.interface}/driver`] ?? null,
    id: vendor === null || product === null ? null : `${vendor}:${product}`,
    mbitPerSecond: countOf(raw, `${found.device}/speed`),
  }
}

function linkOf(raw: RawFacts, place: string): Facts['disks'][number]['link'] {
  const device = pciDeviceOf(place)
  if (device === undefined || raw.files[`${device}/current_link_speed`] === undefined) return null
  return {
    speed: lineOf(raw, `${device}/current_link_speed`),
    maxSpeed: lineOf(raw, `${device}/max_link_speed`),
    width: countOf(raw, `${device}/current_link_width`),
    maxWidth: countOf(raw, `${device}/max_link_width`),
  }
}
