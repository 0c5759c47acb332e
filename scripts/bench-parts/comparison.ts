import type { BroughtResult } from '../../appliance/tuning/schema/index.ts'

/** What was compared: the times of one way, and of the other. */
export interface Comparison extends Pick<BroughtResult, 'group' | 'what' | 'work'> {
  with: string
  without: string
  times: { with: number[]; without: number[] }
}

export interface Compared {
  comparisons: Comparison[]
  /** What could not be compared, and why. */
  notes: string[]
}

export interface Bench {
  /** An empty folder on the disk. */
  scratch: string
  pairs: number
  /** 1, or less for trying. */
  scale: number
  /** Done when all is over, the last first. */
  stops: (() => Promise<void> | void)[]
}
