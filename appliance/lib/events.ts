/**
 * News that travels upward and between processes. A domain adds its events by declaration merging:
 * `declare module '../lib/events.ts' { interface EventMap { 'shares/changed': { share: string } } }`
 */
// biome-ignore lint/suspicious/noEmptyInterface: domains add to it by declaration merging
export interface EventMap {}

export type EventName = keyof EventMap & string
export type AnyEvent = { [K in EventName]: { name: K; data: EventMap[K] } }[EventName]

export interface Events {
  /** Reaches every listener here, and every other process when the events are joined to the agent's bus. */
  publish<K extends EventName>(name: K, data: EventMap[K]): void
  on<K extends EventName>(name: K, listener: (data: EventMap[K]) => void): () => void
  onAny(listener: (event: AnyEvent) => void): () => void
}

export interface JoinableEvents extends Events {
  /** Connects to the other processes; `deliver` what comes from them. */
  join(send: (event: AnyEvent) => void): void
  deliver(event: AnyEvent): void
}

export function createEvents(onError: (error: unknown) => void = rethrowLater): JoinableEvents {
  const listeners = new Set<(event: AnyEvent) => void>()
  let send: ((event: AnyEvent) => void) | undefined

  const deliver = (event: AnyEvent) => {
    for (const listener of [...listeners]) {
      try {
        listener(event)
      } catch (error) {
        onError(error)
      }
    }
  }
  const onAny = (listener: (event: AnyEvent) => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  return {
    publish(name, data) {
      const event = { name, data } as AnyEvent
      deliver(event)
      send?.(event)
    },
    on(name, listener) {
      return onAny(event => {
        const { name: happened, data } = event as { name: string; data: unknown }
        if (happened === name) listener(data as EventMap[typeof name])
      })
    },
    onAny,
    deliver,
    join(other) {
      send = other
    },
  }
}

function rethrowLater(error: unknown) {
  queueMicrotask(() => {
    throw error
  })
}
