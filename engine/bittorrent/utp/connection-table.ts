import type { Endpoint } from '../../runtime/port.ts';
import type { UtpConnection } from './connection.ts';

/** The connections of an endpoint by the id of the packets that come for them, and by whom they come from. */
export class ConnectionTable {
  size = 0;
  private readonly byId = new Map<number, UtpConnection>();

  find(receiveId: number, from: Endpoint): UtpConnection | undefined {
    let connection = this.byId.get(receiveId);
    while (connection !== undefined) {
      const { host, port } = connection.remote;
      if (port === from.port && host === from.host) return connection;
      connection = connection.nextSameId;
    }
    return undefined;
  }

  /** The caller has checked that there is none like it. */
  add(connection: UtpConnection): void {
    const { receiveId } = connection.options;
    connection.nextSameId = this.byId.get(receiveId);
    this.byId.set(receiveId, connection);
    this.size++;
  }

  remove(connection: UtpConnection): void {
    const { receiveId } = connection.options;
    let at = this.byId.get(receiveId);
    if (at === connection) {
      if (connection.nextSameId === undefined) this.byId.delete(receiveId);
      else this.byId.set(receiveId, connection.nextSameId);
      this.size--;
      return;
    }
    while (at !== undefined && at.nextSameId !== connection) at = at.nextSameId;
    if (at === undefined) return;
    at.nextSameId = connection.nextSameId;
    this.size--;
  }

  list(): UtpConnection[] {
    const all: UtpConnection[] = [];
    for (const first of this.byId.values()) {
      for (let at: UtpConnection | undefined = first; at !== undefined; at = at.nextSameId) all.push(at);
    }
    return all;
  }
}
