import type { Stale } from '../kit/api/live.ts'

/** Which questions each of the box's news makes worth asking again. */
export const stale: Stale = {
  'storage/changed': () => [['disks'], ['pools'], ['health'], ['shares'], ['files']],
  'storage/snapshots-changed': ({ name }) => [['shares', name, 'snapshots']],
  'storage/subvolume-replaced': () => [['files']],
  'shares/restored': () => [['files']],
  'shares/changed': () => [['shares'], ['files', '/']],
  'users/changed': () => [['users'], ['groups'], ['app-passwords'], ['session']],
  'jobs/changed': () => [['jobs'], ['pools'], ['disks']],
  'health/changed': () => [['health']],
  'system/renamed': () => [['system'], ['shares']],
  'files/changed': ({ volume, path }) => [['files', shownAt(String(volume), String(path))]],
}

/** `share:photos` + `/2024` is shown at `/photos/2024`; what lies in the home is shown where it is. */
function shownAt(volume: string, path: string): string {
  if (!volume.startsWith('share:')) return path
  return `/${volume.slice('share:'.length)}${path === '/' ? '' : path}`
}
