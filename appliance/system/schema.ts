import { z } from 'zod'

/** A host name as people type it: one label of RFC 1123. */
export const hostName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/i, 'up to 15 letters, digits and hyphens, not at the ends')
  .transform(name => name.toLowerCase())

export const systemInfo = z.object({
  name: z.string(),
  version: z.string(),
  addresses: z.array(z.string()).describe('Where this box answers, as the network sees it.'),
  httpPort: z.number().int(),
  smbPort: z.number().int(),
})

export type SystemInfo = z.infer<typeof systemInfo>
