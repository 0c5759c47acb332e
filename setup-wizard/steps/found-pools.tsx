import { Checkbox, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Card } from '../../appliance/web/kit/sheet.tsx'
import type { FoundPool } from '../api.ts'

interface Props {
  pools: readonly FoundPool[]
  /** Who is being made the administrator. */
  account: string
  chosen: readonly string[]
  onChosen: (uuids: string[]) => void
}

/** Pools that lie on the disks already: from another box, or from before a reset. */
export function FoundPools({ pools, account, chosen, onChosen }: Props) {
  const { t } = useTranslation()
  if (pools.length === 0) return null
  const toggle = (uuid: string) =>
    onChosen(chosen.includes(uuid) ? chosen.filter(other => other !== uuid) : [...chosen, uuid])
  return (
    <Stack gap={12}>
      <Text className="prose">{t('setup.found.lead', { count: pools.length })}</Text>
      {pools.map(pool => (
        <Card key={pool.uuid}>
          <Checkbox
            size="md"
            checked={chosen.includes(pool.uuid)}
            onChange={() => toggle(pool.uuid)}
            label={t('setup.found.keep', { name: pool.name })}
            description={<What pool={pool} account={account} />}
          />
        </Card>
      ))}
    </Stack>
  )
}

function What({ pool, account }: { pool: FoundPool; account: string }) {
  const { t, i18n } = useTranslation()
  const listed = (names: readonly string[]) => new Intl.ListFormat(i18n.language).format(names)
  const { shares, homes, disks, missingDisks } = pool
  const lines = [
    t('setup.found.disks', { count: disks.length }),
    missingDisks > 0 && t('setup.found.missing', { count: missingDisks }),
    shares.length > 0 && t('setup.found.shares', { names: listed(shares), count: shares.length }),
    homes.length > 0 && t('setup.found.homes', { names: listed(homes), count: homes.length }),
    homes.length > 0 &&
      (homes.includes(account)
        ? t('setup.found.yours', { account })
        : t('setup.found.notYours', { account })),
  ]
  return lines.filter(Boolean).join(' ')
}
