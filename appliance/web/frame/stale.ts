import type { QueryKey } from '@tanstack/react-query'
import { parentOf } from '../files/path.ts'
import type { Stale } from '../kit/api/live.ts'

/** Which questions each of the box's news makes worth asking again. */
export const stale: Stale = {
  'storage/changed': () => [
    ['disks'],
    ['pools'],
    ['health'],
    ['shares'],
    ['homes'],
    ['files'],
    ['trash'],
    ['index'],
    ['tuning'],
  ],
  'tuning/changed': () => [['tuning']],
  'network/plain-changed': () => [['certificate']],
  'network/ssh-changed': () => [['ssh']],
  'updates/changed': () => [['updates']],
  'storage/snapshots-changed': ({ name }) => [['shares', name, 'snapshots'], ['versions']],
  'storage/subvolume-replaced': () => [['files'], ['versions'], ['trash'], ['index']],
  'shares/restored': () => [['files'], ['versions'], ['journal']],
  'shares/changed': () => [['shares'], ['homes'], ['files', '/'], ['trash'], ['index']],
  'users/changed': () => [['users'], ['groups'], ['app-passwords'], ['session']],
  'jobs/changed': () => [['jobs'], ['pools'], ['disks'], ['updates']],
  'health/changed': () => [['health']],
  'system/renamed': () => [['system'], ['shares'], ['homes']],
  'files/changed': ({ volume, path }) => {
    const folder = shownAt(String(volume), String(path))
    return { soon: [['files', folder], ['versions']], later: [['journal'], ...above(folder)] }
  },
  'files/trash-changed': () => ({ soon: [['trash']], later: [['history-usage'], ['journal']] }),
}

/** The folders that it lies in: they show how large it is, and when it changed. */
function above(folder: string): QueryKey[] {
  const keys: QueryKey[] = []
  for (let path = folder; path !== '/'; ) {
    path = parentOf(path)
    keys.push(['files', path])
  }
  return keys
}

/** `share:photos` + `/2024` is shown at `/photos/2024`; what lies in the home is shown where it is. */
function shownAt(volume: string, path: string): string {
  if (!volume.startsWith('share:')) return path
  return `/${volume.slice('share:'.length)}${path === '/' ? '' : path}`
}
