import { Button, SegmentedControl, Stack, Text, useMantineColorScheme } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { type Person, signOut } from '../api/session.ts'
import { sharesQuery } from '../api/shares.ts'
import { AddressLines } from '../kit/address-lines.tsx'
import { Card, Part, Sheet } from '../kit/sheet.tsx'
import { useToast } from '../kit/toast.tsx'
import { AppPasswords } from './app-passwords.tsx'
import { OwnPassword } from './own-password.tsx'
import { SecureConnection } from './secure-connection.tsx'

/** One's own account and this page's looks. */
export function SettingsPage({ person }: { person: Person }) {
  const { t } = useTranslation()
  return (
    <Sheet title={t('settings.title')} lead={<SignOut />}>
      <AppPasswords user={person.name} />
      <Connect />
      <SecureConnection />
      <OwnPassword user={person.name} />
      <Part title={t('settings.looks')}>
        <SchemeChoice />
      </Part>
    </Sheet>
  )
}

function SignOut() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const toast = useToast()
  return (
    <Button variant="default" onClick={() => signOut(client).catch(toast.failed)}>
      {t('settings.signOut')}
    </Button>
  )
}

function Connect() {
  const { t } = useTranslation()
  const shares = useQuery(sharesQuery)
  const shown = shares.data?.filter(share => share.right !== 'none') ?? []
  if (shown.length === 0) return null
  return (
    <Part title={t('settings.connect')}>
      <Text c="dimmed" className="prose">
        {t('settings.connectHint')}
      </Text>
      <Stack gap={12}>
        {shown.map(share => (
          <Card key={share.name}>
            <Text fw={600} mb={8} className="unbroken">
              {share.name}
            </Text>
            <AddressLines addresses={share.addresses} />
          </Card>
        ))}
      </Stack>
    </Part>
  )
}

const schemes = ['auto', 'light', 'dark'] as const

function SchemeChoice() {
  const { t } = useTranslation()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <div>
      <SegmentedControl
        aria-label={t('settings.looks')}
        value={colorScheme}
        onChange={scheme => setColorScheme(scheme as (typeof schemes)[number])}
        data={schemes.map(scheme => ({ value: scheme, label: t(`settings.scheme.${scheme}`) }))}
      />
    </div>
  )
}
