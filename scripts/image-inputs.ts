import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/**
 * What decides whether the image boots, beside the daemon that the other tests try: when it has changed since the image was last
 * seen to boot, continuous integration builds and boots it.
 */
const root = join(import.meta.dirname, '..')
/** Units, users and other settings lie in overlays/; the dependencies of the daemon and of pm2 in the lock files. */
const inputs = ['image', 'overlays', 'packer', 'package-lock.json', 'scripts/image', 'scripts/prepare.sh']
/** Written when all tests of the image have passed, and committed with what they have tried. */
const noteName = 'image/booted.json'
const noteFile = join(root, noteName)
const note = z.object({ inputs: z.string() })

export function hasImageChanged(): boolean {
  if (!existsSync(noteFile)) return true
  return note.parse(JSON.parse(readFileSync(noteFile, 'utf8'))).inputs !== hashOfInputs()
}

export function noteThatImageBoots(inputs: string) {
  writeFileSync(noteFile, `{ "inputs": "${inputs}" }\n`)
}

/** Of the names, the contents and what may be executed. */
export function hashOfInputs(): string {
  const hash = createHash('sha256')
  for (const name of inputs.flatMap(filesIn).sort()) {
    if (name === noteName) continue
    const path = join(root, name)
    const isProgram = (statSync(path).mode & 0o100) !== 0
    hash.update(`${name}\0${isProgram}\0${createHash('sha256').update(readFileSync(path)).digest('hex')}\n`)
  }
  return hash.digest('hex')
}

function filesIn(name: string): string[] {
  if (!statSync(join(root, name)).isDirectory()) return [name]
  return readdirSync(join(root, name)).flatMap(each => filesIn(`${name}/${each}`))
}

// For scripts/test, which installs what building takes only where it will be built.
if (import.meta.main) process.exitCode = hasImageChanged() ? 0 : 1
