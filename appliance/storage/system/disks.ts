import { readFile } from 'node:fs/promises'
import { Failure } from '../../lib/failure.ts'
import { namesIn } from '../../lib/names-in.ts'
import { run } from '../../lib/run.ts'
import { type BlockDevice, parseLsblk } from '../parse/lsblk.ts'
import { parseSwaps } from '../parse/swaps.ts'
import { parseWipefs } from '../parse/wipefs.ts'
import type { DiskFacts, Signature } from '../schema.ts'
import type { PracticeDisk } from './practice.ts'

export type ReadDisks = () => Promise<DiskFacts[]>

const columns = 'KNAME,PATH,TYPE,SIZE,RO,ROTA,MODEL,SERIAL,WWN,VENDOR,TRAN,MOUNTPOINTS'

/** The disks of this machine and what is on them. Loop devices count only if they are practice disks. */
export function createDiskReader(practice: () => Promise<PracticeDisk[]>): ReadDisks {
  return async () => {
    const [{ stdout }, ours, swaps, members] = await Promise.all([
      run(['lsblk', '--json', '--bytes', '--tree', '--output', columns]),
      practice(),
      readFile('/proc/swaps', 'utf8').then(parseSwaps),
      mountedMembers(),
    ])
    const byPath = new Map(ours.map(disk => [disk.path, disk]))
    const shown = parseLsblk(stdout).filter(device => byPath.has(device.path) || isRealDisk(device))
    return Promise.all(
      shown.map(device => describe(device, { practice: byPath.get(device.path), swaps, members })),
    )
  }
}

function isRealDisk({ type, kname, size }: BlockDevice): boolean {
  return type === 'disk' && size > 0 && !/^(zram|ram|nbd|fd)\d/.test(kname)
}

interface Around {
  practice: PracticeDisk | undefined
  swaps: string[]
  members: Map<string, string>
}

async function describe(device: BlockDevice, { practice, swaps, members }: Around): Promise<DiskFacts> {
  const all = withChildren(device)
  const isAway = practice?.isPulled ?? false
  const swapped = all.filter(({ path }) => swaps.includes(path)).map(() => '[SWAP]')
  return {
    ...(practice ? practiceIdentity(practice) : identity(device)),
    path: device.path,
    kname: device.kname,
    isReadOnly: device.ro,
    isAway,
    mountpoints: [...new Set([...all.flatMap(({ mountpoints }) => mountpoints), ...swapped])],
    holders: all
      .filter(({ type }) => type !== 'disk' && type !== 'part' && type !== 'loop')
      .map(({ type }) => type),
    mountedUuid: all.map(({ kname }) => members.get(kname)).find(uuid => uuid !== undefined) ?? null,
    partitions: all.filter(({ type }) => type === 'part').length,
    signatures: isAway ? [] : await signaturesOf(all),
  }
}

function practiceIdentity({ serial, sizeBytes }: PracticeDisk) {
  // A loop says that it is rotational; it is a file on something we do not know, mostly an SSD.
  return {
    serial,
    sizeBytes,
    model: 'Cairn practice disk',
    bus: 'practice',
    isRotational: false,
    isPractice: true,
  }
}

function identity(device: BlockDevice) {
  return {
    serial: device.serial ?? device.wwn ?? `${device.kname}-${device.size}`,
    sizeBytes: device.size,
    model: device.model ?? device.vendor ?? 'Disk',
    bus: device.tran ?? (device.kname.startsWith('vd') ? 'virtio' : 'unknown'),
    isRotational: device.rota,
    isPractice: false,
  }
}

function withChildren(device: BlockDevice): BlockDevice[] {
  return [device, ...device.children.flatMap(withChildren)]
}

/** A disk that sleeps has to wake first, and a slow box may have much else to do. */
const looksWithinMs = 2 * 60_000

/** lsblk(8) without udev knows no filesystems, so we look ourselves. A disk that cannot be read has none to show. */
async function signaturesOf(devices: BlockDevice[]): Promise<Signature[]> {
  const paths = devices
    .filter(({ type }) => type === 'disk' || type === 'part' || type === 'loop')
    .map(({ path }) => path)
  const { stdout } = await run(['wipefs', '--json', ...paths], {
    expected: [1],
    timeoutMs: looksWithinMs,
  })
  return parseWipefs(stdout)
}

/** Every member of a mounted Btrfs; the mount table names one of them only. */
async function mountedMembers(): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const uuid of await namesIn('/sys/fs/btrfs')) {
    if (!/^[0-9a-f-]{36}$/.test(uuid)) continue
    for (const kname of await namesIn(`/sys/fs/btrfs/${uuid}/devices`)) found.set(kname, uuid)
  }
  return found
}

export function findDisk(disks: readonly DiskFacts[], serial: string): DiskFacts {
  const found = disks.filter(disk => disk.serial === serial)
  if (found.length === 1 && found[0]) return found[0]
  const why = found.length === 0 ? 'is not there' : 'is there more than once'
  throw new Failure('conflict', 'storage/disks-changed', `The disk ${serial} ${why}.`)
}
