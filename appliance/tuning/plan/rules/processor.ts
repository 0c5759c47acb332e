import type { Proposal, World } from './proposal.ts'

/** Drivers whose `powersave` follows the load all the same (Documentation/admin-guide/pm/intel_pstate.rst, amd-pstate.rst). */
const followsLoad = new Set(['intel_pstate', 'amd-pstate-epp'])

const following = ['schedutil', 'ondemand', 'conservative']

/**
 * A governor that holds the clock at the bottom whatever there is to do is the one that a fact speaks against. Which of
 * the others is the best is for measuring.
 */
export function governor({ facts }: World): Proposal[] {
  const { scaling } = facts.cpu
  const now = facts.settable['cpu.governor']?.value
  if (!scaling || now === null || now === undefined) return []
  const isStuck = ['powersave', 'userspace'].includes(now) && !followsLoad.has(scaling.driver ?? '')
  const isFollowing = following.includes(now)
  if (!isStuck && !isFollowing) return []
  const to = isFollowing ? now : following.find(name => scaling.governors.includes(name))
  if (to === undefined) return []
  return [
    {
      name: 'cpu.governor',
      group: 'processor',
      title: 'Processor clock',
      to,
      reason: isStuck
        ? 'The processor is held at its lowest clock, even when there is work.'
        : 'The clock already follows the work that there is.',
      evidence: `Governor ${now}, driver ${scaling.driver ?? 'unknown'}; there are ${scaling.governors.join(', ')}.`,
      effect: 'Full speed under load, the lowest clock when idle.',
    },
  ]
}

/** `power` asks the hardware for the longest battery life, and a box on the mains has none. */
export function energyPreference({ facts }: World): Proposal[] {
  const { scaling } = facts.cpu
  const now = facts.settable['cpu.energy-preference']?.value
  const to = 'balance_performance'
  if (!scaling?.preferences.includes(to) || facts.power.hasBattery) return []
  if (now !== 'power' && now !== to) return []
  return [
    {
      name: 'cpu.energy-preference',
      group: 'processor',
      title: 'Energy preference',
      to,
      reason:
        now === to
          ? 'The processor already weighs speed before energy, without forcing either.'
          : 'The processor is told to save energy above all, and this box runs from the mains.',
      evidence: `Preference ${now}, no battery.`,
      effect: 'The clock rises sooner when somebody asks for something.',
    },
  ]
}
