import type { TunedDisk } from '../../schema/index.ts'
import type { Proposal, World } from './proposal.ts'

/** Only where the fact is plain: what a hypervisor or a file stands behind is ordered there. */
export function schedulers({ facts }: World): Proposal[] {
  return facts.disks.flatMap(disk => {
    const found = schedulerOf(disk)
    if (!found || !disk.schedulers.includes(found.to)) return []
    return [
      {
        name: `disk.${disk.key}.scheduler`,
        group: 'disks',
        title: `Order of requests, ${disk.name}`,
        ...found,
      },
    ]
  })
}

const orderly = ['mq-deadline', 'bfq']

function schedulerOf(disk: TunedDisk): Pick<Proposal, 'to' | 'reason' | 'evidence' | 'effect'> | undefined {
  const { bus, scheduler, queues } = disk
  if (bus === 'nvme')
    return {
      to: 'none',
      reason: 'This disk takes many requests at once and orders them better itself.',
      evidence: `NVMe with ${queues} hardware ${queues === 1 ? 'queue' : 'queues'}, scheduler ${scheduler}.`,
      effect: 'Less work for the processor with each request.',
    }
  if (!hasHeads(disk) && bus !== 'mmc') return undefined
  const evidence = `${bus === 'mmc' ? 'A memory card' : 'A spinning disk'}, scheduler ${scheduler}.`
  if (scheduler !== null && orderly.includes(scheduler))
    return {
      to: scheduler,
      reason: 'Requests are already put in order, and reading goes before writing.',
      evidence,
      effect: 'Reading does not wait behind a long write.',
    }
  return {
    to: 'mq-deadline',
    reason:
      bus === 'mmc'
        ? 'A memory card is slow at writing, and what is read should not wait for it.'
        : 'The heads of this disk move less when requests are put in order, and reading goes before writing.',
    evidence,
    effect: 'Reading does not wait behind a long write.',
  }
}

function hasHeads({ bus, isRotational }: TunedDisk): boolean {
  return isRotational === true && ['sata', 'scsi', 'usb'].includes(bus)
}
