/** A public key as OpenSSH has it in a line (sshd(8), AUTHORIZED_KEYS FILE FORMAT), without options before it. */
export interface SshKeyLine {
  type: string
  /** What the key is, base64. */
  body: string
  /** Whose it is, as its owner says. */
  comment: string
}

const types = [
  'ssh-ed25519',
  'sk-ssh-ed25519@openssh.com',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ecdsa-sha2-nistp256@openssh.com',
  'ssh-rsa',
]
/** NIST SP 800-131A: what is shorter is too weak. */
const leastRsaBits = 2048
const linePattern = /^(\S+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]+(.*))?$/

/** The key, or in words what is wrong with the text. */
export function parseSshKey(text: string): SshKeyLine | string {
  const line = text.trim()
  if (line.includes('PRIVATE KEY'))
    return 'a private key: keep it to yourself, and paste the one in the file .pub'
  if (/[\r\n]/.test(line)) return 'more than one line: add one key after the other'
  const [, type = '', body = '', comment = ''] = linePattern.exec(line) ?? []
  if (!types.includes(type)) return `no public key: it begins with ${types[0]} or another kind`
  const fields = fieldsOf(Buffer.from(body, 'base64'))
  if (fields[0]?.toString('latin1') !== type) return 'cut off, or no public key'
  if (type === 'ssh-rsa' && bitsOf(fields[2]) < leastRsaBits)
    return `too short: RSA keys have ${leastRsaBits} bits or more`
  return { type, body, comment: printable(comment) }
}

/** Each is its length and itself (RFC 4251, 5, string). Empty where they do not end where the key does. */
function fieldsOf(blob: Buffer): Buffer[] {
  const fields: Buffer[] = []
  let at = 0
  while (at < blob.length) {
    if (at + 4 > blob.length) return []
    const end = at + 4 + blob.readUInt32BE(at)
    if (end > blob.length) return []
    fields.push(blob.subarray(at + 4, end))
    at = end
  }
  return fields
}

function bitsOf(number: Buffer | undefined): number {
  return number ? BigInt(`0x${number.toString('hex') || '0'}`).toString(2).length : 0
}

/** It is shown, and written into a file of lines. */
function printable(comment: string): string {
  return comment.replace(/\p{C}/gu, '').trim().slice(0, 100)
}
