/** What was compared: the times of one way, and of the other. */
export interface Comparison {
  what: string
  with: string
  without: string
  times: { with: number[]; without: number[] }
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
