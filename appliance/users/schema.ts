import { z } from 'zod'

export const role = z.enum(['admin', 'member'])
export type Role = z.infer<typeof role>

/** Also a name for smbd, a folder and part of an address; hence so narrow. */
export const accountName = z
  .string()
  .regex(
    /^[a-z_][a-z0-9_.-]{0,31}$/,
    'Use up to 32 small letters, digits and . _ -, beginning with a letter or _.',
  )
  .refine(name => !name.endsWith('.'), 'A name cannot end with a dot.')

export const password = z
  .string()
  .min(8, 'A password has at least 8 characters.')
  .max(256, 'A password has at most 256 characters.')
  .refine(text => !text.includes('\0'), 'A password cannot contain NUL.')

export const displayName = z
  .string()
  .trim()
  .min(1, 'Enter a name.')
  .max(100, 'At most 100 characters.')
  .regex(/^[^\p{Cc}:]*$/u, 'A name cannot contain colons or control characters.')

export const label = z.string().trim().min(1, 'Say what it is for.').max(100, 'At most 100 characters.')

export const newUser = z.strictObject({
  name: accountName,
  password,
  displayName: displayName.optional(),
  role: role.default('member'),
})
export type NewUser = z.input<typeof newUser>

export const userChange = z.strictObject({ displayName: displayName.optional(), role: role.optional() })
export type UserChange = z.infer<typeof userChange>

export const user = z.object({
  name: z.string(),
  displayName: z.string(),
  role,
  groups: z.array(z.string()),
  createdAt: z.iso.datetime(),
})
export type User = z.infer<typeof user>

export const group = z.object({ name: z.string(), members: z.array(z.string()) })
export type Group = z.infer<typeof group>

const members = z.array(z.string().max(64)).max(10_000)
export const newGroup = z.strictObject({ name: accountName, members: members.default([]) })
export const groupChange = z.strictObject({ members })

export const appPassword = z.object({
  id: z.string(),
  label: z.string(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable().describe('Written every few minutes at most.'),
})
export type AppPassword = z.infer<typeof appPassword>

export const sessionReply = z.object({
  user: z.object({ name: z.string(), displayName: z.string(), role }),
})
