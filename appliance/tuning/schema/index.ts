export * from './facts.ts'
export * from './figures.ts'
export * from './raw.ts'
export * from './settings.ts'
