/** What may be chosen for settings that nothing takes up yet. */
const values: [name: RegExp, value: RegExp][] = [
  [/^zram\.size$/, /^(none|\d{6,12})$/],
  [/^zram\.algorithm$/, /^[a-z0-9-]{2,20}$/],
  [/^nfs\.threads$/, /^([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-6])$/],
  [/^tls\.ciphers$/, /^TLS_[A-Z0-9_]+(:TLS_[A-Z0-9_]+){0,4}$/],
  [/^servers\.count$/, /^([1-9]|[1-5]\d|6[0-4])$/],
  [/^sqlite\.(cache|mmap)$/, /^\d{1,11}$/],
  [/^(worker\.concurrency|thumbnails\.parallel)$/, /^([1-9]|[1-5]\d|6[0-4])$/],
  [/^worker\.nice$/, /^1?\d$/],
  [/^thumbnails\.size$/, /^(128|256|512|1024|2048)$/],
  [/^system\.logs$/, /^(memory|disk)$/],
  [/^system\.index$/, /^pool$/],
]

export function isAdvisable(name: string, value: string): boolean {
  return values.some(([names, accepted]) => names.test(name) && accepted.test(value))
}
