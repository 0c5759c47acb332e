import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure, failureRecord } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { createTurns } from '../../lib/turns.ts'
import { absenceOf, type Place } from '../plan/places.ts'
import type { AppliedSetting, SettingProblem } from '../schema/index.ts'
import { createKept, type Kept, onTrial, proven } from './kept.ts'
import { type Here, placesHere, readPlace, writePlace } from './kernel.ts'

export interface NamedValue {
  name: string
  value: string
}

export interface Applying {
  /** Sets all of them or none. They are on trial until they are kept. */
  apply(settings: readonly NamedValue[]): Promise<AppliedSetting[]>
  /** The box was watched with them, and is well: from now on they are set again at each start. All of them or none. */
  keep(names: readonly string[]): Promise<void>
  /** Puts back what was found; `null` means all. What cannot be put back is named, the rest is done. */
  revert(names: readonly string[] | null): Promise<{ reverted: string[]; failed: SettingProblem[] }>
  applied(): Promise<AppliedSetting[]>
  /**
   * Sets again what was set and is not any more: all after a start, what disks and pools have when one came back. Not what
   * is on trial: it may be why the box stopped or the disk went. After a start that is put back.
   */
  renew(which: 'all' | 'hardware'): Promise<{ renewed: string[]; failed: SettingProblem[] }>
  /** Puts everything back, and remembers to set it again. */
  rest(): Promise<void>
}

/** Sets what the plan asks for, and can undo it. One thing at a time. */
export function createApplying({ folder, log, ...here }: Here & { folder: string; log: Log }): Applying {
  const { root } = here
  const kept = createKept(folder)
  const turns = createTurns()

  function inTurn<T>(work: (kept: Kept, places: Map<string, Place>) => Promise<T>): Promise<T> {
    return turns('settings', async () => {
      const boot = (await readFile(join(root, '/proc/sys/kernel/random/boot_id'), 'utf8')).trim()
      const places = await placesHere(here)
      return work(ofThisStart(await kept.read(boot), boot), new Map(places.map(place => [place.name, place])))
    })
  }

  async function setAll(
    state: Kept,
    places: Map<string, Place>,
    settings: readonly NamedValue[],
  ): Promise<void> {
    const before = new Map<Place, string>()
    // What was found is on the disk before anything is changed: a crash in between can be put back.
    for (const { name, value } of settings) {
      const place = placeFor(places, name, value)
      const now = await readPlace(root, place)
      if (now === null) throw notHere(place)
      before.set(place, now)
      const known = state.settings[name]
      const found = known?.isSet && known.found !== null ? known.found : now
      state.settings[name] = { found, value, isSet: true, isOnTrial: true }
    }
    await kept.write(state)
    for (const [place] of before) {
      const value = state.settings[place.name]?.value ?? ''
      if (before.get(place) !== value) await writePlace(root, place, value)
    }
  }

  async function undo(places: Map<string, Place>, state: Kept, settings: readonly NamedValue[]) {
    const problems: SettingProblem[] = []
    for (const { name } of settings.toReversed()) {
      const problem = await putBack(places, state, name)
      if (problem) problems.push(problem)
    }
    return problems
  }

  /** Returns what went wrong. What is not there any more has nothing to put back. */
  async function putBack(
    places: Map<string, Place>,
    state: Kept,
    name: string,
  ): Promise<SettingProblem | undefined> {
    const place = places.get(name)
    const found = state.settings[name]?.found ?? null
    try {
      if (place && found !== null) {
        const now = await readPlace(root, place)
        if (now !== null && now !== found) await writePlace(root, place, found)
      }
      return undefined
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return { name, message: error.message }
    }
  }

  /** Nobody watches it any more. What the machine's own start has not put back is put back here. */
  async function endTrials(places: Map<string, Place>, state: Kept) {
    const names = onTrial(state)
    if (names.length === 0) return
    log.warn('settings that were being watched when Cairn stopped are not set again', { names })
    for (const name of names.toReversed()) {
      const problem = await putBack(places, state, name)
      if (problem) log.warn('a setting could not be put back', { ...problem })
      else delete state.settings[name]
    }
    await kept.write(state)
  }

  return {
    apply: settings =>
      inTurn(async (state, places) => {
        const before = structuredClone(state)
        try {
          await setAll(state, places, settings)
        } catch (error) {
          if (!(error instanceof Failure)) throw error
          const target = targetOf(before, state, settings)
          const problems = await undo(places, target, settings)
          await kept.write(withStuck(before, state, problems))
          throw notApplied(error, problems)
        }
        return listed(state).filter(({ name }) => settings.some(setting => setting.name === name))
      }),

    keep: names =>
      inTurn(async (state, places) => {
        for (const name of names) {
          const known = state.settings[name]
          if (!known) throw notWatched(name)
          const place = places.get(name)
          const now = place ? await readPlace(root, place) : null
          if (known.isOnTrial && now !== known.value) throw notHolding(name, known.value, now)
          state.settings[name] = proven(known)
        }
        await kept.write(state)
      }),

    revert: names =>
      inTurn(async (state, places) => {
        const wanted = names ?? Object.keys(state.settings)
        const reverted: string[] = []
        const failed: SettingProblem[] = []
        for (const name of wanted) {
          const known = state.settings[name]
          if (!known) continue
          const problem = known.isSet ? await putBack(places, state, name) : undefined
          if (problem) {
            failed.push(problem)
            continue
          }
          delete state.settings[name]
          reverted.push(name)
        }
        if (reverted.length > 0) await kept.write(state)
        return { reverted, failed }
      }),

    applied: () => inTurn(async state => listed(state)),

    renew: which =>
      inTurn(async (state, places) => {
        const renewed: string[] = []
        const failed: SettingProblem[] = []
        if (which === 'all') await endTrials(places, state)
        for (const [name, known] of Object.entries(state.settings)) {
          if (known.isOnTrial) continue
          if (which === 'hardware' && !/^(disk|pool)\./.test(name)) continue
          const place = places.get(name)
          const now = place ? await readPlace(root, place) : null
          if (!place || now === null || (known.isSet && now === known.value)) continue
          try {
            placeFor(places, name, known.value)
            state.settings[name] = { ...known, found: known.isSet ? known.found : now, isSet: true }
            await kept.write(state)
            await writePlace(root, place, known.value)
            renewed.push(name)
          } catch (error) {
            if (!(error instanceof Failure)) throw error
            failed.push({ name, message: error.message })
          }
        }
        if (renewed.length > 0) log.info('settings were set again', { names: renewed })
        for (const problem of failed) log.warn('a setting could not be set again', { ...problem })
        return { renewed, failed }
      }),

    rest: () =>
      inTurn(async (state, places) => {
        let isChanged = false
        for (const [name, known] of Object.entries(state.settings)) {
          if (!known.isSet) continue
          const problem = await putBack(places, state, name)
          if (problem) log.warn('a setting could not be put back', { ...problem })
          else state.settings[name] = { ...known, found: null, isSet: false }
          isChanged = true
        }
        if (isChanged) await kept.write(state)
      }),
  }
}

