/** How the box is, as far as the tuning wants to know. */
export interface Wellbeing {
  state: 'ok' | 'warning' | 'danger'
  issues: readonly { code: string; subject?: string | undefined; title: string }[]
}

/** What is worse now than before, in words; undefined: nothing. */
export function fallOf(before: Wellbeing, now: Wellbeing): string | undefined {
  const known = new Set(before.issues.map(keyOf))
  const fresh = now.issues.find(issue => !known.has(keyOf(issue)))
  if (fresh) return fresh.title
  const order = ['ok', 'warning', 'danger']
  return order.indexOf(now.state) > order.indexOf(before.state)
    ? 'The box is not as well as before'
    : undefined
}

function keyOf({ code, subject = '' }: Wellbeing['issues'][number]): string {
  return `${code}\0${subject}`
}

/** Syncing takes this much longer than when it was measured: then it has fallen. Below the least nobody notices. */
const slowerBy = 3
const leastMs = 50

export function isSyncSlow(p99Ms: number, calibratedP99Ms: number): boolean {
  return p99Ms > Math.max(calibratedP99Ms * slowerBy, leastMs)
}
