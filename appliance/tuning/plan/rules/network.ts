import { counted, mebibyte, type Proposal, sizeInWords, type World } from './proposal.ts'

/** What may be under way and not yet acknowledged: the fastest card times 20 ms, the way to a place in the same region. */
const delaySeconds = 0.02

export function buffers({ facts }: World): Proposal[] {
  const fastest = Math.max(0, ...facts.network.filter(card => card.isUp).map(card => card.mbitPerSecond ?? 0))
  const affordable = Math.floor(facts.memory.totalBytes / 256 / mebibyte) * mebibyte
  const needed = Math.ceil((fastest * 1e6 * delaySeconds) / 8 / mebibyte) * mebibyte
  const most = Math.min(needed, affordable)
  if (fastest < 2500 || most < mebibyte) return []
  return (
    [
      ['net.tcp-rmem', 'received'],
      ['net.tcp-wmem', 'sent'],
    ] as const
  ).flatMap(([name, what]) => {
    const now = facts.settable[name]?.value?.split(' ')
    if (now?.length !== 3) return []
    const to = Math.max(Number(now[2]), most)
    return [
      {
        name,
        group: 'network',
        title: `Network buffers, ${what}`,
        to: `${now[0]} ${now[1]} ${to}`,
        reason:
          to === Number(now[2])
            ? 'The buffers are already large enough for this card.'
            : 'The card is faster than what may be under way with these buffers.',
        evidence: `The fastest card makes ${fastest} Mbit/s; over 20 ms that is ${sizeInWords(needed)}.`,
        effect: 'A single transfer over a longer way can fill the line.',
        memoryBytes: to - Number(now[2]),
      },
    ]
  })
}

/** Only with several cards that are up; with one, clients would open more connections for nothing. */
export function multichannel({ facts }: World): Proposal[] {
  const up = facts.network.filter(card => card.isUp && (card.mbitPerSecond ?? 0) >= 1000)
  if (up.length < 2) return []
  return [
    {
      name: 'samba.multichannel',
      group: 'faces',
      title: 'SMB over several cards',
      to: 'yes',
      reason: 'Windows can use several network cards at once for one transfer.',
      evidence: `${counted(up.length, 'card')} with a cable: ${up.map(card => `${card.name} at ${card.mbitPerSecond} Mbit/s`).join(', ')}.`,
      effect: 'One client can read and write faster than one card.',
    },
  ]
}
