const suffix = ' (home)'

/**
 * How the top of a home is named beside the shares: an entry that is called like a share shows as `NAME (home)`. The
 * rule is of names alone, so it maps one to one and needs no look at the disk.
 */
export function shownHomeName(name: string, isShare: (name: string) => boolean): string {
  return isShadowed(name, isShare) ? name + suffix : name
}

/** The home's own name of what is shown as `shown`, which is not a share. */
export function realHomeName(shown: string, isShare: (name: string) => boolean): string {
  if (!shown.endsWith(suffix)) return shown
  const name = shown.slice(0, -suffix.length)
  return isShadowed(name, isShare) ? name : shown
}

function isShadowed(name: string, isShare: (name: string) => boolean): boolean {
  if (isShare(name)) return true
  return name.endsWith(suffix) && isShadowed(name.slice(0, -suffix.length), isShare)
}
