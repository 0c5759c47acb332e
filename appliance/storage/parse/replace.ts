export type ReplaceReport =
  | { state: 'running'; fraction: number }
  | { state: 'finished' | 'cancelled' | 'suspended' | 'none' }

/** `btrfs replace status -1 PATH` (btrfs-replace(8)). */
export function parseReplaceStatus(output: string): ReplaceReport {
  const percent = /([\d.]+)% done/.exec(output)
  if (percent && /suspended/i.test(output)) return { state: 'suspended' }
  if (percent) return { state: 'running', fraction: Number(percent[1]) / 100 }
  if (/finished on/.test(output)) return { state: 'finished' }
  if (/cancell?ed on/.test(output)) return { state: 'cancelled' }
  if (/suspended on/.test(output)) return { state: 'suspended' }
  return { state: 'none' }
}
