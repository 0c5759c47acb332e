import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import express from 'express'
import { z } from 'zod'
import { createErrorReply } from '../../appliance/http/errors.ts'
import { openApiDocument } from '../../appliance/http/openapi.ts'
import { type Actor, createRouter, type Route, route } from '../../appliance/http/route.ts'
import { Failure } from '../../appliance/lib/failure.ts'
import { createLog } from '../../appliance/lib/log.ts'

const ann: Actor = { user: 'ann', role: 'member', device: 'test', face: 'rest', address: '127.0.0.1' }

const routes: Route[] = [
  route({
    method: 'post',
    path: '/boxes/{name}',
    access: 'member',
    summary: 'Make a box',
    tag: 'boxes',
    params: z.object({ name: z.string().max(5) }),
    body: z.strictObject({ size: z.number().int().positive() }),
    reply: z.object({ name: z.string(), size: z.number(), by: z.string() }),
    status: 201,
    handle: ({ params, body, actor }) => ({ ...params, ...body, by: actor.user }),
  }),
  route({
    method: 'get',
    path: '/admin',
    access: 'admin',
    summary: 'Admins',
    tag: 'boxes',
    handle: () => undefined,
  }),
  route({
    method: 'get',
    path: '/broken',
    access: 'none',
    summary: 'Breaks',
    tag: 'boxes',
    handle() {
      throw new TypeError('at /secret/path')
    },
  }),
]

async function serve(t: ExecutionContext) {
  const logged: string[] = []
  const app = express()
  const guards = {
    async authenticate(request: { headers: { authorization?: string | undefined } }) {
      if (request.headers.authorization === 'wrong')
        throw new Failure('unauthenticated', 'auth/wrong', 'Wrong name or password.')
      return request.headers.authorization === 'ann' ? ann : undefined
    },
    requireSetup: async () => undefined,
  }
  app.use(createRouter(routes, guards))
  app.use(createErrorReply(createLog('test', 'error', line => logged.push(line))))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', authorization: 'ann', ...headers },
    })
  return { url, post, logged }
}

test('a good request is checked, handled and answered', async t => {
  const { post } = await serve(t)
  const response = await post('/boxes/red', '{"size":3}')
  t.is(response.status, 201)
  t.deepEqual(await response.json(), { name: 'red', size: 3, by: 'ann' })
})

test('bad input names every field', async t => {
  const { post } = await serve(t)
  const response = await post('/boxes/red', '{"size":-1,"colour":"x"}')
  t.is(response.status, 400)
  const { error } = (await response.json()) as {
    error: { code: string; details: { fields: Record<string, string> } }
  }
  t.is(error.code, 'input/invalid')
  t.deepEqual(Object.keys(error.details.fields).sort(), ['body', 'size'])
})

for (const [what, body, headers, status] of [
  ['half a JSON', '{"size":', {}, 400],
  ['no JSON at all', 'size=3', { 'content-type': 'text/plain' }, 400],
  ['a body that is too large', JSON.stringify({ size: 1, text: 'x'.repeat(2 ** 21) }), {}, 413],
  ['a wrong password', '{"size":3}', { authorization: 'wrong' }, 401],
] as const) {
  test(`${what} is a clear ${status}`, async t => {
    const { post } = await serve(t)
    const response = await post('/boxes/red', body, headers)
    t.is(response.status, status)
    t.true(((await response.json()) as { error: { message: string } }).error.message.length > 0)
  })
}

test('without a signature 401 with a challenge, and none that opens a window over our page', async t => {
  const { url } = await serve(t)
  const plain = await fetch(`${url}/admin`)
  t.is(plain.status, 401)
  t.regex(plain.headers.get('www-authenticate') ?? '', /Basic realm="Cairn"/)
  const page = await fetch(`${url}/admin`, { headers: { 'x-requested-with': 'XMLHttpRequest' } })
  t.regex(page.headers.get('www-authenticate') ?? '', /^DummyBasic/)
})

test('a member is refused what is for administrators', async t => {
  const { url } = await serve(t)
  t.is((await fetch(`${url}/admin`, { headers: { authorization: 'ann' } })).status, 403)
})

test('what broke is logged once, and its inside stays inside', async t => {
  const { url, logged } = await serve(t)
  const response = await fetch(`${url}/broken`)
  t.is(response.status, 500)
  t.false((await response.text()).includes('secret'))
  t.is(logged.length, 1)
})

test('the OpenAPI document describes parameters, body and reply by the same schemas', t => {
  const document = openApiDocument(routes, '1.0.0') as {
    paths: Record<string, Record<string, Record<string, unknown>>>
  }
  const post = document.paths['/boxes/{name}']?.post
  t.like(post, {
    parameters: [{ name: 'name', in: 'path', required: true, schema: { type: 'string', maxLength: 5 } }],
    requestBody: { required: true },
  })
  t.regex(JSON.stringify(post?.responses), /"201"/)
})
