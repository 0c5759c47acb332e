import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { type Cairn, claimed, eventually, freePort, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { openBrowser, openPage, scrollsSideways, signIn, violations } from './browser.ts'

const nfsTest = testIf('root', 'btrfs', 'ganesha', 'chromium')

nfsTest('a share is switched on and that undone, and what is wrong is said at its line', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const page = await openShare(t, cairn)
  await onSwitch(page).click()
  t.is(await page.getByRole('button', { name: 'Add machine' }).count(), 1)
  await page.getByText('is trusted with everything in this share, whoever sits at it').waitFor()
  await page.getByText('does not go to the trash').waitFor()
  await page.getByText('a folder .cairn that they cannot open').waitFor()

  await page.getByRole('button', { name: 'Switch on NFS' }).click()
  await isWrong(page, 1, /^Name at least one client/)
  await machine(page, 1).fill('192.168.1.0/24')
  await add(page, 'no address')
  await add(page, '  192.168.1.7 ')
  await page.getByRole('radiogroup', { name: 'What they may do' }).getByText('Read and write').click()
  await page.getByRole('button', { name: 'Switch on NFS' }).click()
  await isWrong(page, 2, /^That is no host name/)
  await isWrong(page, 3, /^192\.168\.1\.7 is part of 192\.168\.1\.0\/24/)
  t.is(await page.evaluate('document.activeElement?.ariaLabel'), 'Machine 2')
  t.deepEqual(await violations(page), [])
  t.like((await settings(cairn)).body, { enabled: false, clients: [] })

  await machine(page, 2).fill('fd00::/64')
  await page.getByRole('button', { name: 'Remove 192.168.1.7' }).click()
  await page.getByRole('button', { name: 'Switch on NFS' }).click()
  await page.getByText('shared can be mounted by NFS').waitFor()
  t.is(await page.evaluate('document.activeElement?.getAttribute("role")'), 'switch')
  t.like((await settings(cairn)).body, {
    enabled: true,
    clients: ['192.168.1.0/24', 'fd00::/64'],
    access: 'write',
    snapshots: false,
    problem: null,
  })
  const { linux, macos } = (await settings(cairn)).body.mounts
  await page.getByText(linux, { exact: true }).waitFor()
  await page.getByRole('button', { name: `On a Mac: ${macos}` }).waitFor()
  await page.getByText('No machine is connected').waitFor()
  t.is(await page.getByRole('button', { name: 'Discard changes' }).count(), 0)
  t.deepEqual(await violations(page), [])

  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('Off: no machine gets in this way').waitFor()
  t.like((await settings(cairn)).body, { enabled: false, clients: [] })
})

nfsTest('every machine is let in only where the word is typed', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const page = await openShare(t, cairn)
  await onSwitch(page).click()
  await machine(page, 1).fill('0.0.0.0/0')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Let every machine mount shared?' })
  await dialog.getByText('every machine that can reach this box: each gets in without a password').waitFor()
  t.deepEqual(await violations(page), [])
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  t.like((await settings(cairn)).body, { enabled: false })

  await page.getByRole('button', { name: 'Switch on NFS' }).click()
  const letIn = dialog.getByRole('button', { name: 'Let every machine in' })
  t.true(await letIn.isDisabled())
  await dialog.getByLabel('Type everyone to confirm').fill('everyone')
  await letIn.click()
  await page.getByText('shared can be mounted by NFS').waitFor()
  t.like((await settings(cairn)).body, { enabled: true, clients: ['0.0.0.0/0'] })
})

nfsTest(
  'machines are removed, a change is discarded, and NFS is switched off and on with its list',
  async t => {
    const cairn = await startCairn(t, { args: claimed })
    const clients = ['192.168.1.20', '192.168.1.21', 'nobody-knows-it.invalid']
    await cairn.api('PUT', '/shares/shared/nfs', { clients, snapshots: true })
    const socket = connect(cairn.nfsPort, '127.0.0.1')
    await once(socket, 'connect')
    t.teardown(() => socket.destroy())
    const page = await openShare(t, cairn)
    await page.getByText('Connected to this box by NFS now: 127.0.0.1').waitFor()
    await page.getByText('/.snapshots/shared').waitFor()
    await page.getByText('Nobody knows this name').waitFor()
    t.regex(await descriptionOf(page, 3), /^Nobody knows this name/)

    await page.getByRole('button', { name: 'Remove 192.168.1.20' }).click()
    t.is(await machine(page, 1).inputValue(), '192.168.1.21')
    await page.getByRole('button', { name: 'Discard changes' }).click()
    t.is(await machine(page, 1).inputValue(), '192.168.1.20')
    await page.getByRole('button', { name: 'Remove nobody-knows-it.invalid' }).click()
    await page.getByRole('button', { name: 'Remove 192.168.1.20' }).click()
    await page.getByRole('button', { name: 'Save NFS settings' }).click()
    await page.getByText('The NFS settings of shared are saved').waitFor()
    t.like((await settings(cairn)).body, { enabled: true, clients: ['192.168.1.21'], snapshots: true })

    await machine(page, 1).fill('not kept, as it is switched off')
    await onSwitch(page).click()
    await page.getByRole('button', { name: 'Switch off NFS' }).click()
    await page.getByText('shared is no longer shown by NFS').waitFor()
    t.like((await settings(cairn)).body, { enabled: false, clients: ['192.168.1.21'], snapshots: true })
    t.like((await cairn.api('GET', '/nfs')).body, { isWanted: false })
    await onSwitch(page).click()
    t.is(await machine(page, 1).inputValue(), '192.168.1.21')
  },
)

