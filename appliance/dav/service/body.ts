import type { IncomingMessage, ServerResponse } from 'node:http'
import { inviteBody } from '../../http/continue.ts'
import { Failure } from '../../lib/failure.ts'
import { badRequest } from '../errors.ts'
import { parseXml, type XmlElement } from '../parse/xml.ts'

const maxXmlBytes = 1024 * 1024

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** The body as XML; undefined where there is none. */
export async function readXml(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<XmlElement | undefined> {
  if (!hasBody(request)) return undefined
  const text = decode(await readAll(request, response))
  return text.trim() === '' ? undefined : parseXml(text)
}

async function readAll(request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxXmlBytes) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of bodyOf(request, response)) {
    size += chunk.length
    if (size > maxXmlBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Asks for the body once it is wanted; leaving off early leaves the connection to the answer. */
export async function* bodyOf(request: IncomingMessage, response: ServerResponse): AsyncGenerator<Buffer> {
  inviteBody(request, response)
  const whole = await shortBody(request)
  if (whole) yield whole
  else yield* request.iterator({ destroyOnReturn: false })
}

const shortBytes = 64 * 1024

/** A short body mostly comes in one piece: then it needs none of the turns that a stream takes. */
async function shortBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const length = Number(request.headers['content-length'])
  if (!(length > 0 && length <= shortBytes)) return undefined
  if (request.readableLength === 0) await somethingOf(request)
  if (request.readableLength !== length) return undefined
  const body: Buffer | null = request.read()
  request.resume()
  return body ?? undefined
}

/** The first of it, or its end, however that comes: whoever reads on is told. */
function somethingOf(request: IncomingMessage): Promise<void> {
  if (request.destroyed || request.readableEnded) return Promise.resolve()
  return new Promise(resolve => {
    const done = () => {
      request.off('readable', done).off('close', done).off('error', done)
      resolve()
    }
    request.on('readable', done).on('close', done).on('error', done)
  })
}

function decode(bytes: Buffer): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw badRequest('The body is not valid UTF-8.')
  }
}

function tooLarge(): Failure {
  return new Failure('too-large', 'dav/too-large', 'The XML of a request can have at most 1 MiB.')
}
