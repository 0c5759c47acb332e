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
