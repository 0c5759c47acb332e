import { z } from 'zod'

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'

/** Lower case; one label or more. */
export const dnsName = z
  .string()
  .max(253)
  .regex(new RegExp(`^${label}(?:\\.${label})*$`), 'not the name of a machine')
export const ipAddress = z.union([z.ipv4(), z.ipv6()], 'not an IP address')

export const certificateNames = z.strictObject({
  /** The first is the box's own on the network: `cairn.local`. */
  names: z.array(dnsName).min(1).max(30),
  addresses: z.array(ipAddress).max(60),
})
export type CertificateNames = z.infer<typeof certificateNames>

const pem = z.string().max(64 * 1024)

/** PEM texts (RFC 7468). */
export const credentials = z.object({
  authority: pem,
  certificate: pem,
  key: pem,
})
export type Credentials = z.infer<typeof credentials>

export const certificateInfo = z.object({
  port: z.number().int().meta({ description: 'Where HTTPS is served' }),
  isRequired: z.boolean().meta({ description: 'HTTP leads to HTTPS' }),
  isPlainAllowed: z.boolean().meta({ description: 'Programs are served over HTTP as well' }),
  names: z.array(z.string()),
  addresses: z.array(z.string()),
  validUntil: z.iso.datetime().meta({ description: 'It is renewed a month before' }),
  authority: z.object({
    name: z.string(),
    fingerprint: z.string().meta({ description: 'SHA-256, as browsers show it' }),
    validUntil: z.iso.datetime(),
    address: z.string().meta({ description: 'Where to download it, over HTTP too' }),
  }),
})
export type CertificateInfo = z.infer<typeof certificateInfo>

/** `ssh-ed25519 AAAA… ann@laptop`: a line of a file, so nothing that could end it. */
export const sshKeyLine = z
  .string()
  .max(4096)
  .regex(/^[\w@.-]+ [A-Za-z0-9+/]+={0,2}(?: [^\p{C}]*)?$/u, 'no public key')

export const sshKey = z.object({
  id: z.string(),
  type: z.string(),
  comment: z.string(),
  fingerprint: z.string().meta({ description: 'SHA-256, as ssh-keygen -l shows it' }),
})
export type SshKey = z.infer<typeof sshKey>

export const sshState = z.object({
  isPossible: z.boolean().meta({ description: 'Only on a box that was flashed as an image' }),
  isOn: z.boolean().meta({ description: 'The keys below may come in' }),
  isRunning: z
    .boolean()
    .meta({ description: 'Somebody may come in: by these keys, or by those on the boot partition' }),
  keys: z.array(sshKey),
  bootKeys: z.array(sshKey).meta({ description: 'Those in authorized_keys on the boot partition' }),
})
export type SshState = z.infer<typeof sshState>
