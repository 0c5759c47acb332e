import type { LockRow } from '../store/migrations.ts'

/** What `lockdiscovery` holds (RFC 4918, 15.8). */
export function renderLocks(
  locks: readonly LockRow[],
  nowMs: number,
  hrefOf: (lock: LockRow) => string,
): string {
  return locks.map(lock => renderLock(lock, nowMs, hrefOf(lock))).join('')
}

function renderLock(lock: LockRow, nowMs: number, href: string): string {
  const seconds = Math.max(0, Math.round((lock.endsAt - nowMs) / 1000))
  return (
    '<d:activelock><d:locktype><d:write/></d:locktype>' +
    `<d:lockscope><d:${lock.isShared ? 'shared' : 'exclusive'}/></d:lockscope>` +
    `<d:depth>${lock.isInfinite ? 'infinity' : '0'}</d:depth>${lock.owner}` +
    `<d:timeout>Second-${seconds}</d:timeout><d:locktoken><d:href>${lock.token}</d:href></d:locktoken>` +
    `<d:lockroot><d:href>${href}</d:href></d:lockroot></d:activelock>`
  )
}
