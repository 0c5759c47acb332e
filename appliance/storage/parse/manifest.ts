import { z } from 'zod'
import { poolProfile, poolUuid } from '../schema.ts'

/** docs/on-disk-format.md, "manifest.json". */
const manifest = z.object({
  format: z.literal(1),
  name: z.string().min(1).max(64),
  uuid: poolUuid,
  profile: poolProfile,
  createdAt: z.iso.datetime(),
})
export type Manifest = z.infer<typeof manifest>

/** Undefined: no Cairn has written this, or a newer one did. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    return manifest.safeParse(JSON.parse(text)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