/** After a restart of the machine nothing of it is set, and what was found then does not count. */
function ofThisStart(kept: Kept, boot: string): Kept {
  if (kept.boot === boot) return kept
  const settings = Object.entries(kept.settings).map(([name, known]) => [
    name,
    { ...known, found: null, isSet: false },
  ])
  return { boot, settings: Object.fromEntries(settings) }
}

/** What a failed group goes back to: the value that was set before it, else what was found. */
function targetOf(before: Kept, state: Kept, settings: readonly NamedValue[]): Kept {
  const target = structuredClone(state)
  for (const { name } of settings) {
    const earlier = before.settings[name]
    const current = target.settings[name]
    if (earlier?.isSet && current) target.settings[name] = { ...current, found: earlier.value }
  }
  return target
}

/** What could not be put back is still ours to put back. */
function withStuck(before: Kept, state: Kept, problems: readonly SettingProblem[]): Kept {
  const stuck = Object.entries(state.settings).filter(([name]) =>
    problems.some(problem => problem.name === name),
  )
  return { ...before, settings: { ...before.settings, ...Object.fromEntries(stuck) } }
}

function listed({ settings }: Kept): AppliedSetting[] {
  return Object.entries(settings).map(([name, { found, value, isSet }]) => ({ name, found, value, isSet }))
}

function placeFor(places: Map<string, Place>, name: string, value: string): Place {
  const place = places.get(name)
  if (!place) throw new Failure('missing', 'tuning/no-setting', `This machine has no setting ${name}.`)
  if (place.accepts(value)) return place
  throw new Failure('invalid', 'tuning/bad-value', `${name} cannot be set to ${value}.`)
}

function notHere(place: Place): Failure {
  return new Failure('unavailable', 'tuning/not-here', absenceOf(place))
}

function notWatched(name: string): Failure {
  const message = `${name} is not set any more: the system service was started anew while it was being watched. Apply it again.`
  return new Failure('conflict', 'tuning/not-watched', message)
}

function notHolding(name: string, value: string, now: string | null): Failure {
  const message = `${name} was set to ${value}, and is ${now ?? 'not there any more'}.`
  return new Failure('conflict', 'tuning/not-holding', message)
}

function notApplied(error: Failure, problems: SettingProblem[]): Failure {
  const { code, message } = failureRecord(error)
  const after =
    problems.length === 0
      ? 'The settings of this group are as they were.'
      : `These could not be put back: ${problems.map(({ name }) => name).join(', ')}.`
  return new Failure(error.kind, 'tuning/not-applied', `${message} ${after}`, {
    details: { reason: code, problems },
    cause: error,
  })
}