/** From then on it is tried again so seldom that it stands still. */
const timesTried = 4

nfsTest('why nothing is served is said above the list', async t => {
  const nfsPort = await freePort()
  const other = createServer().listen(nfsPort)
  await once(other, 'listening')
  t.teardown(() => other.close())
  const cairn = await startCairn(t, { args: claimed, nfsPort })
  await cairn.api('PUT', '/shares/shared/nfs', { clients: ['192.168.1.20'] })
  await eventually(async () => (await cairn.api('GET', '/nfs')).body.restarts >= timesTried)
  const problem = `The NFS server cannot be started: port ${nfsPort} is in use by another program.`
  const page = await openShare(t, cairn)
  await page.getByText('NFS is not served at the moment').waitFor()
  await page.getByText(problem).waitFor()
  t.deepEqual(await violations(page), [])
})

nfsTest('a home is behind a line that opens, and Esc closes the question before the drawer', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const page = await openPage(t, await openBrowser(t), { size: 'phone' })
  await signIn(page, cairn)
  await page.goto(`${cairn.url}/people`)
  await page.getByRole('button', { name: 'admin admin · Administrator' }).click()
  const drawer = page.getByRole('dialog', { name: 'admin' })
  const fold = drawer.getByRole('button', { name: 'Home over NFS' })
  t.is(await fold.getAttribute('aria-expanded'), 'false')
  await fold.click()
  t.is(await fold.getAttribute('aria-expanded'), 'true')
  const off = drawer.getByRole('switch', { name: 'Let machines mount this home by NFS' })
  t.false(await off.isChecked())
  await off.click()
  await machine(page, 1).fill('*')
  await drawer.getByRole('button', { name: 'Switch on NFS' }).click()
  const question = page.getByRole('dialog', { name: 'Let every machine mount admin?' })
  await question.waitFor()
  await page.keyboard.press('Escape')
  await question.waitFor({ state: 'detached' })
  await machine(page, 1).fill('192.168.1.20')
  t.deepEqual(await violations(page), [])
  t.false(await scrollsSideways(page))
  await drawer.getByRole('button', { name: 'Switch on NFS' }).click()
  await page.getByText('admin can be mounted by NFS').waitFor()
  t.like((await cairn.api('GET', '/homes/admin/nfs')).body, { enabled: true, clients: ['192.168.1.20'] })
})

async function openShare(t: ExecutionContext, cairn: Cairn): Promise<Page> {
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  await page.goto(`${cairn.url}/shares/shared`)
  await onSwitch(page).waitFor()
  return page
}

const settings = (cairn: Cairn) => cairn.api('GET', '/shares/shared/nfs')
const onSwitch = (page: Page) => page.getByRole('switch', { name: 'Let machines mount this share by NFS' })
const machine = (page: Page, number: number) =>
  page.getByRole('textbox', { name: `Machine ${number}`, exact: true })

/** The field that comes has the focus. */
async function add(page: Page, text: string) {
  await page.getByRole('button', { name: 'Add machine' }).click()
  await page.keyboard.insertText(text)
}

async function isWrong(page: Page, number: number, message: RegExp) {
  await page.getByText(message).waitFor()
  const wrong = machine(page, number).and(page.locator('[aria-invalid=true]'))
  await wrong.waitFor()
  const said = await descriptionOf(page, number)
  if (!message.test(said)) throw new Error(`machine ${number} is described by ${said}`)
}

/** What a screen reader says to the field. */
async function descriptionOf(page: Page, number: number): Promise<string> {
  const ids = (await machine(page, number).getAttribute('aria-describedby')) ?? ''
  const texts = ids
    .split(' ')
    .filter(Boolean)
    .map(id => page.locator(`[id="${id}"]`).textContent())
  return (await Promise.all(texts)).join(' ')
}
