import { z } from 'zod'
import { brought } from './brought.ts'
import { facts } from './facts.ts'
import { measurements } from './figures.ts'
import { seenThing, tuningSetting } from './settings.ts'

export const automatic = z.object({
  isOn: z.boolean().describe('The plan is applied by itself.'),
  isCancelled: z
    .boolean()
    .describe('Somebody cancelled applying: until the hardware changes nothing is applied by itself.'),
})
export type Automatic = z.infer<typeof automatic>

export const tuningReport = z.object({
  facts,
  measurements: measurements.nullable(),
  isMeasuredHere: z
    .boolean()
    .describe('The figures are of this hardware. If not, nothing is planned by them; measure again.'),
  settings: z.array(tuningSetting),
  automatic,
  brought: brought
    .nullable()
    .describe(
      'What groups of settings brought on this hardware; null: never measured, or on other hardware.',
    ),
  seen: z.array(seenThing),
})
export type TuningReport = z.infer<typeof tuningReport>
