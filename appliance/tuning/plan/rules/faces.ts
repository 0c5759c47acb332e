import { counted, mebibyte, type Proposal, rateInWords, type World } from './proposal.ts'

const aes = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'
const chacha = 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384'

/** Measured where it was; else AES where the processor has instructions for it, which is when it wins. */
export function tlsCiphers({ facts, measured }: World): Proposal[] {
  const { features } = facts.cpu
  if (facts.cpu.model === null && !measured) return []
  const isAesFaster = measured
    ? measured.ciphers.aes128gcm >= measured.ciphers.chacha20poly1305
    : features.includes('aes')
  const figures = measured
    ? `AES-GCM ${rateInWords(measured.ciphers.aes128gcm)}, ChaCha20 ${rateInWords(measured.ciphers.chacha20poly1305)}, measured here.`
    : `The processor has ${features.includes('aes') ? '' : 'no '}instructions for AES.`
  return [
    {
      name: 'tls.ciphers',
      group: 'faces',
      title: 'Order of ciphers, HTTPS',
      to: isAesFaster ? aes : chacha,
      reason: isAesFaster
        ? 'AES is the faster of two ciphers that are equally safe here.'
        : 'ChaCha20 is the faster of two ciphers that are equally safe here.',
      evidence: figures,
      effect: 'Less work for the processor with each encrypted transfer.',
      advice: { from: null, consumer: 'An HTTPS server would have to take it up, and there is none yet.' },
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

const usualThreads = 8
const mostThreads = 64
/** A thread holds one request and one answer of the largest size that is negotiated, 1 MB. */
const threadBytes = 2 * mebibyte

/** Eight are the kernel's own; more where more cores can work on them. */
export function nfsThreads({ facts }: World): Proposal[] {
  const affordable = Math.floor(facts.memory.totalBytes / 64 / threadBytes)
  const threads = Math.min(facts.cpu.cores * 2, affordable, mostThreads)
  if (threads <= usualThreads) return []
  return [
    {
      name: 'nfs.threads',
      group: 'faces',
      title: 'NFS threads',
      to: String(threads),
      reason: 'Each thread answers one request at a time, and there are cores for more than eight.',
      evidence: `${counted(facts.cpu.cores, 'core')}.`,
      effect: 'Many clients at once wait less for each other.',
      memoryBytes: threads * threadBytes,
      advice: {
        from: null,
        consumer:
          'The NFS server of the kernel would have to take it up. Cairn runs NFS-Ganesha, whose threads are its own.',
      },
    },
  ]
}
