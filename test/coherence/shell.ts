import { execFile } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Random } from '../helpers/random.ts'
import type { Names } from './names.ts'

const execute = promisify(execFile)
/** cp opens what has become a pipe since it looked, and would wait for the other end. */
const run = (program: string, args: string[]) =>
  execute(program, args, { timeout: 20_000, killSignal: 'SIGKILL' })

export type Act = { what: string; paths: string[]; perform(): Promise<string> }

/** What root's shell does in the mounted pool: each of these as programs do it. `real`: from a path of the tree. */
export function shellActs(random: Random, names: Names, real: (path: string) => string, secret: string) {
  const sync = (what: string, paths: string[], act: (...places: string[]) => void): Act => ({
    what,
    paths,
    async perform() {
      const places = paths.map(real)
      if (places.some(isPipe)) return 'a pipe'
      act(...places)
      return 'ok'
    },
  })
  const { folder, file, content } = names

  const acts: Record<string, () => Act> = {
    write() {
      const body = content()
      return sync('write', [file()], (place = '') => {
        mkdirSync(dirname(place), { recursive: true })
        writeFileSync(place, body)
      })
    },
    overwrite() {
      const body = content()
      return sync('overwrite', [file()], (place = '') => writeFileSync(place, body, { flag: 'r+' }))
    },
    secretive() {
      const umasked = random.pick([0o600, 0o640, 0o400])
      const body = content()
      return sync('write for root alone', [file()], (place = '') => {
        writeFileSync(place, body, { mode: umasked, flag: 'wx' })
      })
    },
    append: () => sync('append', [file()], (place = '') => appendFileSync(existing(place), 'more')),
    truncate: () => sync('truncate', [file()], (place = '') => truncateSync(place, random.pick([0, 3, 7]))),
    sameTime() {
      return sync('other content, same size and time', [file()], (place = '') => {
        const { atime, mtime } = statSync(place)
        writeFileSync(place, sameSize(place, random), { flag: 'r+' })
        utimesSync(place, atime, mtime)
      })
    },
    sameTimeLater() {
      const path = file()
      return {
        what: 'other content, same size, the time set back later',
        paths: [path],
        async perform() {
          const place = real(path)
          if (isPipe(place)) return 'a pipe'
          const { atime, mtime } = statSync(place)
          writeFileSync(place, sameSize(place, random), { flag: 'r+' })
          await delay(random.pick([5, 30, 120]))
          utimesSync(place, atime, mtime)
          return 'ok'
        },
      }
    },
    touch: () =>
      sync('touch', [file()], (place = '') => {
        const seconds = 1_600_000_000 + random.below(3)
        utimesSync(place, seconds, seconds)
      }),
    chmod: () =>
      sync('chmod', [file()], (place = '') => chmodSync(place, random.pick([0o600, 0o644, 0o755, 0o444]))),
    chmodFolder: () =>
      sync('chmod of a folder', [folder()], (place = '') => chmodSync(place, random.pick([0o700, 0o755]))),
    rename: () => sync('mv', [file(), file()], (from = '', to = '') => renameSync(from, to)),
    renameFolder: () => sync('mv', [folder(), folder()], (from = '', to = '') => renameSync(from, to)),
    rsync() {
      const body = content()
      const path = file()
      return sync('replace as rsync', [path], (place = '') => {
        const temporary = join(dirname(place), `.${place.split('/').at(-1)}.${random.below(99999)}`)
        writeFileSync(temporary, body)
        utimesSync(temporary, 1_650_000_000, 1_650_000_000)
        renameSync(temporary, place)
      })
    },
    vim() {
      const body = content()
      return sync('replace as vim', [file()], (place = '') => {
        renameSync(place, `${place}~`)
        writeFileSync(place, body)
        unlinkSync(`${place}~`)
      })
    },
    office() {
      const body = content()
      const path = file()
      return {
        what: 'replace as Office',
        paths: [path],
        async perform() {
          const place = real(path)
          const [fresh, old] = [join(dirname(place), '~WRD0001.tmp'), join(dirname(place), '~WRL0002.tmp')]
          writeFileSync(fresh, body)
          await delay(random.pick([0, 20]))
          renameSync(place, old)
          renameSync(fresh, place)
          await delay(random.pick([0, 20]))
          unlinkSync(old)
          return 'ok'
        },
      }
    },
    link: () => sync('ln', [file(), file()], (from = '', to = '') => linkSync(from, to)),
    symlink: () => sync('ln -s', [file()], (place = '') => symlinkSync(secret, place)),
    symlinkFolder: () => sync('ln -s', [folder()], (place = '') => symlinkSync('.', place)),
    copy() {
      const [from, to] = [random.pick([file, folder])(), folder()]
      return {
        what: 'cp -a',
        paths: [from, to],
        async perform() {
          if (`${to}/`.startsWith(`${from}/`)) return 'into itself'
          await run('cp', ['-a', '--', real(from), real(to)])
          return 'ok'
        },
      }
    },
    copyInside() {
      const [from, to] = [folder(), folder()]
      return {
        what: 'cp -r',
        paths: [from, to],
        async perform() {
          if (`${to}/`.startsWith(`${from}/`)) return 'into itself'
          await run('cp', ['-r', '--', real(from), real(to)])
          return 'ok'
        },
      }
    },
    moveAcross() {
      const [from, to] = [random.pick([file, folder])(), folder()]
      return {
        what: 'mv -f',
        paths: [from, to],
        async perform() {
          await run('mv', ['-f', '--', real(from), real(to)])
          return 'ok'
        },
      }
    },
    fifo() {
      const path = file()
      return {
        what: 'mkfifo',
        paths: [path],
        async perform() {
          await run('mkfifo', ['--', real(path)])
          return 'ok'
        },
      }
    },
    mkdir: () =>
      sync('mkdir -p', [folder()], (place = '') => {
        const mode = random.pick([0o755, 0o700])
        mkdirSync(place, { recursive: true, mode })
      }),
    remove: () => sync('rm', [file()], (place = '') => unlinkSync(place)),
    removeTree: () =>
      sync('rm -r', [folder()], (place = '') => {
        statSync(place)
        rmSync(place, { recursive: true })
      }),
    shortLived() {
      return sync('make and remove', [file()], (place = '') => {
        writeFileSync(place, 'x', { flag: 'wx' })
        unlinkSync(place)
      })
    },
  }
  const weights: Record<string, number> = {
    write: 6,
    overwrite: 4,
    mkdir: 3,
    rename: 4,
    renameFolder: 3,
    sameTime: 3,
  }
  const bag = Object.entries(acts).flatMap(([name, make]) =>
    Array.from({ length: weights[name] ?? 1 }, () => make),
  )
  return () => random.pick(bag)()
}

/** To open one would wait for its other end. */
function isPipe(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isFIFO() ?? false
}

function existing(place: string): string {
  statSync(place)
  return place
}

function sameSize(place: string, random: Random): Buffer {
  const { length } = readFileSync(place)
  return Buffer.from(Array.from({ length }, () => 97 + random.below(26)))
}
