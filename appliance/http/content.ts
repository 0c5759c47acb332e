import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { lookup } from 'mime-types'
import { isRangeWanted, judgeConditions } from './conditions.ts'
import { httpDate } from './dates.ts'
import { type ByteRange, parseRange } from './range.ts'

/** Something that can be read at any position, and how it is to be shown. */
export interface Content {
  name: string
  size: number
  /** Without quotes. */
  etag: string | undefined
  modifiedAtMs: number
  isAttachment: boolean
  /** Fills `into` from `position` on; the bytes read, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>
  /** The same at once, for pieces that are small. */
  readNow(into: Uint8Array, position: number): number
}

/**
 * What a user uploaded can never run script in our origin, whatever it is and however it is opened.
 */
export const sandboxPolicy =
  "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"

/** What a browser may show in place: it runs none of them as a document with script. */
const inlineTypes = /^(image\/(png|jpeg|gif|webp|avif|bmp|heic)|audio\/[\w.+-]+|video\/[\w.+-]+|text\/plain)$/

export function typeOf(name: string): string {
  return lookup(name) || 'application/octet-stream'
}

/** Answers GET and HEAD with conditions, ranges and several ranges at once (RFC 9110, 13 to 15). */
export async function sendContent(
  request: IncomingMessage,
  response: ServerResponse,
  content: Content,
): Promise<void> {
  setHeaders(response, content)
  const verdict = judgeConditions(request.headers, content, true)
  if (verdict === 'failed') return end(response, 412)
  if (verdict === 'not-modified') return end(response, 304)
  const isWanted = isRangeWanted(request.headers, content)
  const ranges =
    isWanted && request.method === 'GET' ? parseRange(request.headers.range, content.size) : undefined
  const isHead = request.method === 'HEAD'
  if (!ranges) return sendWhole(response, content, isHead)
  const [first] = ranges
  if (!first) return refuseRange(response, content)
  if (ranges.length === 1) return sendOne(response, content, first)
  return sendSeveral(response, content, ranges)
}

function setHeaders(response: ServerResponse, { name, etag, modifiedAtMs, isAttachment }: Content) {
  const type = typeOf(name)
  const isInline = !isAttachment && inlineTypes.test(type)
  response.setHeader('Content-Type', type === 'text/plain' ? 'text/plain; charset=utf-8' : type)
  response.setHeader('Content-Disposition', `${isInline ? 'inline' : 'attachment'}; ${dispositionName(name)}`)
  response.setHeader('Content-Security-Policy', sandboxPolicy)
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
  response.setHeader('Cache-Control', 'private, no-cache')
  response.setHeader('Accept-Ranges', 'bytes')
  response.setHeader('Last-Modified', httpDate(modifiedAtMs))
  if (etag !== undefined) response.setHeader('ETag', `"${etag}"`)
}

/** RFC 6266: the plain form for old clients, the encoded one for all others. */
export function dispositionName(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  return `filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, percent)}; filename="${plain}"`
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

function end(response: ServerResponse, status: number) {
  response.removeHeader('Content-Type')
  response.removeHeader('Content-Disposition')
  response.statusCode = status
  if (status !== 304) response.setHeader('Content-Length', 0)
  response.end()
}

function refuseRange(response: ServerResponse, { size }: Content) {
  response.setHeader('Content-Range', `bytes */${size}`)
  end(response, 416)
}

async function sendWhole(response: ServerResponse, content: Content, isHead: boolean) {
  response.setHeader('Content-Length', content.size)
  if (isHead || content.size === 0) return void response.end()
  await sendBytes(response, content, { start: 0, end: content.size - 1 })
  response.end()
}

async function sendOne(response: ServerResponse, content: Content, range: ByteRange) {
  response.statusCode = 206
  response.setHeader('Content-Range', rangeText(range, content.size))
  response.setHeader('Content-Length', range.end - range.start + 1)
  await sendBytes(response, content, range)
  response.end()
}

async function sendSeveral(response: ServerResponse, content: Content, ranges: readonly ByteRange[]) {
  const boundary = randomUUID()
  const type = String(response.getHeader('Content-Type'))
  const parts = ranges.map(range => ({
    range,
    head: `\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: ${rangeText(range, content.size)}\r\n\r\n`,
  }))
  const tail = `\r\n--${boundary}--\r\n`
  const length = parts.reduce(
    (sum, { range, head }) => sum + head.length + range.end - range.start + 1,
    tail.length,
  )
  response.statusCode = 206
  response.setHeader('Content-Type', `multipart/byteranges; boundary=${boundary}`)
  response.setHeader('Content-Length', length)
  for (const { range, head } of parts) {
    await write(response, Buffer.from(head, 'latin1'))
    await sendBytes(response, content, range)
  }
  response.end(tail)
}

function rangeText({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end}/${size}`
}

const pieceBytes = 1024 * 1024
const directBytes = 64 * 1024

/** Two buffers in turn: one is filled while the other is on its way out, and none is allocated on the way. */
async function sendBytes(
  response: ServerResponse,
  content: Content,
  { start, end }: ByteRange,
): Promise<void> {
  const total = end - start + 1
  if (total <= directBytes) return void response.write(readPiece(response, content, start, total))
  const buffers = takeBuffers()
  try {
    let position = start
    let underWay: Promise<void> = Promise.resolve()
    for (let turn = 0; position <= end; turn = 1 - turn) {
      const buffer = turn === 0 ? buffers.a : buffers.b
      const size = await content.read(buffer.subarray(0, Math.min(pieceBytes, end - position + 1)), position)
      if (size === 0) throw endedEarly(response)
      await underWay
      underWay = write(response, buffer.subarray(0, size))
      underWay.catch(() => undefined)
      position += size
    }
    await underWay
  } catch (error) {
    // Nobody is left to be told.
    if (!(error instanceof ConnectionCut)) throw error
  } finally {
    giveBack(buffers, response)
  }
}

function readPiece(response: ServerResponse, content: Content, start: number, total: number): Buffer {
  const buffer = Buffer.allocUnsafe(total)
  let filled = 0
  while (filled < total) {
    const size = content.readNow(buffer.subarray(filled), start + filled)
    if (size === 0) throw endedEarly(response)
    filled += size
  }
  return buffer
}

/** The file became shorter meanwhile: the client must not take what it has for all of it. */
function endedEarly(response: ServerResponse): ConnectionCut {
  response.destroy()
  return new ConnectionCut()
}

/** Done when the bytes have left the buffer; fails when the connection ends before. */
function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const cut = () => reject(new ConnectionCut())
    if (response.destroyed) return cut()
    response.once('close', cut)
    response.write(bytes, error => {
      response.off('close', cut)
      if (error) cut()
      else resolve()
    })
  })
}

class ConnectionCut extends Error {}

interface Buffers {
  a: Buffer
  b: Buffer
}

const spare: Buffers[] = []
const maxSpare = 4

function takeBuffers(): Buffers {
  return spare.pop() ?? { a: Buffer.allocUnsafeSlow(pieceBytes), b: Buffer.allocUnsafeSlow(pieceBytes) }
}

/** After a cut connection a piece may still be on its way: such buffers are left to the collector. */
function giveBack(buffers: Buffers, response: ServerResponse) {
  if (spare.length < maxSpare && !response.destroyed && !response.errored) spare.push(buffers)
}
