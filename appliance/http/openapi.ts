import { z } from 'zod'
import type { Route } from './route.ts'

/** The OpenAPI 3.1 document of the very schemas that check the input. */
export function openApiDocument(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replace('{+', '{')
    paths[path] ??= {}
    paths[path][route.method] = operationOf(route)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Cairn', version, description: 'Files, shares, disks and people of one box.' },
    servers: [{ url: '/api/v1' }],
    security: [{ basic: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic', description: 'A password or an app password.' },
        session: { type: 'apiKey', in: 'cookie', name: 'cairn-session' },
      },
      schemas: { Error: errorSchema },
    },
  }
}

const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'details'],
      properties: { code: { type: 'string' }, message: { type: 'string' }, details: { type: 'object' } },
    },
  },
}

function operationOf(route: Route) {
  return {
    summary: route.summary,
    tags: [route.tag],
    operationId: `${route.method}${route.path.replace(/[^a-zA-Z]+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/\W/g, '')}`,
    ...(route.access === 'none' || route.access === 'setup' ? { security: [] } : {}),
    parameters: [
      ...parametersOf(route.params, 'path', route.path),
      ...parametersOf(route.query, 'query', ''),
    ],
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: jsonSchema(route.body, 'input') } },
          },
        }
      : {}),
    ...(route.streams === 'request'
      ? {
          requestBody: {
            content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
          },
        }
      : {}),
    responses: {
      [String(route.status ?? (route.reply || route.streams ? 200 : 204))]: {
        description: 'Done',
        ...(route.reply
          ? { content: { 'application/json': { schema: jsonSchema(route.reply, 'output') } } }
          : {}),
      },
      default: {
        description: 'What went wrong',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query', path: string) {
  const described = schema
    ? (jsonSchema(schema, 'input') as { properties?: Record<string, unknown>; required?: string[] })
    : {}
  const names =
    place === 'path'
      ? [...path.matchAll(/\{\+?(\w+)\}/g)].map(match => String(match[1]))
      : Object.keys(described.properties ?? {})
  return names.map(name => ({
    name,
    in: place,
    required: place === 'path' || (described.required?.includes(name) ?? false),
    schema: described.properties?.[name] ?? { type: 'string' },
  }))
}
