import { cp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { outside } from '../scripts/bundle.ts'

/**
 * Copies from a full `node_modules` what the bundle does not hold: the packages that stay outside and what they depend on,
 * without the binaries for other machines. The daemon's other packages are inside the bundle.
 */
const [from = '', to = '', platform = ''] = process.argv.slice(2)
const installed = await readdir(from)

const kept = new Set<string>()
for (const name of outside) await keep(name)
for (const name of kept) await cp(join(from, name), join(to, name), { recursive: true })
await dropOthersPrebuilds(join(to, 'better-sqlite3'))
await dropMaps(join(to, 'swagger-ui-dist'))

async function keep(name: string) {
  if (kept.has(name)) return
  kept.add(name)
  const { dependencies = {}, optionalDependencies = {} } = await packageFileOf(name)
  for (const needed of Object.keys(dependencies)) await keep(needed)
  for (const needed of Object.keys(optionalDependencies)) if (await isInstalled(needed)) await keep(needed)
}

async function packageFileOf(name: string): Promise<{
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}> {
  return JSON.parse(await readFile(join(from, name, 'package.json'), 'utf8'))
}

async function isInstalled(name: string): Promise<boolean> {
  const [scope = '', rest] = name.split('/')
  return rest === undefined
    ? installed.includes(name)
    : installed.includes(scope) && (await readdir(join(from, scope))).includes(rest)
}

/** Its sources are for those who compile it, and there is one binary for each machine and Node. */
async function dropOthersPrebuilds(folder: string) {
  for (const name of ['deps', 'src', 'binding.gyp'])
    await rm(join(folder, name), { recursive: true, force: true })
  for (const name of await readdir(join(folder, 'prebuilds')))
    if (name !== `${platform}.node`) await rm(join(folder, 'prebuilds', name))
}

async function dropMaps(folder: string) {
  for (const name of await readdir(folder)) if (name.endsWith('.map')) await rm(join(folder, name))
}
