import type { DavCall } from '../service/call.ts'
import { copy } from './copy.ts'
import { remove } from './delete.ts'
import { get } from './get.ts'
import { lock } from './lock.ts'
import { mkcol } from './mkcol.ts'
import { move } from './move.ts'
import { patch } from './patch.ts'
import { propfind } from './propfind.ts'
import { proppatch } from './proppatch.ts'
import { put } from './put.ts'
import { unlock } from './unlock.ts'

/** Each verb in a file of its own. OPTIONS is answered before anybody is asked who they are. */
export const verbs: ReadonlyMap<string, (call: DavCall) => Promise<void>> = new Map([
  ['GET', get],
  ['HEAD', get],
  ['PUT', put],
  ['DELETE', remove],
  ['PATCH', patch],
  ['PROPFIND', propfind],
  ['PROPPATCH', proppatch],
  ['MKCOL', mkcol],
  ['COPY', copy],
  ['MOVE', move],
  ['LOCK', lock],
  ['UNLOCK', unlock],
])
