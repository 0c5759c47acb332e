import { Badge, Group, Radio, Stack, Switch, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PoolOption } from '../../../storage/schema.ts'
import { formatBytes } from '../format/bytes.ts'
import classes from './profile-choice.module.css'
import { useProfileName } from './profile-name.ts'

interface Props {
  options: readonly PoolOption[]
  chosen: string
  onChange: (option: PoolOption) => void
}

/** What the chosen disks can become, side by side: room, losses survived, and what that means. */
export function ProfileChoice({ options, chosen, onChange }: Props) {
  const { t } = useTranslation()
  const [isAdvanced, setAdvanced] = useState(
    options.some(option => option.profile === chosen && option.isAdvanced),
  )
  const suggested = suggestedProfile(options)
  const shown = options.filter(option => isAdvanced || !option.isAdvanced)
  return (
    <Stack gap={8}>
      <Radio.Group
        label={t('pool.profile')}
        value={chosen}
        onChange={profile => {
          const option = options.find(one => one.profile === profile)
          if (option) onChange(option)
        }}
      >
        <div className={classes.options}>
          {shown.map(option => (
            <ProfileCard
              key={option.profile}
              option={option}
              isSuggested={option.profile === suggested}
              isChosen={option.profile === chosen}
            />
          ))}
        </div>
      </Radio.Group>
      {options.some(option => option.isAdvanced) && (
        <Switch
          label={t('pool.advanced')}
          checked={isAdvanced}
          onChange={event => setAdvanced(event.currentTarget.checked)}
        />
      )}
    </Stack>
  )
}

function ProfileCard({
  option,
  isSuggested,
  isChosen,
}: {
  option: PoolOption
  isSuggested: boolean
  isChosen: boolean
}) {
  const { t } = useTranslation()
  const profileName = useProfileName()
  const { profile, usableBytes, lossesSurvived, minimumDisks, isPossible, explanation, isAdvanced } = option
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the radio below is the control
    <label className={classes.option} data-chosen={isChosen || undefined} data-off={!isPossible || undefined}>
      <Radio
        value={profile}
        disabled={!isPossible}
        aria-label={profileName(profile)}
        aria-describedby={`profile-${profile}`}
        mt={2}
      />
      <span className={classes.words} id={`profile-${profile}`}>
        <Group gap={8}>
          <Text span fw={600}>
            {profileName(profile)}
          </Text>
          <Text span size="sm" c="dimmed">
            {profile}
          </Text>
          {isSuggested && (
            <Badge variant="light" tt="none" fw={600}>
              {t('pool.suggested')}
            </Badge>
          )}
          {isAdvanced && (
            <Badge variant="light" color="yellow" tt="none" fw={600}>
              {t('pool.unsafe')}
            </Badge>
          )}
        </Group>
        <Text span className="tabular">
          {isPossible
            ? `${t('pool.usable', { size: formatBytes(usableBytes) })} · ${t('pool.survives', { count: lossesSurvived })}`
            : t('pool.needsDisks', { count: minimumDisks })}
        </Text>
        <Text span size="sm" c="dimmed">
          {explanation}
        </Text>
      </span>
    </label>
  )
}

/** What is right for most: one disk may be lost; with a single disk there is no choice. */
export function suggestedProfile(options: readonly PoolOption[]): string | undefined {
  const possible = options.filter(option => option.isPossible && !option.isAdvanced)
  return (possible.find(option => option.lossesSurvived === 1) ?? possible[0])?.profile
}
