import { badRequest } from '../errors.ts'
import { renderElement } from '../render/xml.ts'
import { child, isDav, type XmlElement } from './xml.ts'

export interface LockInfo {
  isShared: boolean
  /** The owner element as the client wrote it, with its own namespaces; empty where there is none. */
  owner: string
}

const maxOwnerLength = 8192

/** `<lockinfo>` (RFC 4918, 14.11). */
export function parseLockInfo(root: XmlElement): LockInfo {
  const scope = child(root, 'lockscope')
  const type = child(root, 'locktype')
  if (!isDav(root, 'lockinfo') || !scope || !type)
    throw badRequest('The body of a LOCK is a DAV: lockinfo element.')
  const isShared = child(scope, 'shared') !== undefined
  const isExclusive = child(scope, 'exclusive') !== undefined
  if (isShared === isExclusive || !child(type, 'write'))
    throw badRequest('Locks are exclusive or shared write locks.')
  const owner = child(root, 'owner')
  const text = owner ? ownerText(owner) : ''
  if (text.length > maxOwnerLength) throw badRequest('The owner of a lock is too long.')
  return { isShared, owner: text }
}

/** With the prefix that iOS and old clients look for. */
function ownerText(owner: XmlElement): string {
  const inner = renderElement({ ...owner, name: 'owner' })
  return inner.replace(/^<owner xmlns="DAV:"/, '<d:owner xmlns="DAV:"').replace(/<\/owner>$/, '</d:owner>')
}
