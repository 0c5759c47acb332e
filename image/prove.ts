import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from '../appliance/lib/run.ts'
import { mark } from './mark.ts'

/**
 * Runs once at each start of the image. When Cairn is ready the slot is marked good, and its version is noted as proven. A
 * version that never was, and does not become ready, gives its slot up: the box starts again, from the other one. A proven
 * version is left alone whatever ails it: a broken disk must not send the box round in circles.
 */
const state = '/data/system'
const readyWithinMs = 5 * 60_000
const askAgainMs = 2_000

const version = /^IMAGE_VERSION="?([^"\n]+)/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? ''
const isProven = (await said('proven')) === version

if (await becomesReady()) {
  await mark('good')
  if (!isProven) await noteProven()
} else if (isProven || !(await hasOtherSlot())) {
  throw new Error('Cairn is not ready; there is no other version to go back to.')
} else {
  process.stderr.write(`Version ${version} is not ready: back to the version before it.\n`)
  await mark('bad')
  await run(['systemctl', '--no-block', 'reboot'])
}

async function becomesReady(): Promise<boolean> {
  const giveUpAt = Date.now() + readyWithinMs
  while (Date.now() < giveUpAt) {
    if (await isReady()) return true
    await delay(askAgainMs)
  }
  return false
}

async function isReady(): Promise<boolean> {
  try {
    const { ok } = await fetch('http://127.0.0.1/health/ready', { signal: AbortSignal.timeout(10_000) })
    return ok
  } catch (error) {
    // Nobody listens yet (fetch says TypeError), or nobody answers.
    if (error instanceof TypeError || (error as Error).name === 'TimeoutError') return false
    throw error
  }
}

async function hasOtherSlot(): Promise<boolean> {
  return (await said('proven')) !== ''
}

/** The copy of the settings from before it stays, for who wants to go back by hand as long as that version is there. */
async function noteProven() {
  await writeFile(`${state}/proven.new`, `${version}\n`, { flush: true })
  await rename(`${state}/proven.new`, `${state}/proven`)
  await rm(`${state}/trial`, { force: true })
}

async function said(name: string): Promise<string> {
  try {
    return (await readFile(`${state}/${name}`, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return ''
  }
}
