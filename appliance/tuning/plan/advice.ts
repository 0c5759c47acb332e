/** What may be chosen for settings that nothing takes up yet. */
const values: Readonly<Record<string, readonly string[]>> = {
  'system.logs': ['memory', 'disk'],
  'system.index': ['pool'],
}

export function adviceChoices(name: string): readonly string[] | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}
