import { z } from 'zod'
import type { Signature } from '../schema.ts'

const found = z.object({
  signatures: z.array(
    z.object({
      device: z.string(),
      type: z.string(),
      uuid: z.string().nullable(),
      label: z.string().nullable(),
    }),
  ),
})

/** `wipefs --json DEVICE…` (wipefs(8)); it prints nothing at all when there is nothing to look at. */
export function parseWipefs(output: string): Signature[] {
  if (output.trim() === '') return []
  return found
    .parse(JSON.parse(output))
    .signatures.map(({ device, type, uuid, label }) => ({ device, type, uuid, label }))
}
