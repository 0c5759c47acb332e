import { closeSync, openSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { errnoOf } from '../../lib/failure.ts'
import { ioctl, PosixError } from '../../lib/posix.ts'
import { parseErrorStats } from '../parse/error-stats.ts'
import type { ChunkUse, MemberFacts, PoolActivity, PoolFacts } from '../schema.ts'
import type { PoolPlace } from './backend.ts'
import { mountAt } from './mounts.ts'

export const notMounted: PoolFacts = {
  isMounted: false,
  isReadOnly: false,
  activity: 'none',
  members: [],
  chunks: [],
  space: null,
}

/** The state of a mounted Btrfs from what the kernel holds in memory: no program is run and no disk is touched. */
export async function readBtrfsFacts({ uuid, place }: PoolPlace): Promise<PoolFacts> {
  const mount = await mountAt(place)
  if (mount?.type !== 'btrfs') return notMounted
  const filesystem = readFilesystem(place)
  if (filesystem.uuid !== uuid) return notMounted
  const folder = `/sys/fs/btrfs/${uuid}`
  return {
    isMounted: true,
    isReadOnly: mount.options.includes('ro') || mount.superOptions.includes('ro'),
    activity: activityOf(await readOr(`${folder}/exclusive_operation`, 'none')),
    members: await Promise.all(filesystem.members.map(member => completeMember(folder, member))),
    chunks: await readChunks(`${folder}/allocation`),
    space: null,
  }
}

type Member = Pick<MemberFacts, 'devid' | 'path' | 'sizeBytes' | 'allocatedBytes'>

// linux/btrfs.h: BTRFS_IOC_FS_INFO and BTRFS_IOC_DEV_INFO
const fsInfo = { request: 0x8400941f, bytes: 1024, maxIdAt: 0, uuidAt: 16 }
const devInfo = { request: 0xd000941e, bytes: 4096, usedAt: 24, totalAt: 32, pathAt: 3072 }

function readFilesystem(place: string): { uuid: string; members: Member[] } {
  const fd = openSync(place, 'r')
  try {
    const info = Buffer.alloc(fsInfo.bytes)
    ioctl(fd, fsInfo.request, info)
    const highest = Number(info.readBigUInt64LE(fsInfo.maxIdAt))
    const devids = Array.from({ length: highest }, (_, index) => index + 1)
    return {
      uuid: uuidText(info.subarray(fsInfo.uuidAt, fsInfo.uuidAt + 16)),
      members: devids.map(devid => readMember(fd, devid)).filter(member => member !== undefined),
    }
  } finally {
    closeSync(fd)
  }
}

function readMember(fd: number, devid: number): Member | undefined {
  const info = Buffer.alloc(devInfo.bytes)
  info.writeBigUInt64LE(BigInt(devid), 0)
  try {
    ioctl(fd, devInfo.request, info)
  } catch (error) {
    // Numbers are not used again: there are gaps where disks have left.
    if (error instanceof PosixError && error.code === 'ENODEV') return undefined
    throw error
  }
  const path = info.toString('utf8', devInfo.pathAt).split('\0')[0] ?? ''
  return {
    devid,
    path: path.startsWith('/') ? path : null,
    sizeBytes: Number(info.readBigUInt64LE(devInfo.totalAt)),
    allocatedBytes: Number(info.readBigUInt64LE(devInfo.usedAt)),
  }
}

async function completeMember(folder: string, member: Member): Promise<MemberFacts> {
  const own = `${folder}/devinfo/${member.devid}`
  const isMissing = (await readOr(`${own}/missing`, '0')).trim() === '1'
  return {
    ...member,
    isMissing,
    isGone: !isMissing && (await deviceBytes(member.path)) < member.sizeBytes,
    errors: parseErrorStats(await readOr(`${own}/error_stats`, '')),
  }
}

const sectorBytes = 512

/** A disk that was pulled has no entry any more; a practice disk has one sector left. */
async function deviceBytes(path: string | null): Promise<number> {
  if (path === null) return 0
  return Number(await readOr(`/sys/class/block/${basename(path)}/size`, '0')) * sectorBytes
}

const uses = ['data', 'metadata', 'system'] as const

async function readChunks(folder: string): Promise<ChunkUse[]> {
  const found = await Promise.all(uses.map(use => readUse(`${folder}/${use}`, use)))
  return found.flat().filter(chunk => chunk.totalBytes > 0)
}

async function readUse(folder: string, use: ChunkUse['use']): Promise<ChunkUse[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const profiles = entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
  return Promise.all(
    profiles.map(async profile => ({
      use,
      profile,
      totalBytes: Number(await readOr(`${folder}/${profile}/total_bytes`, '0')),
      usedBytes: Number(await readOr(`${folder}/${profile}/used_bytes`, '0')),
    })),
  )
}

function activityOf(text: string): PoolActivity {
  if (text.includes('replace')) return 'replace'
  return text.trim() === 'balance' ? 'balance' : 'none'
}

/** What sysfs says, or `absent` where the entry has gone with its device. */
async function readOr(path: string, absent: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENODEV') return absent
    throw error
  }
}

function uuidText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
