// The words of all pages.

import type { Messages } from '../zh'

export const shell: Pick<Messages, 'title' | 'subtitle' | 'nav' | 'access' | 'connection' | 'control' | 'demo' | 'state' | 'list' | 'notFound'> = {
  title: 'Real-Time Data Monitor',
  subtitle: 'MILLRACE REAL-TIME DATA PLATFORM',
  nav: {
    label: 'Main',
    wall: 'Wall',
    explore: 'Explore',
    streams: 'Streams',
    pipelines: 'Pipelines',
    sources: 'Sources',
    alerts: 'Alerts',
    settings: 'Settings',
    docs: 'API',
  },
  access: {
    title: 'Log in to Millrace',
    detail: 'This platform wants an access token. Tokens are set by an administrator in the configuration.',
    token: 'Access token',
    remember: 'Remember on this device',
    enter: 'Log in',
    unknown: 'The platform does not know this token',
    leave: 'Log out',
    why: 'Needs the role {need}; yours is {have}',
    role: { viewer: 'viewer', editor: 'editor', admin: 'admin', ingest: 'ingest' },
  },
  connection: {
    connecting: 'Connecting',
    live: 'Live',
    reconnecting: 'Reconnecting',
    retryIn: 'Retry in {seconds} s',
    retryNow: 'Reconnect now',
  },
  control: {
    fullscreen: 'Full screen',
    leaveFullscreen: 'Leave full screen',
    language: '中文',
    languageLabel: 'Switch language',
    languageTag: 'zh-CN',
  },
  demo: { badge: 'Demo data', detail: 'The built-in demo generator writes to {topic}: this is not real data' },
  state: { starting: 'Starting', running: 'Running', paused: 'Paused', restarting: 'Restarting', failed: 'Failed', finished: 'Finished', stopping: 'Stopping', unknown: 'Unknown' },
  list: {
    loading: 'Loading',
    retry: 'Try again',
    errorTitle: 'Could not load',
    errorHint: 'See that the platform is still running, then try again.',
    search: 'Search',
    nothingFound: 'Nothing matches “{text}”',
    clearSearch: 'Clear the search',
    copy: 'Copy',
    copied: 'Copied',
  },
  notFound: { title: 'There is no such page', back: 'To the wall' },
}
