export interface ScrubReport {
  state: 'running' | 'finished' | 'aborted' | 'interrupted' | 'none'
  bytesScrubbed: number
  counts: Record<string, number>
}

/** `btrfs scrub status -R PATH` (btrfs-scrub(8)). */
export function parseScrubStatus(output: string): ScrubReport {
  const state = /^Status:\s+(\w+)/m.exec(output)?.[1]
  const counts = Object.fromEntries(
    [...output.matchAll(/^\s+(\w+):\s+(\d+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  )
  return {
    state: isState(state) ? state : 'none',
    bytesScrubbed: (counts.data_bytes_scrubbed ?? 0) + (counts.tree_bytes_scrubbed ?? 0),
    counts,
  }
}

/** Nothing was found that it could not mend, and nothing escaped it. */
export function isCleanScrub({ state, counts }: ScrubReport): boolean {
  const unmended = ['uncorrectable_errors', 'malloc_errors', 'read_errors'] as const
  return state === 'finished' && unmended.every(name => (counts[name] ?? 0) === 0)
}

function isState(text: string | undefined): text is ScrubReport['state'] {
  return text === 'running' || text === 'finished' || text === 'aborted' || text === 'interrupted'
}
