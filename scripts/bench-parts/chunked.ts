import { createReadStream, statSync } from 'node:fs'
import { request } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Peer } from './load.ts'

const chunkBytes = 100 * 1024 ** 2

/** Uploads a file as the desktop client does: the MB/s of all of it, and the milliseconds of its end. */
export async function uploadChunked(
  peer: Peer,
  name: string,
  file: string,
): Promise<{ rate: number; endMs: number }> {
  const total = statSync(file).size
  const transfer = `${/^.*?(?=\/files\/)/.exec(peer.url)}/uploads/${/\/files\/([^/]+)/.exec(peer.url)?.[1]}/bench-${name}`
  const headers = { destination: new URL(peer.url + name).pathname, 'oc-total-length': String(total) }
  const startedAt = performance.now()
  await send(peer, 'MKCOL', transfer, headers)
  for (let start = 0, number = 1; start < total; start += chunkBytes, number += 1) {
    const end = Math.min(start + chunkBytes, total)
    const about = { ...headers, 'oc-chunk-offset': String(start), 'content-length': String(end - start) }
    await send(peer, 'PUT', `${transfer}/${String(number).padStart(5, '0')}`, about, {
      file,
      start,
      end: end - 1,
    })
  }
  const endsAt = performance.now()
  await send(peer, 'MOVE', `${transfer}/.file`, headers)
  const now = performance.now()
  return { rate: total / 1e3 / (now - startedAt), endMs: now - endsAt }
}

async function send(
  { authorization }: Peer,
  method: string,
  url: string,
  headers: Record<string, string>,
  part?: { file: string; start: number; end: number },
): Promise<void> {
  const asked = request(url, { method, headers: authorization ? { ...headers, authorization } : headers })
  const answered = new Promise<number | undefined>((resolve, reject) => {
    asked.once('error', reject).once('response', response => {
      response.resume().once('end', () => resolve(response.statusCode))
    })
  })
  if (part) await pipeline(createReadStream(part.file, { ...part, highWaterMark: 1024 ** 2 }), asked)
  else asked.end()
  const status = await answered
  if (status !== 201 && status !== 204) throw new Error(`${method} ${url}: ${status}`)
}
