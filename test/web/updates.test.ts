import type { ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import type { EarlierVersion, SourceState, UpdateState } from '../../appliance/web/api/updates.ts'
import { admin, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { openBrowser, openPage, scrollsSideways, signIn, sizes, violations } from './browser.ts'

const pageTest = testIf('root', 'btrfs', 'chromium')

const flashed: UpdateState = {
  version: '1.0.0',
  isPossible: true,
  isOnTrial: false,
  slots: {
    compatible: 'cairn-amd64',
    slots: [
      { name: 'A', isBooted: true, isNext: true, version: null },
      { name: 'B', isBooted: false, isNext: false, version: '0.9.0' },
    ],
  },
  bundle: null,
  waitsForRestart: false,
  restartAt: null,
}

pageTest('the page of updates says what runs, what was received and what comes next', async t => {
  const cairn = await startCairn(t, { args: ['--admin', `${admin.name}:${admin.password}`] })
  const browser = await openBrowser(t)
  for (const scheme of ['light', 'dark'] as const) {
    for (const size of ['desktop', 'phone'] as const) {
      const page = await openPage(t, browser, { scheme, size })
      const isSound = async () => {
        t.deepEqual(await violations(page), [], `${scheme}, ${size}`)
        t.false(await scrollsSideways(page))
      }
      await signIn(page, cairn)
      // This one was not flashed.
      await page.goto(`${cairn.url}/updates`)
      await page.getByText('is updated in the way it was installed', { exact: false }).waitFor()
      await isSound()

      await shown(page, flashed)
      await page.getByRole('button', { name: 'Choose an update' }).waitFor()
      await page.getByText('0.9.0', { exact: true }).waitFor()
      await isSound()
      await shown(page, { ...flashed, bundle: { receivedBytes: 2e8, version: '1.1.0', problem: null } })
      await page.getByRole('button', { name: 'Install 1.1.0' }).waitFor()
      await isSound()
      const problem = 'The update was refused: Failed to verify signature: self-signed certificate.'
      await shown(page, { ...flashed, bundle: { receivedBytes: 2e8, version: null, problem } })
      await page.getByText('self-signed certificate', { exact: false }).waitFor()
      await isSound()
      const installed = {
        compatible: 'cairn-amd64',
        slots: [
          { name: 'A', isBooted: true, isNext: false, version: null },
          { name: 'B', isBooted: false, isNext: true, version: '1.1.0' },
        ],
      }
      await shown(page, { ...flashed, slots: installed, waitsForRestart: true })
      await page.getByRole('button', { name: 'Restart at three in the night' }).waitFor()
      await isSound()
      await shown(page, {
        ...flashed,
        version: '1.1.0',
        isOnTrial: true,
      })
      await page.getByText('Version 1.1.0 is on trial').waitFor()
      await isSound()
      await shown(page, { ...flashed, slots: { compatible: 'cairn-rpi', slots: installed.slots } })
      await page.getByText('Not yet run on a real Raspberry Pi').waitFor()
      await isSound()
      await page.context().close()
    }
  }
})

const earlier: EarlierVersion = {
  version: '0.9.0',
  lost: [
    { what: 'people', how: 'added', count: 2, names: ['ruth', 'zoe'] },
    { what: 'devices', how: 'added', count: 1, names: ['tablet (ann)'] },
    { what: 'sessions', how: 'added', count: 3, names: [] },
    { what: 'settings', how: 'changed', count: 1, names: ['system/name'] },
    {
      what: 'labels',
      how: 'removed',
      count: 9,
      names: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'before the holiday'],
    },
  ],
  kept: [
    { what: 'people', how: 'removed', count: 1, names: ['eve'] },
    { what: 'passwords', how: 'changed', count: 1, names: ['bob'] },
  ],
  problem: null,
}

pageTest(
  'the page says what going back to the version before would lose, and goes back only then',
  async t => {
    const cairn = await startCairn(t, { args: ['--admin', `${admin.name}:${admin.password}`] })
    const page = await openPage(t, await openBrowser(t))
    await signIn(page, cairn)
    const asked: unknown[] = []
    await page.route('**/api/v1/updates/go-back', async route => {
      asked.push(route.request().postDataJSON())
      await route.fulfill({ status: 204 })
    })
    let answer: EarlierVersion = { ...earlier, problem: 'None of the present administrators had an account.' }
    await page.route('**/api/v1/updates/earlier', route => route.fulfill({ json: answer }))
    const open = () => page.getByRole('button', { name: 'Go back to 0.9.0…' }).click()
    const action = page.getByRole('button', { name: 'Go back and restart' })
    await shown(page, flashed, cairn.url)
    await open()
    await page.getByText('None of the present administrators', { exact: false }).waitFor()
    t.true(await action.isDisabled())

    answer = earlier
    await shown(page, flashed)
    await page.getByText('Version 0.9.0 is still in the other place', { exact: false }).waitFor()
    await isSound('updates-back-offer')
    await open()
    await page.getByText('People, gone: ruth and zoe').waitFor()
    await page.getByText('Browsers that are signed in, gone: 3').waitFor()
    await page.getByText('Passwords, changed since: bob').waitFor()
    await page.getByText('Settings of the box, as they were then: the name of the box').waitFor()
    await isSound('updates-back-dialog')
    await action.click()
    await page.getByText('The box starts again', { exact: false }).waitFor()
    t.deepEqual(asked, [{ version: '0.9.0' }])

    async function isSound(name: string) {
      await looksSound(t, page, name)
    }
  },
)

const nowhere: SourceState = {
  address: null,
  isOwn: false,
  looksDaily: true,
  installsAtNight: false,
  lookedAt: null,
  problem: null,
  failingSince: null,
  found: null,
  heldBack: null,
}
const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()
const known: SourceState = {
  ...nowhere,
  address: 'https://example.org/cairn/',
  isOwn: true,
  lookedAt: ago(3),
  found: { version: '1.0.0', date: '2026-03-29', sizeBytes: 222_000_000, notes: [], isNewer: false },
}
const longNotes = [
  'Something that is new, told in more words than a line has on a phone, so that it has to go on in the next one.',
  `A name without an end: ${'photos-of-the-summer-'.repeat(8)}`,
  ...Array.from({ length: 12 }, (_, index) => `And this is the thing of number ${index + 3}.`),
]
const newer: SourceState = {
  ...known,
  found: { version: '1.1.0', date: '2026-03-29', sizeBytes: 222_000_000, notes: longNotes, isNewer: true },
}
const failing: SourceState = {
  ...known,
  lookedAt: ago(3),
  failingSince: ago(48),
  problem: {
    code: 'updates/unreachable',
    message: 'No answer: example.org could not show that it is example.org (certificate has expired).',
  },
}

pageTest('the page says where updates come from and what is there, and one press takes it', async t => {
  const cairn = await startCairn(t, { args: ['--admin', `${admin.name}:${admin.password}`] })
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  let source = nowhere
  await page.route('**/api/v1/updates/source', route => route.fulfill({ json: source }))
  const show = async (one: SourceState) => {
    source = one
    await shown(page, flashed, cairn.url)
  }

  await show(nowhere)
  await page.getByText('knows no place where updates are published', { exact: false }).waitFor()
  t.is(await page.getByRole('button', { name: 'Look for updates' }).count(), 0)
  await isSound('nowhere')

  await show(known)
  await page.getByText('Nothing newer is published').waitFor()
  await page.getByText('Looked 3 hours ago.').waitFor()
  await isSound('newest')

  await show(failing)
  await page.getByText('certificate has expired', { exact: false }).waitFor()
  await page.getByText('So it has been since 2 days ago.').waitFor()
  t.is(await page.getByText('Nothing newer is published').count(), 0)
  await isSound('failing')

  await show({ ...newer, installsAtNight: true, heldBack: { at: ago(9), message: 'The pool is degraded.' } })
  await page.getByText('It was not taken in the night').waitFor()
  await page.getByText('March 29, 2026 · 222 MB').waitFor()
  t.is(await page.getByText('thing of number 14', { exact: false }).count(), 0)
  await isSound('newer-held-back')
  await page.getByRole('button', { name: 'Show 8 more' }).click()
  await page.getByText('thing of number 14', { exact: false }).waitFor()
  await isSound('newer-all-notes')

  await page.goto(`${cairn.url}/storage`)
  await page.getByText('Version 1.1.0 is there').waitFor()
  await isSound('note')
  await page.getByRole('link', { name: 'See what is new' }).click()

  const taken: unknown[] = []
  await page.route('**/api/v1/updates/take', async route => {
    taken.push(route.request().postDataJSON())
    await route.fulfill({ status: 202, json: { job: 'one' } })
  })
  const job = { id: 'one', kind: 'updates/take', title: 'Updating to 1.1.0', state: 'running', fraction: 0.3 }
  await page.route('**/api/v1/jobs', route =>
    route.fulfill({
      json: taken.length === 0 ? [] : [{ ...job, message: 'Downloading the update', startedAt: ago(0) }],
    }),
  )
  await page.getByRole('button', { name: 'Download and install' }).click()
  await page.getByRole('heading', { name: 'Updating to 1.1.0' }).waitFor()
  t.deepEqual(taken, [{ version: '1.1.0' }])
  t.is(await page.getByRole('button', { name: 'Choose an update' }).count(), 0)
  await isSound('taking')

  async function isSound(name: string) {
    await looksSound(t, page, `source-${name}`)
  }
})

pageTest('a place for updates is named, refused with its reason, and asked at once', async t => {
  const cairn = await startCairn(t, { args: ['--admin', `${admin.name}:${admin.password}`] })
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  let source = nowhere
  const asked: unknown[] = []
  const message = 'address: http is for the network at home only. Give an address of https'
  await page.route('**/api/v1/updates/source', async route => {
    if (route.request().method() === 'GET') return route.fulfill({ json: source })
    const body = route.request().postDataJSON()
    asked.push(body)
    if (body.address.startsWith('http:'))
      return route.fulfill({ status: 400, json: { error: { code: 'input/invalid', message, details: {} } } })
    source = { ...known, ...body }
    return route.fulfill({ json: source })
  })
  await page.route('**/api/v1/updates/look', async route => {
    asked.push('look')
    await route.fulfill({ json: source })
  })
  await shown(page, flashed, cairn.url)
  await page.getByRole('button', { name: 'Name a place' }).click()
  const address = page.getByLabel('Address', { exact: true })
  await address.fill('http://example.org/cairn/')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText(message).waitFor()
  await looksSound(t, page, 'source-dialog-refused')
  await address.fill(' https://example.org/cairn/ ')
  await page.getByRole('switch', { name: 'Install by itself in the night' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Nothing newer is published').waitFor()
  const wanted = { looksDaily: true, installsAtNight: true, address: 'https://example.org/cairn/' }
  t.deepEqual(asked.slice(1), [wanted, 'look'])

  // What is not looked for cannot be installed; the place itself stays, and is not asked again.
  await page.getByRole('button', { name: 'Change…' }).click()
  await page.getByRole('switch', { name: 'Look once a day' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The box does not look by itself.', { exact: false }).waitFor()
  t.deepEqual(asked.slice(3), [{ ...wanted, looksDaily: false, installsAtNight: false }])
})

pageTest('a file is sent in pieces to where updates are received', async t => {
  const cairn = await startCairn(t, { args: ['--admin', `${admin.name}:${admin.password}`] })
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  const pieces: string[] = []
  await page.route('**/api/v1/updates/bundle*', async route => {
    const url = new URL(route.request().url())
    pieces.push(`${url.searchParams.get('offset')} ${route.request().postDataBuffer()?.length}`)
    await route.fulfill({ json: { receivedBytes: 0 } })
  })
  await shown(page, flashed, cairn.url)
  const chosen = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Choose an update' }).click()
  const buffer = Buffer.alloc(9 * 1024 * 1024)
  await (await chosen).setFiles({ name: 'a.raucb', mimeType: 'application/octet-stream', buffer })
  await eventually(async () => pieces.length === 2)
  t.deepEqual(pieces, ['0 8388608', '8388608 1048576'])
})

/** The page with this answer of the box. */
async function shown(page: Page, state: UpdateState, url = new URL(page.url()).origin) {
  await page.unroute('**/api/v1/updates').catch(() => undefined)
  await page.route('**/api/v1/updates', route => route.fulfill({ json: state }))
  await page.goto(`${url}/updates`)
}

/** In both schemes, on a desktop and a phone; with a picture of each, if there is a folder for them. */
async function looksSound(t: ExecutionContext, page: Page, name: string) {
  const folder = process.env.CAIRN_PICTURES
  for (const colorScheme of ['light', 'dark'] as const)
    for (const size of ['desktop', 'phone'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize(sizes[size])
      t.false(await scrollsSideways(page), `${name}, ${size}`)
      t.deepEqual(await violations(page), [], `${name}, ${size}, ${colorScheme}`)
      if (folder)
        await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png`, fullPage: true })
    }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(sizes.desktop)
}
