import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Entry, Files } from '../../files/index.ts'
import type { Actor } from '../../http/route.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { LockStore } from '../store/locks.ts'
import type { PropertyStore } from '../store/properties.ts'

export interface DavDeps {
  files: Files
  properties: PropertyStore
  locks: LockStore
  clock: Clock
  log: Log
  /** Ends every `oc:id`: tells one box from another. */
  instanceId: string
}

/** One request, at an address that is a file, a folder, or could become one. */
export interface DavCall extends DavDeps {
  request: IncomingMessage
  response: ServerResponse
  actor: Actor
  path: string[]
  /** The start of every address in this tree, `/dav/files/NAME`. */
  mount: string
  isFolderForm: boolean
}

/** What there is at a path, or undefined. */
export async function entryAt(
  call: DavCall,
  path: readonly string[] = call.path,
): Promise<Entry | undefined> {
  try {
    return await call.files.stat(call.actor, path)
  } catch (error) {
    if (error instanceof Error && 'kind' in error && error.kind === 'missing') return undefined
    throw error
  }
}
