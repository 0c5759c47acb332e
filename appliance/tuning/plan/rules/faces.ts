import { mebibyte, type Proposal, rateInWords, sizeInWords, type World, within } from './proposal.ts'

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
  const below = facts.disks.filter(disk => facts.pools.some(pool => pool.disks.includes(disk.name)))
  const deep = below.filter(disk => (disk.queueDepth ?? 0) > 1 || disk.queues > 1)
  if (deep.length === 0 || deep.length < below.length) return []
  return [
    {
      name: 'samba.async',
      group: 'faces',
      title: 'Several requests at once, SMB',
      to: 'yes',
      reason: 'The disks take several requests at a time, and order them.',
      evidence: deep
        .map(
          disk =>
            `${disk.name} takes ${disk.queues > 1 ? `requests on ${disk.queues} queues` : `${disk.queueDepth} requests`}`,
        )
        .join(', ')
        .concat('.'),
      effect: 'One client keeps the disks busy.',
    },
  ]
}

/** NFS-Ganesha makes as many as there is work for, up to this: ganesha-core-config(8), RPC_Ioq_ThrdMax. */
const usualThreads = 200
const leastThreads = 16
/** A thread holds one request and one answer of the largest size that is negotiated, 1 MB. */
const threadBytes = 2 * mebibyte

/** Fewer only, where as many requests as Ganesha takes at a time would not fit into a sixteenth of the memory. */
export function nfsThreads({ facts }: World): Proposal[] {
  const { totalBytes } = facts.memory
  const threads = within(Math.floor(totalBytes / 16 / threadBytes), leastThreads, usualThreads)
  if (totalBytes === 0 || threads === usualThreads) return []
  return [
    {
      name: 'nfs.threads',
      group: 'faces',
      title: 'NFS requests at once',
      to: String(threads),
      reason:
        'Each request that is worked on takes memory, and there is not enough for as many as NFS would take.',
      evidence: `${sizeInWords(totalBytes)} of memory; ${usualThreads} requests may take ${sizeInWords(usualThreads * threadBytes)}.`,
      effect:
        'Many NFS clients at once cannot take the memory of everything else. The NFS server starts anew with it, and clients wait up to twenty seconds.',
      memoryBytes: threads * threadBytes,
    },
  ]
}
