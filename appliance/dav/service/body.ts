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
  if (isHere(request)) {
    const body: Buffer | null = request.read()
    if (body) yield body
  } else yield* request.iterator({ destroyOnReturn: false })
}

/** A short body comes along with its headers: then it needs none of the turns that a stream takes. */
function isHere({ complete, readableLength, headers }: IncomingMessage): boolean {
  return complete && readableLength > 0 && readableLength === Number(headers['content-length'])
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
