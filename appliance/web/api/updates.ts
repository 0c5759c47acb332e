import { queryOptions } from '@tanstack/react-query'
import type {
  Difference,
  EarlierVersion,
  SourceState,
  UpdateSource,
  UpdateState,
} from '../../updates/schema.ts'
import { failureOf } from '../kit/api/failure.ts'
import { addressOf, ourOwn, request } from '../kit/api/request.ts'

export type { Difference, EarlierVersion, SourceState, UpdateState }

export const updatesQuery = queryOptions({
  queryKey: ['updates'],
  queryFn: () => request<UpdateState>('GET', '/updates'),
})

/** Where updates come from, and what was found there. */
export const sourceQuery = queryOptions({
  queryKey: ['updates', 'source'],
  queryFn: () => request<SourceState>('GET', '/updates/source'),
})

export function decideSource(source: UpdateSource): Promise<SourceState> {
  return request('PUT', '/updates/source', { body: source })
}

export function lookForUpdates(): Promise<SourceState> {
  return request('POST', '/updates/look')
}

export function takeUpdate(version: string): Promise<{ job: string }> {
  return request('POST', '/updates/take', { body: { version } })
}

/** What going back would lose; comparing takes a moment. */
export const earlierQuery = queryOptions({
  queryKey: ['updates', 'earlier'],
  queryFn: () => request<EarlierVersion | null>('GET', '/updates/earlier'),
})

export function goBack(version: string): Promise<void> {
  return request('POST', '/updates/go-back', { body: { version } })
}

const pieceBytes = 8 * 1024 * 1024

/** In pieces: one that was cut is sent once more. */
export async function sendBundle(file: Blob, onProgress: (fraction: number) => void): Promise<void> {
  for (let offset = 0; offset < file.size; offset += pieceBytes) {
    const body = file.slice(offset, offset + pieceBytes)
    await sendPiece(body, offset)
    onProgress(Math.min(1, (offset + body.size) / file.size))
  }
}

async function sendPiece(body: Blob, offset: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await fetch(addressOf('/updates/bundle', { offset }), {
        method: 'PUT',
        headers: ourOwn,
        body,
      })
      if (answer.ok) return
      throw failureOf(answer.status, await answer.json().catch(() => undefined))
    } catch (error) {
      if (attempt === 5) throw error
      // Until the box answers again, or does not.
      await request('GET', '/updates')
    }
  }
}

export function dropBundle(): Promise<void> {
  return request('DELETE', '/updates/bundle')
}

export function installBundle(allowOlder: boolean): Promise<{ job: string }> {
  return request('POST', '/updates/install', { body: { allowOlder } })
}

export function restartBox(when: 'now' | 'night' | 'never'): Promise<void> {
  return request('POST', '/updates/restart', { body: { when } })
}
