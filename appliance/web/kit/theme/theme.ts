import {
  ActionIcon,
  Button,
  type CSSVariablesResolver,
  createTheme,
  Drawer,
  defaultVariantColorsResolver,
  Input,
  type MantineColorsTuple,
  Modal,
  PasswordInput,
  Select,
  TextInput,
  Tooltip,
  type VariantColorResolverResult,
  type VariantColorsResolverInput,
} from '@mantine/core'
import { type Scheme, tokens } from './tokens.ts'

const moss = ramp(
  '#F1F7F3',
  '#E6F0EA',
  '#B9DFC9',
  '#86CBA4',
  '#62AF84',
  '#47936A',
  '#387C57',
  '#2B6A49',
  '#235A3D',
  '#1A4530',
)
const red = ramp(
  '#FDECEA',
  '#FAD9D5',
  '#FFB9B1',
  '#FF9A8F',
  '#F06A5E',
  '#D9473B',
  '#C0342A',
  '#A8231B',
  '#8F1B14',
  '#70130D',
)
const yellow = ramp(
  '#FFF5E0',
  '#FCE8C1',
  '#F7D299',
  '#F0B96B',
  '#DB9A3D',
  '#BF7C1C',
  '#A3660A',
  '#8A5300',
  '#714400',
  '#573500',
)

// Where Mantine takes a grey directly, it is one of ours: 0 lightest to 9 darkest, in `dark` 7 is the page.
const gray = ramp(
  '#FAFAF7',
  '#F2F3EE',
  '#ECEDE8',
  '#E3E5DF',
  '#D2D5CF',
  '#B0B6B0',
  '#868E87',
  '#5A625C',
  '#3C433E',
  '#1F2421',
)
const dark = ramp(
  '#E8EAE6',
  '#C9CDC8',
  '#A3ABA4',
  '#717A73',
  '#2C322E',
  '#242925',
  '#1D211E',
  '#1D211E',
  '#141715',
  '#0C0E0D',
)

// One dialog over another would be two banners of the page.
const noLandmark = { role: 'none' }

/** Mantine in Cairn's clothes. Colours come from `tokens`; Mantine's own are pointed at them below. */
export const theme = createTheme({
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  headings: { fontFamily: "'Inter Variable', system-ui, sans-serif", fontWeight: '600' },
  fontSizes: { xs: '0.8125rem', sm: '0.875rem', md: '1rem', lg: '1.125rem', xl: '1.25rem' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.4' },
  colors: { moss, red, yellow, gray, dark },
  primaryColor: 'moss',
  primaryShade: { light: 7, dark: 3 },
  variantColorResolver: colorsOfVariant,
  black: tokens.light.text,
  defaultRadius: 10,
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({
      defaultProps: { size: 'md' },
      vars: (_theme, { size }) => ({
        root: { '--button-height': size === 'sm' ? 'var(--cairn-small-control)' : 'var(--cairn-control)' },
      }),
    }),
    ActionIcon: ActionIcon.extend({
      defaultProps: { variant: 'subtle', color: 'gray' },
      vars: () => ({
        root: {
          '--ai-size': 'var(--cairn-control)',
          '--ai-color': 'var(--cairn-text)',
          '--ai-hover': 'var(--cairn-hover)',
        },
      }),
    }),
    Input: Input.extend({
      defaultProps: { size: 'md' },
      vars: (_theme, { error }) => ({
        wrapper: {
          '--input-bd': error ? 'var(--cairn-danger)' : 'var(--cairn-field-line)',
          '--input-height': 'var(--cairn-control)',
        },
      }),
    }),
    TextInput: TextInput.extend({ defaultProps: { size: 'md' } }),
    PasswordInput: PasswordInput.extend({
      defaultProps: { size: 'md', rightSectionWidth: 'var(--cairn-control)' },
      vars: () => ({ root: { '--psi-button-size': 'var(--cairn-control)' } }),
    }),
    Select: Select.extend({ defaultProps: { size: 'md' } }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        transitionProps: { duration: 130 },
        closeButtonProps: { size: 'lg' },
        attributes: { header: noLandmark },
      },
    }),
    Drawer: Drawer.extend({ defaultProps: { attributes: { header: noLandmark } } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 400, withArrow: false } }),
  },
})

/** What stands on a filled ground depends on the scheme, which Mantine's own resolver cannot know. */
function colorsOfVariant(input: VariantColorsResolverInput): VariantColorResolverResult {
  const colours = defaultVariantColorsResolver(input)
  if (input.variant !== 'filled') return colours
  return { ...colours, color: input.color === 'red' ? 'var(--cairn-on-danger)' : 'var(--cairn-on-accent)' }
}

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: variablesOf('light'),
  dark: variablesOf('dark'),
})

function variablesOf(scheme: Scheme): Record<string, string> {
  const colours = tokens[scheme]
  const own = Object.entries(colours).map(([name, value]) => [`--cairn-${kebab(name)}`, value])
  return {
    ...Object.fromEntries(own),
    '--mantine-color-body': colours.surface,
    '--mantine-color-text': colours.text,
    '--mantine-color-bright': colours.text,
    '--mantine-color-dimmed': colours.muted,
    '--mantine-color-placeholder': colours.muted,
    '--mantine-color-anchor': colours.accent,
    '--mantine-color-default': colours.surface,
    '--mantine-color-default-hover': colours.hover,
    '--mantine-color-default-color': colours.text,
    '--mantine-color-default-border': colours.line,
    '--mantine-color-error': colours.danger,
    '--mantine-primary-color-contrast': colours.onAccent,
    ...family('moss', colours.accent, colours.accentHover, colours.accentSurface),
    ...family('red', colours.danger, colours.dangerHover, colours.dangerSurface),
    ...family('yellow', colours.warning, colours.warning, colours.warningSurface),
    ...family('gray', colours.muted, colours.muted, colours.hover),
  }
}

function family(name: string, colour: string, hover: string, surface: string): Record<string, string> {
  const prefix = `--mantine-color-${name}`
  return {
    [`${prefix}-filled`]: colour,
    [`${prefix}-filled-hover`]: hover,
    [`${prefix}-light`]: surface,
    [`${prefix}-light-hover`]: surface,
    [`${prefix}-light-color`]: colour,
    [`${prefix}-outline`]: colour,
    [`${prefix}-outline-hover`]: surface,
    [`${prefix}-text`]: colour,
  }
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

function ramp(
  ...shades: [string, string, string, string, string, string, string, string, string, string]
): MantineColorsTuple {
  return shades
}
