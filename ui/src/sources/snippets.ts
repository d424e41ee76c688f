// How others send data here: lines to be pasted as they are, with this platform's own address in them.

export interface Place {
  /** Where the screen comes from: http://10.0.0.1:8000 */
  origin: string
  /** The address of the bus for Kafka clients. */
  kafka: string
  /** "" where nobody is asked for a token. */
  token: string
}

export interface Snippet {
  name: 'curl' | 'influx2' | 'influx1' | 'telegraf' | 'telegraf1' | 'prometheus' | 'kcat' | 'mqtt' | 'syslog' | 'file'
  /** The connector that is needed for it, as a source. */
  needs?: string
  text: string
}

/** TOKEN is what the user replaces. */
export const TOKEN = 'YOUR_INGEST_TOKEN'

const lines = (...all: (string | false)[]) => all.filter((line) => line !== false).join('\n')

/** snippets for a place; times are left out, so that they are now. */
export function snippets({ origin, kafka, token }: Place): Snippet[] {
  const asks = token !== ''
  const host = new URL(origin).hostname
  return [
    { name: 'curl', text: lines(
      `curl -i ${origin}/api/write \\`,
      asks && `  -H 'Authorization: Bearer ${token}' \\`,
      `  -H 'Content-Type: application/json' \\`,
      `  -d '{"metric":"room_temperature","value":21.5,"tags":{"room":"a"}}'`) },
    { name: 'influx2', text: lines(
      `curl -i '${origin}/api/v2/write?org=any&bucket=any&precision=s' \\`,
      asks && `  -H 'Authorization: Token ${token}' \\`,
      `  --data-binary 'room,room=a temperature=21.5,humidity=40'`) },
    { name: 'influx1', text: lines(
      `curl -i '${origin}/write?db=any&precision=s' \\`,
      asks && `  -u any:${token} \\`,
      `  --data-binary 'room,room=a temperature=21.5,humidity=40'`) },
    { name: 'telegraf', text: lines('[[outputs.influxdb_v2]]', `  urls = ["${origin}"]`, `  token = "${token}"`, '  organization = "any"', '  bucket = "any"', '', '[[inputs.cpu]]', '[[inputs.mem]]') },
    { name: 'telegraf1', text: lines('[[outputs.influxdb]]', `  urls = ["${origin}"]`, '  database = "any"', '  skip_database_creation = true', asks && '  username = "any"', asks && `  password = "${token}"`) },
    { name: 'prometheus', text: lines('remote_write:', `  - url: ${origin}/api/v1/write`, asks && '    authorization:', asks && `      credentials: ${token}`) },
    { name: 'kcat', text: lines(
      `echo '{"metric":"room_temperature","value":21.5,"tags":{"room":"a"}}' |`,
      `  kcat -P -b ${kafka} -t metrics.push`) },
    { name: 'mqtt', needs: 'mqtt', text: lines('sources:', '  connect:', '    - name: meters', '      connector: mqtt', '      options:', '        servers: mqtt://127.0.0.1:1883', '        topics: "meters/#"', '        topic: meters.raw') },
    { name: 'syslog', needs: 'syslog', text: lines('# /etc/rsyslog.d/millrace.conf', `*.* action(type="omfwd" target="${host}" port="5514" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format")`) },
    { name: 'file', needs: 'file', text: lines('sources:', '  connect:', '    - name: nginx', '      connector: file', '      options:', '        paths: /var/log/nginx/access.log', '        topic: logs.nginx') },
  ]
}
