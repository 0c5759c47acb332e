import { execFile } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { openLine, type Peer } from './load.ts'

const copiedBytes = 2 * 1024 ** 3
const pieceBytes = 16 * 1024 ** 2

export interface Waits {
  count: number
  /** Milliseconds. */
  half: number
  most: number
  worst: number
  /** MB/s of the copy, to the end of what smbclient waits for. */
  copyRate: number
}

/** How long one small upload after the other takes while smbclient copies 2 GiB into the same pool. */
export async function uploadBesideCopy(peer: Peer, file: string): Promise<Waits> {
  fill(file)
  const line = await openLine(peer)
  const waits: number[] = []
  const startedAt = performance.now()
  let isCopying = true
  const copying = copyBySmb(peer, file).finally(() => {
    isCopying = false
  })
  try {
    const body = Buffer.alloc(4096, 7)
    while (isCopying) {
      const askedAt = performance.now()
      await line.send('PUT', `beside-${waits.length}.bin`, body)
      waits.push(performance.now() - askedAt)
    }
    await copying
  } finally {
    line.close()
    rmSync(file, { force: true })
  }
  const seconds = (performance.now() - startedAt) / 1000
  waits.sort((a, b) => a - b)
  const at = (part: number) => waits[Math.floor((waits.length - 1) * part)] ?? Number.NaN
  return {
    count: waits.length,
    half: at(0.5),
    most: at(0.99),
    worst: at(1),
    copyRate: copiedBytes / 1e6 / seconds,
  }
}

function fill(file: string) {
  const fd = openSync(file, 'w')
  for (let at = 0; at < copiedBytes; at += pieceBytes)
    writeSync(fd, Buffer.alloc(pieceBytes, at / pieceBytes))
  closeSync(fd)
}

async function copyBySmb({ smbPort, authorization = '' }: Peer, file: string) {
  const [name, password] = atob(authorization.replace('Basic ', '')).split(':')
  const target = ['-p', String(smbPort), '//127.0.0.1/shared', '-U', `${name}%${password}`]
  await promisify(execFile)('smbclient', [...target, '-c', `put ${file} copied.bin`])
}
