import type { ServerResponse } from 'node:http'
import type { Entry } from '../../files/index.ts'

export function replyEmpty(response: ServerResponse, status: number): void {
  response.statusCode = status
  if (status !== 204) response.setHeader('Content-Length', 0)
  response.end()
}

export function replyXml(response: ServerResponse, status: number, body: string): void {
  const bytes = Buffer.from(body)
  response.statusCode = status
  response.setHeader('Content-Type', 'application/xml; charset=utf-8')
  response.setHeader('Content-Length', bytes.length)
  response.end(bytes)
}

/** Clients of Nextcloud fail an upload without these, and go by `OC-ETag` where a proxy weakened `ETag`. */
export function setEntryHeaders(response: ServerResponse, entry: Entry, instanceId: string): void {
  if (entry.id !== undefined) response.setHeader('OC-FileId', ocId(entry.id, instanceId))
  setEtagHeaders(response, entry)
}

export function setEtagHeaders(response: ServerResponse, entry: Pick<Entry, 'etag'>): void {
  if (entry.etag === undefined) return
  response.setHeader('ETag', `"${entry.etag}"`)
  response.setHeader('OC-ETag', `"${entry.etag}"`)
}

export function ocId(id: number, instanceId: string): string {
  return String(id).padStart(8, '0') + instanceId
}
