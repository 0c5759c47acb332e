import { z } from 'zod'
import { type Route, route } from '../http/route.ts'
import { renderReport } from './render/report.ts'
import { settingName, settingProblem, settingValue, tuningReport } from './schema/index.ts'
import type { Applying } from './service/applying.ts'
import type { Automatic } from './service/automatic.ts'
import type { Calibration } from './service/calibration.ts'
import type { Planning } from './service/plan.ts'

const shared = { access: 'admin', tag: 'tuning' } as const
const jobStarted = z.object({ job: z.string().describe('See `/jobs/{id}`.') })

export function tuningRoutes(deps: {
  planning: Planning
  applying: Applying
  calibration: Calibration
  automatic: Automatic
  version: string
}): Route[] {
  const { planning, applying, calibration, automatic, version } = deps
  return [
    route({
      ...shared,
      method: 'get',
      path: '/tuning',
      summary: 'This machine, what was measured on it, and each setting with its why',
      reply: tuningReport,
      handle: () => planning.report(),
    }),
    route({
      ...shared,
      method: 'get',
      path: '/tuning/report',
      summary: 'The same as a text for a bug report, without serials and names',
      streams: 'response',
      async handle({ response }) {
        response.setHeader('Cache-Control', 'no-store')
        response.type('text/plain').send(renderReport(await planning.report(), version))
        return undefined
      },
    }),
    route({
      ...shared,
      method: 'put',
      path: '/tuning/settings/{name}',
      summary: 'Choose a value, which goes before the plan’s and is kept; null gives it back to the plan',
      params: z.object({ name: settingName }),
      body: z.strictObject({ value: settingValue.nullable() }),
      async handle({ params, body }) {
        await planning.choose(params.name, body.value)
        return undefined
      },
    }),
    route({
      ...shared,
      method: 'put',
      path: '/tuning/automatic',
      summary:
        'Whether what is planned is applied by itself: after a start, when disks or pools came or went, and after measuring',
      body: z.strictObject({ isOn: z.boolean() }),
      async handle({ body }) {
        await automatic.switchTo(body.isOn)
        return undefined
      },
    }),
    route({
      ...shared,
      method: 'post',
      path: '/tuning/calibrate',
      summary: 'Measure this machine, in less than a minute and at low priority',
      status: 202,
      reply: jobStarted,
      handle: async () => ({ job: (await calibration.start()).id }),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/tuning/apply',
      summary:
        'Set what is planned, or one setting of it, group by group; each is watched for a minute and undone if the box does worse',
      query: z.strictObject({ name: settingName.optional() }),
      status: 202,
      reply: jobStarted,
      handle: async ({ query }) => ({ job: (await applying.apply(query.name ?? null)).id }),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/tuning/revert',
      summary: 'Put back what was found, of one setting or of all',
      body: z.strictObject({ name: settingName.optional() }),
      reply: z.object({ reverted: z.array(settingName), failed: z.array(settingProblem) }),
      handle: ({ body }) => applying.revert(body.name ?? null),
    }),
  ]
}
