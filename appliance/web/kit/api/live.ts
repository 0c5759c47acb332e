import { type QueryKey, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { addressOf } from './request.ts'

/** What is out of date after an event of this name. */
export type Stale = Record<string, (data: Record<string, unknown>) => QueryKey[]>

const gatherMs = 250

/**
 * Listens to the box's news and asks again for what they made stale. News are gathered for a moment: an upload of a
 * thousand files is one question, not a thousand. After a lost connection everything is asked again.
 */
export function useLive(stale: Stale): void {
  const client = useQueryClient()
  useEffect(() => {
    const source = new EventSource(addressOf('/events'))
    const gathered = new Map<string, QueryKey>()
    let timer: ReturnType<typeof setTimeout> | undefined
    let wasLost = false

    const flush = () => {
      timer = undefined
      for (const queryKey of gathered.values()) void client.invalidateQueries({ queryKey })
      gathered.clear()
    }
    const gather = (keys: QueryKey[]) => {
      for (const key of keys) gathered.set(JSON.stringify(key), key)
      timer ??= setTimeout(flush, gatherMs)
    }
    for (const [name, keysOf] of Object.entries(stale)) {
      source.addEventListener(name, event => gather(keysOf(parseData(event))))
    }
    source.onerror = () => {
      wasLost = true
    }
    source.onopen = () => {
      if (wasLost) void client.invalidateQueries()
      wasLost = false
    }
    return () => {
      source.close()
      clearTimeout(timer)
    }
  }, [client, stale])
}

function parseData(event: MessageEvent<string>): Record<string, unknown> {
  const data: unknown = JSON.parse(event.data)
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {}
}
