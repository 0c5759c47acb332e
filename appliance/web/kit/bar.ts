/** One figure of a chart. */
export interface Bar {
  label: string
  value: number
  /** The value as people read it, with its unit. */
  words: string
  note?: string | undefined
  isMarked?: boolean
}
