import { Component, type ReactNode } from 'react'
import { ErrorPanel } from './error-panel.tsx'

/** A page that breaks says so; the frame around it stays. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override render() {
    if (this.state.error === undefined) return this.props.children
    return <ErrorPanel error={this.state.error} onRetry={() => this.setState({ error: undefined })} />
  }
}
