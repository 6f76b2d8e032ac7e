import { VERSION } from '../../../codec/version.ts';
import { add } from './add.ts';
import { DONE, type Method } from './call.ts';
import * as categories from './categories.ts';
import * as change from './change.ts';
import * as details from './details.ts';
import { info } from './list.ts';
import { mainData } from './maindata.ts';
import { preferences, setPreferences } from './preferences.ts';
import * as transfer from './transfer.ts';

/**
 * The program and the protocol that are spoken for; tools look at both before they ask for anything. Those of version
 * 4.6 are understood by tools old and new, and what version 5 calls by other names is answered as well.
 */
export const APP_VERSION = 'v4.6.7';
export const WEB_API_VERSION = '2.9.3';

const reads = (run: Method['run']): Method => ({ changes: false, run });
const changes = (run: Method['run']): Method => ({ changes: true, run });
const text = (value: string): Method => reads(async () => ({ text: value }));

const start = changes(change.toEach((row, { control }) => control.start(row.infoHash)));
const stop = changes(change.toEach((row, { control }) => control.stop(row.infoHash)));

/** Every method but the sign-in, by its path below `/api/v2`. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['app/version', text(APP_VERSION)],
  ['app/webapiVersion', text(WEB_API_VERSION)],
  ['app/buildInfo', reads(async () => ({ json: { bitness: 64, libtorrent: `Allium ${VERSION}`, qt: '' } }))],
  ['app/defaultSavePath', reads(async ({ control }) => ({ text: control.options.downloadRoot }))],
  ['app/preferences', reads(preferences)],
  ['app/setPreferences', changes(setPreferences)],
  [
    'app/shutdown',
    changes(async ({ shutDown }) => {
      shutDown();
      return DONE;
    }),
  ],
  ['sync/maindata', reads(mainData)],
  ['transfer/info', reads(transfer.transferInfo)],
  ['transfer/speedLimitsMode', reads(transfer.speedLimitsMode)],
  ['transfer/toggleSpeedLimitsMode', changes(transfer.setSpeedLimitsMode)],
  ['transfer/setSpeedLimitsMode', changes(transfer.setSpeedLimitsMode)],
  ['transfer/downloadLimit', reads(transfer.downloadLimit)],
  ['transfer/uploadLimit', reads(transfer.uploadLimit)],
  ['transfer/setDownloadLimit', changes(transfer.setDownloadLimit)],
  ['transfer/setUploadLimit', changes(transfer.setUploadLimit)],
  ['torrents/info', reads(info)],
  ['torrents/count', reads(async ({ control }) => ({ text: String(control.rows.size) }))],
  ['torrents/properties', reads(details.properties)],
  ['torrents/files', reads(details.files)],
  ['torrents/trackers', reads(details.trackers)],
  ['torrents/webseeds', reads(details.webSeeds)],
  ['torrents/pieceStates', reads(details.pieceStates)],
  ['torrents/export', reads(details.exportFile)],
  ['torrents/categories', reads(categories.categories)],
  ['torrents/tags', reads(categories.tags)],
  ['torrents/downloadLimit', reads((call) => change.limitsOf(call, ({ downLimit }) => downLimit))],
  ['torrents/uploadLimit', reads((call) => change.limitsOf(call, ({ upLimit }) => upLimit))],
  ['torrents/add', changes(add)],
  ['torrents/delete', changes(change.remove)],
  // Both names of each: what is stopped was called paused before version 5.
  ['torrents/start', start],
  ['torrents/resume', start],
  ['torrents/stop', stop],
  ['torrents/pause', stop],
  ['torrents/recheck', changes(change.toEach((row, { control }) => control.recheck(row.infoHash)))],
  ['torrents/reannounce', changes(change.toEach((row, { control }) => control.reannounce(row.infoHash)))],
  ['torrents/topPrio', changes(change.moveInQueue('top'))],
  ['torrents/increasePrio', changes(change.moveInQueue('up'))],
  ['torrents/decreasePrio', changes(change.moveInQueue('down'))],
  ['torrents/bottomPrio', changes(change.moveInQueue('bottom'))],
  ['torrents/filePrio', changes(change.filePriority)],
  ['torrents/setForceStart', changes(change.setForceStart)],
  [
    'torrents/setSuperSeeding',
    changes(change.changeEach((_, call) => ({ superSeed: change.truthOf(call) }))),
  ],
  [
    'torrents/toggleSequentialDownload',
    changes(change.changeEach(({ sequential }) => ({ sequential: !sequential }))),
  ],
  ['torrents/setShareLimits', changes(change.setShareLimits)],
  ['torrents/setDownloadLimit', changes(change.setDownloadLimit)],
  ['torrents/setUploadLimit', changes(change.setUploadLimit)],
  ['torrents/setLocation', changes(change.setLocation)],
  ['torrents/setAutoManagement', changes(change.setAutoManagement)],
  ['torrents/rename', changes(change.rename)],
  ['torrents/renameFile', changes(change.renamePath)],
  ['torrents/renameFolder', changes(change.renamePath)],
  ['torrents/addTrackers', changes(change.addTrackers)],
  ['torrents/editTracker', changes(change.editTracker)],
  ['torrents/removeTrackers', changes(change.removeTrackers)],
  ['torrents/addPeers', changes(change.addPeers)],
  ['torrents/setCategory', changes(categories.setCategory)],
  ['torrents/createCategory', changes(categories.createCategory)],
  ['torrents/editCategory', changes(categories.editCategory)],
  ['torrents/removeCategories', changes(categories.removeCategories)],
  ['torrents/addTags', changes(categories.addTags)],
  ['torrents/setTags', changes(categories.setTags)],
  ['torrents/removeTags', changes(categories.removeTags)],
  ['torrents/createTags', changes(categories.createTags)],
  ['torrents/deleteTags', changes(categories.deleteTags)],
]);
