/** The pool that somebody wants: a name, a profile, and disks by their serials. */
export interface PoolWish {
  name: string
  profile: string
  disks: string[]
  isAdvanced?: boolean
}
