/** The name that Windows' Previous Versions knows: `@GMT-2026.11.22-05.31.00`, in UTC. */
export function snapshotIdAt(atMs: number): string {
  const [date = '', time = ''] = new Date(atMs).toISOString().split('T')
  return `@GMT-${date.replaceAll('-', '.')}-${time.slice(0, 8).replaceAll(':', '.')}`
}

const pattern = /^@GMT-(\d{4})\.(\d{2})\.(\d{2})-(\d{2})\.(\d{2})\.(\d{2})$/

/** ISO time of a snapshot, or undefined for what is none. */
export function timeOfSnapshot(id: string): string | undefined {
  const match = pattern.exec(id)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second] = match
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`)
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}
