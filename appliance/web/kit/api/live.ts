import { type QueryKey, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { createGathering } from './gathering.ts'
import { addressOf } from './request.ts'

/** What is out of date after an event of this name; `later` is what may be shown a little behind. */
export type Stale = Record<string, (data: Record<string, unknown>) => QueryKey[] | StaleKeys>

interface StaleKeys {
  soon: QueryKey[]
  later: QueryKey[]
}

const gatherMs = 250
const gatherLaterMs = 1_500

type Listener = (data: Record<string, unknown>) => void
const listeners = new Map<string, Set<Listener>>()

/** Is told each of these news, over the one stream that `useLive` holds open for the page. */
export function useNews(name: string, listener: Listener): void {
  useEffect(() => {
    const all = listeners.get(name) ?? new Set()
    listeners.set(name, all.add(listener))
    return () => void all.delete(listener)
  }, [name, listener])
}

/**
 * Listens to the box's news and asks again for what they made stale. News are gathered for a moment: an upload of a
 * thousand files is one question, not a thousand. After a lost connection everything is asked again. What is `passedOn`
 * goes to `useNews`.
 */
export function useLive(stale: Stale, passedOn: readonly string[] = none): void {
  const client = useQueryClient()
  useEffect(() => {
    const source = new EventSource(addressOf('/events'))
    const soon = createGathering(client, gatherMs)
    const later = createGathering(client, gatherLaterMs)
    let wasLost = false

    for (const [name, keysOf] of Object.entries(stale)) {
      source.addEventListener(name, event => {
        const keys = keysOf(parseData(event))
        soon.add('soon' in keys ? keys.soon : keys)
        if ('later' in keys) later.add(keys.later)
      })
    }
    for (const name of passedOn)
      source.addEventListener(name, event => {
        for (const listener of listeners.get(name) ?? []) listener(parseData(event))
      })
    source.onerror = () => {
      wasLost = true
    }
    source.onopen = () => {
      if (wasLost) soon.add([everything])
      wasLost = false
    }
    return () => {
      source.close()
      soon.stop()
      later.stop()
    }
  }, [client, stale, passedOn])
}

const none: readonly string[] = []
const everything: QueryKey = []

function parseData(event: MessageEvent<string>): Record<string, unknown> {
  const data: unknown = JSON.parse(event.data)
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {}
}
