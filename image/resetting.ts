import { access, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from '../appliance/lib/durable.ts'
import type { Log } from '../appliance/lib/log.ts'
import { type FinishingDeps, finishReset } from '../appliance/reset/system/finishing.ts'
import { dropMark, readMark, writeMark } from '../appliance/reset/system/mark.ts'

interface ImagePlaces extends Omit<FinishingDeps, 'also'> {
  /** What the image keeps beside Cairn's settings. */
  system: string
  bootFolder: string
  log: Log
}

/** Windows likes to put an ending to a name, and not to show it. */
const wishes = ['cairn-reset', 'cairn-reset.txt']

/** A reset of the image, asked for by the page or by a file on the boot partition. Whether there was one. */
export async function resetImage(places: ImagePlaces): Promise<boolean> {
  const { system, bootFolder, log, ...rest } = places
  await takeUpWish(places)
  const done = await finishReset({
    ...rest,
    also: [...identityIn(system, bootFolder), ...(await spentSetup(bootFolder))],
  })
  for (const problem of done?.problems ?? []) log.warn('not erased', { problem })
  return done !== null
}

/**
 * What makes this box the one that it is, besides its settings; `proven` and what RAUC knows of the slots stay, since they
 * are about the versions that are installed.
 */
function identityIn(system: string, bootFolder: string): string[] {
  return [
    ...['machine-id', 'ssh', 'log', 'trial'].map(name => join(system, name)),
    ...['before', 'failed', 'return'].flatMap(name => [join(system, name), join(system, `${name}.new`)]),
    ...['credential.secret', 'network', 'coredump'].map(name => join(system, 'systemd', name)),
    ...['authorized_keys', 'cairn-claim-code.txt', 'cairn-setup-problem.txt'].map(name =>
      join(bootFolder, name),
    ),
  ]
}

/** The note first, then the file goes: a file that could not be removed would reset the box at every start. */
async function takeUpWish({ dataDir, bootFolder, log }: ImagePlaces) {
  const asked = []
  for (const name of wishes) if (await isThere(join(bootFolder, name))) asked.push(join(bootFolder, name))
  if (asked.length === 0) return
  const isNew = !(await readMark(dataDir))
  try {
    if (isNew) await writeMark(dataDir, { format: 1, erase: [] })
    for (const path of asked) await rm(path)
    await syncFolder(bootFolder)
  } catch (error) {
    log.error('a file asks for a reset and cannot be removed, or noted, so nothing is reset', { error })
    // Where it could not be noted there is nothing to drop, and nothing that could be written either.
    if (isNew && (await readMark(dataDir))) await dropMark(dataDir)
  }
}

/** The setup file that this box was set up with, whose passwords are wiped; a new one sets it up again. */
async function spentSetup(bootFolder: string): Promise<string[]> {
  const path = join(bootFolder, 'cairn-setup.json')
  if (!(await isThere(path))) return []
  const passwords = [...(await readFile(path, 'utf8')).matchAll(/"password"\s*:\s*"([^"]*)/g)]
  return passwords.every(([, password]) => password === '') ? [path] : []
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
