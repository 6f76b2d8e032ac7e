/** The program of a thread that reads files and sends them to peers for the loop that owns the connections. */
import type net from 'node:net';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type FilePace, newFilePace, ReadPace } from '../../../bittorrent/storage/read-pace.ts';
import { receiveHandOvers } from '../hand-over.ts';
import type { FromSender, SenderSetup, ToSender } from './messages.ts';
import { type LaneModules, SendLane } from './send-lane.ts';

/** Files whose pace is remembered. */
const PACES_MAX = 4096;

function run(setup: SenderSetup, port: MessagePort): void {
  const say = (message: FromSender): void => port.postMessage(message);
  const lanes = new Map<number, SendLane>();
  const paces = new Map<number, FilePace>();
  let results: number[] = [];
  const modules: LaneModules = {
    memory: setup.memory,
    pace: new ReadPace(),
    paceOf(fd) {
      let pace = paces.get(fd);
      if (pace === undefined) {
        if (paces.size >= PACES_MAX) paces.clear();
        pace = newFilePace();
        paces.set(fd, pace);
      }
      return pace;
    },
    onDone(id, outcome) {
      if (results.length === 0) {
        setImmediate(() => {
          say({ kind: 'did', results });
          results = [];
        });
      }
      results.push(id, outcome);
    },
    onFailed: (id, code) => say({ kind: 'failed', id, code }),
    onClosed(id) {
      // Without its connection it stays, so that this is closed when it comes.
      if (lanes.get(id)?.isHere === true) lanes.delete(id);
      say({ kind: 'closed', id });
    },
  };
  const laneOf = (id: number): SendLane => {
    let lane = lanes.get(id);
    if (lane === undefined) {
      lane = new SendLane(id, modules);
      lanes.set(id, lane);
    }
    return lane;
  };
  const inbox = receiveHandOvers(setup.handOverPath, (socket: net.Socket, text: string) => {
    const id = Number(text);
    const lane = laneOf(id);
    lane.attach(socket);
    if (lane.isClosed) lanes.delete(id);
    say({ kind: 'here' });
  });
  port.on('message', (message: ToSender) => {
    switch (message.kind) {
      case 'memory':
      case 'bytes':
        laneOf(message.id).push(message);
        return;
      case 'end':
        laneOf(message.id).end();
        return;
      case 'close':
        laneOf(message.id).close();
        return;
      case 'stop':
        for (const lane of lanes.values()) lane.close();
        inbox.close();
        port.close();
    }
  });
  say({ kind: 'ready' });
}

if (parentPort !== null) run(workerData as SenderSetup, parentPort);
