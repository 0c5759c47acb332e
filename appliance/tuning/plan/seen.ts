import type { Facts, SeenThing, TunedDisk } from '../schema/index.ts'

/** What only trying on the real board can prove. It is said, and left as it is. */
export function seenOn(facts: Facts): SeenThing[] {
  return [
    ...facts.disks.flatMap(disk => [
      ...uas(disk),
      ...usbSpeed(disk),
      ...link(disk, facts),
      ...spinDown(disk),
    ]),
    ...facts.network.flatMap(card => [...energyEfficientEthernet(card, facts), ...steering(card, facts)]),
    ...power(facts.power),
  ]
}

function uas({ name, usb }: TunedDisk): SeenThing[] {
  if (usb?.driver !== 'uas') return []
  return [
    {
      name: `disk.${name}.uas`,
      seen: `${name} hangs on a USB bridge (${usb.id ?? 'unknown'}) that is spoken to by UAS.`,
      wouldTry: `If the kernel logs resets of ${name}: start with usb-storage.quirks=${usb.id ?? 'VENDOR:PRODUCT'}:u, which is slower and mends some bridges.`,
    },
  ]
}

function usbSpeed({ name, usb }: TunedDisk): SeenThing[] {
  if (usb?.mbitPerSecond === null || usb?.mbitPerSecond === undefined || usb.mbitPerSecond > 480) return []
  return [
    {
      name: `disk.${name}.usb-speed`,
      seen: `${name} is connected at ${usb.mbitPerSecond} Mbit/s, the speed of USB 2.`,
      wouldTry: 'Another port (blue inside) or another cable, if both the box and the disk have USB 3.',
    },
  ]
}

function link({ name, link }: TunedDisk, { machine }: Facts): SeenThing[] {
  if (!link?.speed) return []
  if (machine.pi === 5 && link.speed.startsWith('5'))
    return [
      {
        name: `disk.${name}.link`,
        seen: `${name} is connected at ${link.speed}, PCIe 2, as a Pi 5 does unless told otherwise.`,
        wouldTry: 'dtparam=pciex1_gen=3, and an hour of reading without an error in the kernel’s log.',
      },
    ]
  const isSlow = link.maxSpeed !== null && Number.parseFloat(link.speed) < Number.parseFloat(link.maxSpeed)
  const isNarrow = link.width !== null && link.maxWidth !== null && link.width < link.maxWidth
  if (!isSlow && !isNarrow) return []
  return [
    {
      name: `disk.${name}.link`,
      seen: `${name} could use ${link.maxSpeed ?? link.speed} with ${link.maxWidth ?? link.width} lanes, and has ${link.speed} with ${link.width}.`,
      wouldTry: 'Another slot, if the board has a faster one.',
    },
  ]
}

function spinDown({ name, bus, isRotational }: TunedDisk): SeenThing[] {
  if (isRotational !== true || !['sata', 'scsi', 'usb'].includes(bus)) return []
  return [
    {
      name: `disk.${name}.spin-down`,
      seen: `${name} spins.`,
      wouldTry:
        'Letting it rest after half an hour, if a day’s count of starts stays below ten and nobody minds waiting for it.',
    },
  ]
}

function energyEfficientEthernet(
  { name, driver }: Facts['network'][number],
  { machine }: Facts,
): SeenThing[] {
  if (machine.pi !== 4 || driver !== 'bcmgenet') return []
  return [
    {
      name: `net.${name}.eee`,
      seen: `${name} is the card of a Pi 4, which loses packets with some switches while it saves energy.`,
      wouldTry: 'dtparam=eee=off, if transfers stall or the counters of lost packets grow.',
    },
  ]
}

function steering(card: Facts['network'][number], { cpu, machine }: Facts): SeenThing[] {
  const isNarrow = card.receiveQueues === 1 && cpu.cores > 1 && !card.spreadsReceive && card.isUp
  if (!isNarrow || machine.virtual !== null) return []
  return [
    {
      name: `net.${card.name}.rps`,
      seen: `${card.name} hands all it receives to one of ${cpu.cores} cores.`,
      wouldTry:
        'Spreading it over the others (rps_cpus), if one core is busy with it while a large file arrives.',
    },
  ]
}

function power(power: Facts['power']): SeenThing[] {
  const seen: SeenThing[] = []
  if (power.hadUnderVoltage || power.isUnderVoltage)
    seen.push({
      name: 'power.voltage',
      seen: `The power supply is too weak: the voltage ${power.isUnderVoltage ? 'is' : 'was'} too low.`,
      wouldTry: 'The power supply that is made for this board, or a disk with its own.',
    })
  if (power.hadThrottled || power.isThrottled)
    seen.push({
      name: 'power.heat',
      seen: `The processor ${power.isThrottled ? 'is' : 'was'} slowed down, because of heat or of the power supply.`,
      wouldTry: 'A cooler or a case with room for air.',
    })
  return seen
}
