import { disksBelow, takenInWords } from './below.ts'
import { type Proposal, rateInWords, type World } from './proposal.ts'

const aes = 'TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256'
const chacha = 'TLS_CHACHA20_POLY1305_SHA256,TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384'

/** Measured where it was; else AES where the processor has instructions for it, which is when it wins. */
export function tlsCiphers({ facts, measured }: World): Proposal[] {
  // Without HTTPS there is nothing to order.
  if (facts.settable['tls.ciphers'] === undefined || (facts.cpu.model === null && !measured)) return []
  const hasInstructions = facts.cpu.features.includes('aes')
  const isAesFaster = measured
    ? measured.ciphers.aes128gcm >= measured.ciphers.chacha20poly1305
    : hasInstructions
  return [
    {
      name: 'tls.ciphers',
      group: 'servers',
      title: 'Order of ciphers, HTTPS',
      to: isAesFaster ? aes : chacha,
      reason: `${isAesFaster ? 'AES with 128 bits' : 'ChaCha20'} is the fastest of three ciphers that are safe alike here.`,
      evidence: measured
        ? `AES-128-GCM ${rateInWords(measured.ciphers.aes128gcm)}, AES-256-GCM ${rateInWords(measured.ciphers.aes256gcm)}, ChaCha20 ${rateInWords(measured.ciphers.chacha20poly1305)}, measured here.`
        : `The processor has ${hasInstructions ? '' : 'no '}instructions for AES.`,
      effect: 'Less work for the processor with each encrypted transfer, from the next connection on.',
    },
  ]
}

/** SMB knows no ChaCha20. Which way of signing is faster, only measuring tells. */
export function smbSigning({ measured }: World): Proposal[] {
  if (!measured) return []
  const { aes128gmac, hmacSha256 } = measured.ciphers
  const isAesFaster = aes128gmac >= hmacSha256
  return [
    {
      name: 'samba.signing',
      group: 'faces',
      title: 'Order of signatures, SMB',
      to: isAesFaster ? 'AES-128-GMAC,AES-128-CMAC,HMAC-SHA256' : 'HMAC-SHA256,AES-128-GMAC,AES-128-CMAC',
      reason: `${isAesFaster ? 'AES' : 'SHA-256'} signs faster on this processor.`,
      evidence: `AES-128-GMAC ${rateInWords(aes128gmac)}, HMAC-SHA256 ${rateInWords(hmacSha256)}, measured here.`,
      effect: 'Signed connections, which are the usual ones, cost less.',
    },
  ]
}

export function smbEncryption({ facts, measured }: World): Proposal[] {
  const to = 'AES-128-GCM,AES-256-GCM,AES-128-CCM,AES-256-CCM'
  const hasBoth = facts.cpu.features.includes('aes') && facts.cpu.features.includes('pclmul')
  if (!hasBoth && !measured) return []
  return [
    {
      name: 'samba.encryption',
      group: 'faces',
      title: 'Order of ciphers, SMB',
      to,
      reason:
        'GCM does several blocks at once where CCM does one after the other, and 128 bits cost less than 256.',
      evidence: measured
        ? `AES-128-GCM ${rateInWords(measured.ciphers.aes128gcm)}, AES-256-GCM ${rateInWords(measured.ciphers.aes256gcm)}, measured here.`
        : 'The processor has instructions for AES and for GCM.',
      effect: 'Encrypted connections are as fast as this processor allows.',
    },
  ]
}

/** Several requests of one client at a time pay where the disks below take several at a time. */
export function smbAsync({ facts }: World): Proposal[] {
  const below = disksBelow(facts)
  const deep = below.filter(disk => (disk.queueDepth ?? 0) > 1 || disk.queues > 1)
  if (deep.length === 0 || deep.length < below.length) return []
  return [
    {
      name: 'samba.async',
      group: 'faces',
      title: 'Several requests at once, SMB',
      to: 'yes',
      reason: 'The disks take several requests at a time, and order them.',
      evidence: `${deep.map(takenInWords).join(', ')}.`,
      effect: 'One client keeps the disks busy.',
    },
  ]
}
