import { z } from 'zod'

/** What the kernel says, as text: pure code reads it, and a recorded machine is a test. */
export const rawFacts = z.object({
  /** Path to text; what is not there, or says nothing, is left out. */
  files: z.record(z.string(), z.string()),
  /** Path to where it really is, or to the name of a driver. */
  links: z.record(z.string(), z.string()),
  /** Paths that a setting may be written to. */
  writable: z.array(z.string()),
  /** A disk's kernel name to a short name that stays with the disk and tells nothing of its serial. */
  keys: z.record(z.string(), z.string()),
  /** What programs printed: `ethtool -k eth0`. */
  printed: z.record(z.string(), z.string()),
})
export type RawFacts = z.infer<typeof rawFacts>
