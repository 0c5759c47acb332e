/** The import rules of the design, checked on text. */
export interface SourceFile {
  /** Below `appliance/`. */
  path: string
  text: string
}

const layers = [
  ['lib'],
  ['http'],
  ['jobs'],
  ['health'],
  ['system', 'network', 'tuning', 'updates'],
  ['storage'],
  ['users'],
  ['shares'],
  ['files'],
  ['dav', 'ocs', 'links', 'external'],
  ['apps', 'calendar', 'contacts', 'notes'],
  ['setup', 'reset'],
  ['agent'],
  ['main'],
]
/** Not domains: their files are named after what they do. */
const free = new Set(['lib', 'http', 'agent', 'main', 'dav', 'web'])
const domainFiles = new Set([
  'index',
  'routes',
  'service',
  'store',
  'schema',
  'checks',
  'plan',
  'parse',
  'render',
  'system',
])
const topFiles = new Set(['main.ts', 'agent.ts', 'worker.ts', 'app.ts', 'config.ts'])
/** No code, and the one place of the version. */
const packageFile = 'package.json'

export function violationsOf(files: readonly SourceFile[]): string[] {
  return files
    .filter(file => !file.path.startsWith('web/'))
    .flatMap(file => rules.flatMap(rule => rule(file).map(problem => `${file.path}: ${problem}`)))
}

type Rule = (file: SourceFile) => string[]

const rules: Rule[] = [
  function namesOfADomain({ path }) {
    const [folder = '', name = ''] = path.split('/')
    if (!path.includes('/')) return topFiles.has(path) ? [] : ['not one of the daemon’s entry files']
    if (free.has(folder)) return []
    return domainFiles.has(name.replace(/\.ts$/, '')) ? [] : [`${name} is no name of a domain's file`]
  },
  function oneWay(file) {
    return valueImports(file).flatMap(({ target }) => {
      const from = layerOf(file.path)
      const to = layerOf(target)
      if (to === undefined || from === undefined || folderOf(target) === folderOf(file.path)) return []
      return to < from || (to === from && to === 0) ? [] : [`imports ${target}, which is not below it`]
    })
  },
  function onlyTheFace(file) {
    return valueImports(file).flatMap(({ target }) => {
      const folder = folderOf(target)
      if (free.has(folder) || folder === folderOf(file.path) || layerOf(target) === undefined) return []
      if (file.path === 'agent/operations.ts' || file.path === 'agent.ts') return []
      return target === `${folder}/index.ts` ? [] : [`imports ${target} instead of ${folder}/index.ts`]
    })
  },
  only(['lib/run.ts', 'lib/daemon.ts'], /from '(node:child_process|execa)'/, 'child processes'),
  only(['lib/posix.ts'], /from 'koffi'/, 'native calls'),
  only(['config.ts'], /process\.env\b/, 'the environment'),
  unless(isStore, /from 'kysely'|\.(selectFrom|insertInto|updateTable|deleteFrom)\(/, 'SQL outside a store'),
  unless(isStore, /from 'better-sqlite3'/, 'a database outside a store'),
  when(isPure, /from 'node:/, 'a node module in a pure file'),
  when(path => path.startsWith('dav/'), /from 'node:fs/, 'fs in dav/'),
  when(
    path => path.startsWith('files/') && !path.startsWith('files/routes'),
    /from 'node:http'|\.headers\b/,
    'headers in files/',
  ),
  function systemIsForTheAgent(file) {
    if (folderOf(file.path) === 'agent' || file.path === 'agent.ts' || isPartOf(file.path, 'system'))
      return []
    return valueImports(file)
      .filter(({ target }) => isPartOf(target, 'system'))
      .map(({ target }) => `imports ${target} for its value`)
  },
]

function only(allowed: string[], pattern: RegExp, what: string): Rule {
  return ({ path, text }) =>
    pattern.test(text) && !allowed.includes(path) ? [`${what} outside ${allowed.join(' and ')}`] : []
}

function unless(isAllowed: (path: string) => boolean, pattern: RegExp, what: string): Rule {
  return ({ path, text }) => (pattern.test(text) && !isAllowed(path) ? [what] : [])
}

function when(applies: (path: string) => boolean, pattern: RegExp, what: string): Rule {
  return ({ path, text }) => (applies(path) && pattern.test(text) ? [what] : [])
}

function isStore(path: string): boolean {
  return path === 'lib/database.ts' || /(^|\/)store(\.ts|\/)/.test(path)
}

function isPure(path: string): boolean {
  return /^(?!lib|http)\w+\/(plan|parse|render)(\.ts|\/)/.test(path)
}

function isPartOf(path: string, name: string): boolean {
  return new RegExp(`^\\w+/${name}(\\.ts|/)`).test(path)
}

function valueImports({ path, text }: SourceFile): { target: string }[] {
  const statements = [
    ...text.matchAll(/^(?:import|export)\s+(?!type\b)[^'"]*?from\s+'(\.[^']+)'/gm),
    ...text.matchAll(/import\('(\.[^']+)'\)/g),
  ]
  return statements
    .map(match => ({ target: resolve(path, match[1] ?? '') }))
    .filter(({ target }) => target !== packageFile)
}

/** `storage/plan.ts` + `../lib/run.ts` is `lib/run.ts`. */
function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const step of specifier.split('/')) {
    if (step === '..') parts.pop()
    else if (step !== '.') parts.push(step)
  }
  return parts.join('/')
}

function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : 'main'
}

function layerOf(path: string): number | undefined {
  const index = layers.findIndex(layer => layer.includes(folderOf(path)))
  return index < 0 ? undefined : index
}
